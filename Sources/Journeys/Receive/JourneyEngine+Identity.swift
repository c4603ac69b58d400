internal import BasicContainers
internal import Events

/// What packets say of themselves, where the recording has it.
extension JourneyEngine {
  /// The probe on netif_receive_skb, which fires inside that event: the packet is the one that lives at this address now.
  mutating func identify(_ header: PacketHeader) {
    guard header.protocolNumber != 0, let slot = underWay(header.skb) else { return }
    identify(slot, header)
  }

  /// The probe on what takes a header out of a page: the packet has not said yet whose it is. Later the same may come with addresses that the
  /// kernel has changed (NAT).
  mutating func complete(_ header: PacketHeader) {
    guard header.protocolNumber != 0, let slot = underWay(header.skb), packets.slots[slot].journey.header?.isCut ?? true else { return }
    identify(slot, header)
  }

  private func underWay(_ skb: UInt64) -> Int? {
    guard let slot = packets.find(skb) else { return nil }
    return switch packets.slots[slot].state {
    case .arrived, .held, .delivered, .processing: slot
    // An earlier packet's address, used again by one whose netif_receive_skb was not recorded.
    case .free, .parked, .consumed, .queued, .lingering: nil
    }
  }

  private mutating func identify(_ slot: Int, _ header: PacketHeader) {
    packets.slots[slot].journey.protocolNumber = header.protocolNumber
    packets.slots[slot].journey.flow = header.flow
    packets.slots[slot].journey.header = header
    guard header.flags.contains(.syn), header.protocolNumber == Event.IPProtocol.tcp else { return }
    if firstBytes.count >= Self.firstBytesLimit { firstBytes.removeAll(keepingCapacity: true) }
    firstBytes[header.flow] = header.sequence &+ 1
  }

  private static let firstBytesLimit = 4096

  /// The loopback device hands the packet `skb` back while its driver's function runs: `slot` is what was sent, seen from the other end.
  /// `wakepath record` reads its header only when it is sent.
  mutating func identifyReturned(_ e: Event, _ slot: Int, _ skb: UInt64) {
    var header = cpus[Int(max(e.cpu, 0))].sentHeader
    guard header.skb == skb, header.protocolNumber != 0 else { return }
    header.flow = header.flow.reversed
    identify(slot, header)
  }

  /// The probe on net_dev_start_xmit: the packet that the driver is called with, or the one whose first segment this is. What is not IP, such as
  /// a question for a neighbour's address, is not what its sender's socket sent.
  mutating func identifySent(_ e: Event, _ header: PacketHeader) {
    cpus[Int(max(e.cpu, 0))].sentHeader = header
    guard let slot = sent.find(header.skb) ?? segments[header.skb].flatMap({ sent.slot($0) }), sent.slots[slot].journey.header == nil
    else { return }
    sent.slots[slot].journey.protocolNumber = header.protocolNumber == 0 ? nil : header.protocolNumber
    sent.slots[slot].journey.flow = header.flow
    sent.slots[slot].journey.header = header
  }
}
