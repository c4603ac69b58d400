internal import BasicContainers
internal import Events

/// The DMA stage: a buffer belongs to the NIC from `posted` to `claimed`, and what it wrote is the packet that is handed over next.
extension JourneyEngine {
  /// A buffer of one device.
  struct DMAKey: Hashable {
    var device: NameID
    var address: UInt64
  }

  /// dma_map_page, dma_map_phys: the driver hands a buffer to the NIC.
  mutating func post(_ e: Event, _ buffer: DMABuffer) {
    guard buffer.direction == .fromDevice else { return }
    if posted.count >= Self.postedLimit { posted.removeAll(keepingCapacity: true) }
    posted[DMAKey(device: buffer.device, address: buffer.address)] = StageMark(e, .dmaMap, .ordered)
  }

  /// Buffers remembered at once; the rings of one NIC have some thousands.
  private static let postedLimit = 262_144

  /// dma_unmap_*, dma_sync_single_for_cpu: the driver takes a filled buffer back, just before it hands the packet in it to the stack.
  mutating func claim(_ e: Event, _ buffer: DMABuffer, _ evidence: Evidence) {
    guard buffer.direction == .fromDevice, let context = context(of: e), contexts[context].claimed == nil else { return }
    // A buffer that is mapped once and used again (page_pool) has a known beginning only the first time.
    let post = posted.removeValue(forKey: DMAKey(device: buffer.device, address: buffer.address))
    contexts[context].claimed = (post, StageMark(e, evidence, .ordered))
  }

  /// The packet in `slot` is the one that was in the buffer taken back last.
  mutating func markBuffer(_ context: Int, _ slot: Int) {
    guard let claimed = contexts[context].claimed else { return }
    contexts[context].claimed = nil
    packets.slots[slot].journey.stages[.posted] = claimed.posted
    packets.slots[slot].journey.stages[.claimed] = claimed.mark
    // An interrupt that broke in after the driver had found the packet announces later ones.
    guard let irq = packets.slots[slot].journey.stages[.irq], irq.time > claimed.mark.time else { return }
    packets.slots[slot].journey.stages[.irq] = nil
    packets.slots[slot].journey.stages[.raise] = nil
    packets.slots[slot].journey.stages[.softirq] = cpus[Int(max(claimed.mark.cpu, 0))].softirq
  }
}
