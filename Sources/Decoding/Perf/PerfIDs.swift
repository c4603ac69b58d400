/// Finds the attributes of samples by their ids, of which a recording has one for each event and CPU, in a table and not in a dictionary.
struct PerfIDs {
  /// Attributes whose samples have their parts at the same places are of one layout.
  struct Slot: BitwiseCopyable {
    var id: UInt64 = 0
    var attribute: Int32 = -1
    var layout: Int32 = -1
  }

  /// The kernel counts ids up, so that those of a recording mostly have slots of their own. What has none must be looked up elsewhere.
  private(set) var slots: [Slot]
  /// By layout.
  let places: [PerfAttribute.Places]
  /// Where the id lies in a sample; -1 where there is only one attribute.
  let place: Int

  init(_ header: PerfHeader) {
    place = header.attributes.count > 1 ? header.attributes[0].idInSample ?? -1 : -1
    var places: [PerfAttribute.Places] = []
    let layouts = header.attributes.map { attribute in
      if let known = places.firstIndex(of: attribute.places) { return Int32(known) }
      places.append(attribute.places)
      return Int32(places.count - 1)
    }
    self.places = places
    var size = 64
    while size < min(header.attributeOfID.count * 2, 1 << 16) { size *= 2 }
    slots = Array(repeating: Slot(), count: size)
    // Of attributes that no entry of the queue can name, nothing is known here.
    for (id, attribute) in header.attributeOfID where attribute <= UInt16.max {
      slots[Int(id & UInt64(size - 1))] = Slot(id: id, attribute: Int32(attribute), layout: layouts[attribute])
    }
  }

  /// What samples with `id` are of; nil if that is not known here.
  @inline(__always)
  func find(_ id: UInt64) -> Slot? {
    let slot = slots[Int(truncatingIfNeeded: id) & (slots.count &- 1)]
    return slot.id == id && slot.attribute >= 0 ? slot : nil
  }
}
