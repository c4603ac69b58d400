internal import Events

extension PacketJSON {
  /// TCP's numbers and flags, where the packet's own header was recorded; else null.
  static func tcp(_ header: PacketHeader?, _ json: inout JSONWriter) {
    guard let header, header.protocolNumber == Event.IPProtocol.tcp, header.payload != nil else { return json.null("tcp") }
    json.object("tcp") { json in
      json.field("sequence", header.sequence)
      json.field("acknowledgement", header.acknowledgement)
      json.field("payload", header.payload.map { Int($0) })
      json.array("flags", header.flags.names) { $0.string($1) }
    }
  }
}

extension PacketHeader.TCPFlags {
  /// The names of the flags that are set, in the order of their bits.
  var names: [String] {
    [(Self.fin, "fin"), (.syn, "syn"), (.rst, "rst"), (.psh, "psh"), (.ack, "ack"), (.urg, "urg")].filter { contains($0.0) }.map(\.1)
  }
}
