internal import BasicContainers
internal import Events

/// Buffers on their way between drivers and NICs: one belongs to the NIC from when it is posted until it is taken back, and what the NIC wrote
/// there is the packet that the driver hands over next.
struct DMABuffers: ~Copyable {
  private struct Key: Hashable {
    var device: NameID
    var address: UInt64
  }

  /// A buffer that a driver has taken back: since when the NIC had it, if that was seen, and until when.
  struct Filled {
    var posted: StageMark?
    var takenBack: StageMark
  }

  /// Buffers that belong to a NIC, since when.
  private var posted: [Key: StageMark] = [:]
  /// The buffer that the driver in each context has just taken back.
  private var filled = UniqueArray<Filled?>()

  /// Buffers remembered at once; the rings of one NIC have some thousands.
  private static let limit = 262_144

  /// dma_map_page, dma_map_phys: the driver hands a buffer to the NIC.
  mutating func post(_ buffer: DMABuffer, _ mark: StageMark) {
    guard buffer.direction == .fromDevice else { return }
    if posted.count >= Self.limit { posted.removeAll(keepingCapacity: true) }
    posted[Key(device: buffer.device, address: buffer.address)] = mark
  }

  /// dma_unmap_*, dma_sync_single_for_cpu: the driver takes a filled buffer back, just before it hands the packet in it to the stack.
  mutating func takeBack(_ buffer: DMABuffer, in context: Int, _ mark: StageMark) {
    while filled.count <= context { filled.append(nil) }
    guard buffer.direction == .fromDevice, filled[context] == nil else { return }
    // A buffer that is mapped once and used again (page_pool) has a known beginning only the first time.
    filled[context] = Filled(posted: posted.removeValue(forKey: Key(device: buffer.device, address: buffer.address)), takenBack: mark)
  }

  /// The buffer that was taken back last in `context`, for the packet that is handed over now.
  @inline(__always)
  mutating func removeFilled(in context: Int) -> Filled? {
    guard context < filled.count, let buffer = filled[context] else { return nil }
    filled[context] = nil
    return buffer
  }

  /// No packet will be handed over in `context` for a buffer taken back before.
  @inline(__always)
  mutating func forgetFilled(in context: Int) {
    if context < filled.count, filled[context] != nil { filled[context] = nil }
  }

  /// The same in all contexts.
  mutating func forgetFilled() {
    for context in filled.indices { filled[context] = nil }
  }
}
