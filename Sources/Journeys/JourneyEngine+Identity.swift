internal import BasicContainers
internal import Events

/// What packets say of themselves, where the recording has it.
extension JourneyEngine {
  /// The probe on netif_receive_skb, which fires inside that event: the packet is the one that lives at this address now.
  mutating func identify(_ header: PacketHeader) {
    guard header.protocolNumber != 0, let slot = packets.find(header.skb) else { return }
    switch packets.slots[slot].state {
    case .arrived, .held, .delivered, .processing: break
    // An earlier packet's address, used again by one whose netif_receive_skb was not recorded.
    case .free, .parked, .consumed, .queued, .lingering: return
    }
    packets.slots[slot].journey.protocolNumber = header.protocolNumber
    packets.slots[slot].journey.flow = header.flow
    packets.slots[slot].journey.header = header
  }

  /// The probe on net_dev_start_xmit: the packet that the driver is called with, or the one whose first segment this is. What is not IP, such as
  /// a question for a neighbour's address, is not what its sender's socket sent.
  mutating func identifySent(_ header: PacketHeader) {
    guard let slot = sent.find(header.skb) ?? segments[header.skb].flatMap({ sent.slot($0) }), sent.slots[slot].journey.header == nil
    else { return }
    sent.slots[slot].journey.protocolNumber = header.protocolNumber == 0 ? nil : header.protocolNumber
    sent.slots[slot].journey.flow = header.flow
    sent.slots[slot].journey.header = header
  }
}
