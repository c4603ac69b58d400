internal import Events

/// What the probes on netif_receive_skb and net_dev_start_xmit copy of a packet.
extension CPU {
  /// The packet's own header. GRO leaves the first frame's, with the length of all.
  func header(of packet: Packet) -> PacketHeader {
    var header = PacketHeader(skb: packet.address)
    switch packet.content {
    case .tcp(let segment):
      header.protocolNumber = Event.IPProtocol.tcp
      header.flow = segment.connection.flows[segment.side]
      header.sequence = segment.sequence
      header.payload = UInt32(segment.length)
      header.acknowledgement = segment.acknowledgement
      header.flags = segment.flags
    case .datagram(let port, let size):
      header.protocolNumber = Event.IPProtocol.udp
      header.flow = machine.recording.flows.intern(Self.datagramFlow(port))
      header.payload = UInt32(size)
    case .echoRequest, .icmp:
      header.protocolNumber = Event.IPProtocol.icmp
      header.payload = UInt32(packet.length - 20)
    case .arp: break
    }
    return header
  }

  /// The same where it is sent.
  func headerSent(_ packet: Packet) -> PacketHeader {
    var header = header(of: packet)
    header.flow = header.flow.reversed
    return header
  }

  private static func datagramFlow(_ port: UInt16) -> Flow {
    Flow(local: Endpoint(low: 0x0a09_0002, port: port, isIPv6: false), remote: Endpoint(low: 0x0a09_0001, port: 5000, isIPv6: false))
  }
}

extension Segment {
  /// The number of its first byte, or of its SYN or FIN.
  var sequence: UInt32 { connection.sequence(of: from - (isSYN ? 1 : 0), sentTo: side) }

  /// The number of the byte that its sender waits for next; 0 without ACK.
  var acknowledgement: UInt32 {
    acknowledges.map { connection.sequence(of: $0 + (acknowledgesFIN ? 1 : 0), sentTo: 1 - side) } ?? 0
  }

  var flags: PacketHeader.TCPFlags {
    var flags: PacketHeader.TCPFlags = []
    if isSYN { flags.insert(.syn) }
    if isFIN { flags.insert(.fin) }
    if isPushed { flags.insert(.psh) }
    if acknowledges != nil { flags.insert(.ack) }
    return flags
  }
}

extension Connection {
  /// TCP's number of a byte of the stream to `side`. Most streams begin so close to the largest number that theirs wrap.
  func sequence(of byte: Int, sentTo side: Int) -> UInt32 {
    UInt32(truncatingIfNeeded: byte) &- UInt32(truncatingIfNeeded: 700 * number + 2000 * side)
  }
}
