internal import Linux
internal import SystemPackage

/// An ordinary conversation over loopback, for the claims that any recording can decide.
enum Exchange {
  static func run(in network: NetworkNamespace?, tag: String) throws(Failure) {
    if let network { try Networks.inside(network) { () throws(Failure) in } }
    let (client, listener) = try Failure.naming("there is no loopback") { () throws(Errno) in
      let (client, listener) = (try SharedDescriptor(SocketKind.tcp.open()), try SharedDescriptor(SocketKind.tcp.open()))
      try listener.file.bind(to: .loopback(0))
      try listener.file.listen()
      try client.file.connect(to: .loopback(try listener.file.localPort))
      return (client, listener)
    }
    let server = try Failure.naming("accept() fails") { () throws(Errno) in try SharedDescriptor(listener.file.accept()) }
    for _ in 0..<20 {
      let reader = try BlockingCall("serve", tag: tag) { () throws(Errno) in .read(try server.file.receive(limit: 4096).count) }
      _ = reader.sleeps()
      try Failure.naming("the client cannot send") { () throws(Errno) in
        try client.file.send([UInt8](repeating: 0x77, count: 500))
      }
      try reader.expect(.read(500))
    }
  }
}
