internal import SystemPackage

/// An ordinary conversation over loopback, for the claims that any recording can decide.
enum Exchange {
  static func run(in network: Descriptor?, tag: String) throws(Failure) {
    if let network { try Networks.inside(network) { () throws(Failure) in } }
    let (client, listener) = try Failure.naming("there is no loopback") { () throws(Errno) in
      let (client, listener) = (try SystemCalls.socket(.tcp), try SystemCalls.socket(.tcp))
      try SystemCalls.bind(listener, to: .loopback(0))
      try SystemCalls.listen(listener)
      try SystemCalls.connect(client, to: .loopback(try SystemCalls.port(of: listener)))
      return (client, listener)
    }
    let server = try Failure.naming("accept() fails") { () throws(Errno) in try SystemCalls.accept(listener) }
    for _ in 0..<20 {
      let reader = try BlockingCall("serve", tag: tag) { () throws(Errno) in .read(try SystemCalls.receive(server, limit: 4096).count) }
      _ = reader.sleeps()
      try Failure.naming("the client cannot send") { () throws(Errno) in
        try SystemCalls.send([UInt8](repeating: 0x77, count: 500), by: client)
      }
      try reader.expect(.read(500))
    }
  }
}
