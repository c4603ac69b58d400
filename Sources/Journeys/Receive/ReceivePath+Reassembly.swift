internal import BasicContainers
internal import DequeModule
internal import Events

/// Datagrams that IP has put together from fragments, and data of TCP that no tcp_probe tells of.
extension ReceivePath {
  /// IP has put the packet in `slot` together from fragments, as the header of the last of them, whose address it keeps, says.
  mutating func gatherFragments(of slot: Int, in context: Int) {
    guard let own = packets[slot].journey.header?.fragment else { return }
    let others = silentPackets(around: slot, in: context)
    let fragments = (others.before + others.after).filter {
      guard let fragment = packets[$0].journey.header?.fragment else { return false }
      return fragment.identification == own.identification && fragment.offset != own.offset
    }
    endFragments(fragments, ofDatagram: slot)
  }

  /// Whether IP put the datagram in `slot` together from fragments that carry `bytes` with it, as their lengths tell where headers are not
  /// recorded; they are part of it from here.
  mutating func isReassembled(_ slot: Int, _ bytes: Int64) -> Bool {
    guard packets[slot].journey.protocolNumber == Event.IPProtocol.udp, packets[slot].journey.header == nil, let context = softContexts.first
    else { return false }
    let before = silentPackets(around: slot, in: Int(context)).before
    for header in [20, 48] as [Int64] {
      guard let fragments = fragments(of: slot, among: before, header: header, carrying: bytes + 8) else { continue }
      packets[slot].journey.stream = 0..<bytes
      packets[slot].journey.isOutcomeInferred = true
      endFragments(fragments, ofDatagram: slot)
      return true
    }
    return false
  }

  /// The fragments before the one in `slot`, each with a header of `header` bytes, that make up `bytes` with it; the first was consumed
  /// (`inet_frag_reasm_prepare`, net/ipv4/inet_fragment.c). Nil if they do not.
  private func fragments(of slot: Int, among before: [Int], header: Int64, carrying bytes: Int64) -> [Int]? {
    var sum = max(Int64(packets[slot].journey.length) - header, 0)
    var found: [Int] = []
    for candidate in before where sum < bytes {
      let length = Int64(packets[candidate].journey.length)
      guard length > header, (length - header) % 8 == 0 else { break }
      found.append(candidate)
      sum += length - header
    }
    guard sum == bytes, let first = found.last, packets[first].state == .consumed else { return nil }
    return found
  }

  private mutating func endFragments(_ fragments: [Int], ofDatagram slot: Int) {
    guard !fragments.isEmpty else { return }
    packets[slot].journey.fragments = UInt32(fragments.count + 1)
    packets[slot].journey.frames += UInt32(fragments.count)
    for fragment in fragments { end(fragment, .merged) }
  }

  /// Data that a connection takes in while it is not established leave no tcp_probe: behind the first request of TCP_DEFER_ACCEPT, in a SYN
  /// (TCP Fast Open), and in FIN_WAIT (`tcp_rcv_state_process`, net/ipv4/tcp_input.c). Their announcement tells the socket, their length how many.
  mutating func acceptUnprobed(_ slot: Int, _ socket: AnnouncingSocket, _ sockets: inout SocketTable) {
    guard socket.address != 0, packets[slot].dataLength == 0, packets[slot].socketKey == 0 else { return }
    let index = sockets.findOrAdd(socket.address)
    let data = unprobedLength(slot, socket, sockets[index].stream.headerLength)
    guard data > 0 else { return }
    packets[slot].socketKey = socket.address
    if packets[slot].journey.flow == .none { packets[slot].journey.flow = sockets[index].flow }
    let isGuessed = packets[slot].journey.header == nil
    packets[slot].dataLength = data
    packets[slot].journey.stream = sockets[index].stream.append(packets.ref(slot), length: data, isGuessed: isGuessed)
  }

  private func unprobedLength(_ slot: Int, _ socket: AnnouncingSocket, _ headers: UInt32?) -> UInt32 {
    if let header = packets[slot].journey.header, header.fragment == nil { return header.payload ?? 0 }
    let length = packets[slot].journey.length
    let headers = headers ?? (socket.family == Event.AddressFamily.inet6 ? 72 : 52)
    // Segments of a handshake have up to 40 bytes of options.
    return length > max(headers, 92) ? length - headers : 0
  }
}
