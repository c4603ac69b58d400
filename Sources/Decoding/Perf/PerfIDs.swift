/// Finds the attributes of samples by their ids, of which a recording has one for each event and CPU, in a table and not in a dictionary.
struct PerfIDs {
  private struct Slot: BitwiseCopyable {
    var id: UInt64 = 0
    var attribute: Int32 = -1
  }

  /// The kernel counts ids up, so that those of a recording mostly have slots of their own. What has none must be looked up elsewhere.
  private var slots: [Slot]
  private let mask: UInt64
  /// Where the id lies in a sample; -1 where there is only one attribute.
  let place: Int

  init(_ header: PerfHeader) {
    place = header.attributes.count > 1 ? header.attributes[0].idInSample ?? -1 : -1
    var size = 64
    while size < min(header.attributeOfID.count * 2, 1 << 16) { size *= 2 }
    slots = Array(repeating: Slot(), count: size)
    mask = UInt64(size - 1)
    for (id, attribute) in header.attributeOfID { slots[Int(id & mask)] = Slot(id: id, attribute: Int32(attribute)) }
  }

  /// The attribute that samples with `id` are of; negative if that is not known here.
  @inline(__always)
  func attribute(_ id: UInt64) -> Int {
    let slot = slots[Int(truncatingIfNeeded: id & mask)]
    return slot.id == id ? Int(slot.attribute) : -1
  }
}
