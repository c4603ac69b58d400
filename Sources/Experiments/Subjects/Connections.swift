internal import Linux
internal import SystemPackage

/// TCP connections between the two hosts, each segment of which goes over the wire by itself while calls sleep at both ends.
struct Connections {
  private let networks: Networks
  private let wire: Wire
  private let tag: String
  private let listener: SharedDescriptor
  private let address: SocketAddress

  init(_ networks: Networks, _ wire: Wire, tag: String) throws(Failure) {
    (self.networks, self.wire, self.tag) = (networks, wire, tag)
    let listener = try networks.tcp(on: networks.serverSide)
    address = try Failure.naming("nobody can listen at the server") { () throws(Errno) in
      try listener.file.bind(to: SocketAddress(bytes: Networks.server, port: 0))
      try listener.file.listen()
      return SocketAddress(bytes: Networks.server, port: try listener.file.localPort)
    }
    self.listener = listener
  }

  /// A thread that calls `name` on `socket` and sleeps in it until there is something to read.
  func reading(_ socket: SharedDescriptor, as name: String = "read") throws(Failure) -> BlockingCall {
    try BlockingCall(name, tag: tag) { () throws(Errno) in .read(try socket.file.receive(limit: 4096).count) }
  }

  /// The 3-way handshake, with one thread in connect() and one in accept().
  func establish() throws(Failure) -> (client: SharedDescriptor, server: SharedDescriptor) {
    let client = try networks.tcp(on: networks.clientSide)
    let (listener, address) = (listener, address)
    let accepting = try BlockingCall("accept", tag: tag) { () throws(Errno) in .accepted(try SharedDescriptor(listener.file.accept())) }
    let connecting = try BlockingCall("connect", tag: tag) { () throws(Errno) in
      try client.file.connect(to: address)
      return .returned
    }
    try wire.pass(.syn, to: .server, past: [accepting, connecting]) { $0.flags == .syn }
    try wire.pass(.synACK, to: .client, past: [accepting, connecting]) { $0.flags == [.syn, .ack] }
    try connecting.expect(.returned)
    try wire.pass(.finalACK, to: .server, past: [accepting]) { $0.flags == .ack }
    guard case .accepted(let server) = try accepting.value() else { throw Failure("accept() failed") }
    return (client, server)
  }

  /// How a connection ends.
  enum Ending: CaseIterable {
    /// The client closes and is gone; then the server does.
    case closed
    /// The client says that it has sent everything, and goes on reading; then the server closes.
    case halfClosed
    /// The client resets the connection.
    case reset
  }

  /// A connection from handshake to end, with a thread in read() at the server, and at the client where it goes on reading.
  func run(_ ending: Ending) throws(Failure) {
    let (client, server) = try establish()
    defer {
      client.close()
      server.close()
    }
    let reader = try reading(server)
    guard reader.sleeps() != nil else { throw Failure("read() does not sleep though there is nothing to read") }
    switch ending {
    case .reset:
      try Failure.naming("SO_LINGER is refused") { () throws(Errno) in try client.file.resetAtClose() }
      client.close()
      try wire.pass(.rst, to: .server, past: [reader]) { $0.flags.contains(.rst) }
      try reader.expect(.failed(.connectionReset))
    case .closed:
      client.close()
      try teardown(server, reader, peer: [])
    case .halfClosed:
      let peer = try reading(client, as: "peer")
      guard peer.sleeps() != nil else { throw Failure("read() does not sleep though there is nothing to read") }
      try Failure.naming("shutdown is refused") { () throws(Errno) in try client.file.shutDown(sendingOnly: true) }
      try teardown(server, reader, peer: [peer])
      try peer.expect(.read(0))
    }
    try wire.settle()
  }

  /// The 4-way handshake that the client began. The server's ACK comes by itself because the server waits for it before it closes.
  private func teardown(_ server: SharedDescriptor, _ reader: BlockingCall, peer: [BlockingCall]) throws(Failure) {
    try wire.pass(.fin, to: .server, past: [reader] + peer) { $0.flags.contains(.fin) }
    try reader.expect(.read(0))
    try wire.pass(.ackOfFIN, to: .client, past: peer) { $0.flags == .ack }
    server.close()
    try wire.pass(.secondFIN, to: .client, past: peer) { $0.flags.contains(.fin) }
    try wire.pass(.lastACK, to: .server, past: []) { $0.flags == .ack }
  }
}
