internal import BasicContainers
internal import Events

/// What packets say of themselves, where the recording has it.
extension ReceivePath {
  /// The probe on netif_receive_skb, which fires inside that event: the packet is the one that lives at this address now. Or (`isPulled`) the
  /// probe on what takes a header out of a page: the packet has not said yet whose it is. Later the same may come with addresses that the kernel
  /// has changed (NAT).
  mutating func identify(_ header: PacketHeader, isPulled: Bool, _ sockets: inout SocketTable) {
    guard header.protocolNumber != 0, let slot = underWay(header.skb) else { return }
    if isPulled, !(packets[slot].journey.header?.isCut ?? true) { return }
    identify(slot, header, &sockets)
  }

  private func underWay(_ skb: UInt64) -> Int? {
    guard let slot = packets.find(skb) else { return nil }
    return switch packets[slot].state {
    case .arrived, .held, .delivered, .processing: slot
    // An earlier packet's address, used again by one whose netif_receive_skb was not recorded.
    case .free, .parked, .consumed, .queued, .lingering: nil
    }
  }

  /// The packet in `slot` is what `header` says.
  mutating func identify(_ slot: Int, _ header: PacketHeader, _ sockets: inout SocketTable) {
    packets[slot].journey.protocolNumber = header.protocolNumber
    packets[slot].journey.flow = header.flow
    packets[slot].journey.header = header
    guard header.flags.contains(.syn), header.protocolNumber == Event.IPProtocol.tcp else { return }
    sockets.noteFirstByte(header.sequence &+ 1, of: header.flow)
  }
}
