internal import BasicContainers
internal import DequeModule
internal import Events

/// Whether an sk_buff that enters once more is the same packet, which goes on, or another at its address.
extension ReceivePath {
  /// Whether the packet that enters at `device` is the one in `slot`, which a bridge, a VLAN or a tunnel hands on, and not another at its address
  /// (TUN and TAP free without an event and use the address again at once): a second entry at the same device is another packet, and so is one that
  /// has grown, or comes behind what the transport has taken.
  func goesOn(_ slot: Int, _ device: NameID, length: UInt32) -> Bool {
    guard packets[slot].state == .delivered || packets[slot].state == .processing, packets[slot].journey.device != device,
      !packets[slot].journey.stages.has(.transport), !packets[slot].journey.stages.has(.ready)
    else { return false }
    let own = packets[slot].journey.length
    return length <= own && own - length <= Self.tunnelHeaders
  }

  /// The headers that a tunnel takes off: IPv6 with options, UDP, VXLAN or GENEVE with options, and Ethernet.
  private static var tunnelHeaders: UInt32 { 160 }

  /// Whether the packet that enters by GRO or a backlog at `time` (nanoseconds) is the inner one of the packet in `slot`, whose tunnel has taken off its
  /// headers (`gro_cells_receive`, net/core/gro_cells.c): shorter by those, on the same CPU, at once, and of no TCP segment.
  private func isInside(_ arrival: Arrival, _ slot: Int, onCPU cpu: Int32, at time: UInt64) -> Bool {
    let state = packets[slot].state
    guard state == .delivered || state == .processing || state == .parked, packets[slot].journey.device != arrival.device,
      packets[slot].dataLength == 0, !packets[slot].journey.stages.has(.transport), !packets[slot].journey.stages.has(.ready),
      packets[slot].journey.header?.protocolNumber != Event.IPProtocol.tcp, let receive = packets[slot].journey.stages[.receive]
    else { return false }
    let own = packets[slot].journey.length
    return Int32(receive.cpu) == cpu && time &- receive.time < Self.longestPass && arrival.length + Self.leastTunnelHeaders <= own
      && own - arrival.length <= Self.tunnelHeaders
  }

  /// An IPv4 header (IPIP).
  private static var leastTunnelHeaders: UInt32 { 20 }

  /// Nanoseconds from a tunnel's outer packet to its inner one; both come in one NET_RX.
  private static var longestPass: UInt64 { 1_000_000 }

  /// The inner packet of a tunnel enters the stack by GRO in a context, or by a backlog: it is the outer one, which goes on. False if it is another
  /// packet.
  mutating func goOnInside(_ e: Event, _ arrival: Arrival, byGROIn groContext: Int?) -> Bool {
    guard let slot = packets.find(arrival.skb), isInside(arrival, slot, onCPU: e.cpu, at: e.time) else { return false }
    let ref = packets.ref(slot)
    packets[slot].advance(to: .arrived)
    packets[slot].napi = arrival.napi
    packets[slot].ownLength = arrival.length
    packets[slot].isFromBacklog = groContext == nil
    for context in contexts.indices {
      if contexts[context].current == ref { contexts[context].current = .none }
      if let place = contexts[context].pending.firstIndex(of: ref) { contexts[context].pending.remove(at: place) }
    }
    guard let groContext else { return true }
    contexts[groContext].inGRO = ref
    contexts[groContext].isCounted = false
    return true
  }
}
