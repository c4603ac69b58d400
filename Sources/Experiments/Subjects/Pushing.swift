internal import Linux
internal import SystemPackage

/// S9: the same bytes with and without PSH, and what really holds data back (SO_RCVLOWAT).
struct Pushing {
  let connections: Connections
  let wire: Wire
  private static let bytes = [UInt8](repeating: 0x77, count: 100)
  private static let pairs = 10
  private static let lowWater: Int32 = 1000

  /// Answers the bytes that the receive buffer holds.
  func run() throws(Failure) -> Int {
    let (client, server) = try connections.establish()
    defer {
      client.close()
      server.close()
    }
    let buffer = try Failure.naming("a socket option is refused") { () throws(Errno) in
      // Each message is a segment at once, acknowledged or not.
      try client.file.set(.noDelay, to: 1)
      return Int(try server.file.value(of: .receiveBuffer))
    }
    for _ in 0..<Self.pairs {
      for role in [Account.Passed.Role.dataWithPush, .dataWithoutPush] {
        let reader = try connections.reading(server)
        try send(client, Self.bytes, role, reader)
        try reader.expect(.read(Self.bytes.count))
        try wire.settle(milliseconds: 1)
      }
    }
    try Failure.naming("SO_RCVLOWAT is refused") { () throws(Errno) in try server.file.set(.receiveLowWater, to: Self.lowWater) }
    for _ in 0..<2 { try fill(client, server) }
    return buffer
  }

  /// Four messages, of which the fourth reaches what the reader waits for.
  private func fill(_ client: SharedDescriptor, _ server: SharedDescriptor) throws(Failure) {
    let reader = try connections.reading(server)
    for index in 1...4 {
      let role: Account.Passed.Role = index * 300 < Self.lowWater ? .dataBelowLowWater : .dataAtLowWater
      try send(client, [UInt8](repeating: 0x77, count: 300), role, reader)
    }
    try reader.expect(.read(1200))
    try wire.settle(milliseconds: 1)
  }

  /// Sends `bytes` in a segment that the sender marks with PSH; the mark is taken off where `role` says so.
  private func send(_ client: SharedDescriptor, _ bytes: [UInt8], _ role: Account.Passed.Role, _ reader: BlockingCall) throws(Failure) {
    guard reader.sleeps() != nil else { throw Failure("read() does not sleep though there is nothing to read") }
    try Failure.naming("the client cannot send") { () throws(Errno) in try client.file.send(bytes) }
    try wire.pass(
      role, to: .server, past: [reader], changing: { if role == .dataWithoutPush { $0.clearPush() } },
      where: { $0.payload == bytes.count && $0.flags.contains(.push) })
  }
}
