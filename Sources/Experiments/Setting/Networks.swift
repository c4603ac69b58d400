internal import SystemPackage

/// Two hosts in network namespaces of their own, and a wire between them that this process holds in its hand:
///
///     client 10.87.0.1 ── veth ── wire ── veth ── server 10.87.0.2
///
/// Namespaces belong to threads and descriptors, and devices to namespaces: all of it is gone when this process is, however it ends.
struct Networks {
  static let client: [UInt8] = [10, 87, 0, 1]
  static let server: [UInt8] = [10, 87, 0, 2]
  private static let clientHardware: [UInt8] = [2, 0, 0, 0x57, 0x50, 1]
  private static let serverHardware: [UInt8] = [2, 0, 0, 0x57, 0x50, 2]

  let wireSide: Descriptor
  let clientSide: Descriptor
  let serverSide: Descriptor
  /// The devices by which packets reach the hosts, called by names that no other run of the experiments uses.
  let clientDevice: String
  let serverDevice: String

  /// Lays it out; the calling thread ends up in the wire's namespace.
  init(tag: String) throws(Failure) {
    clientDevice = "wpc-\(tag)"
    serverDevice = "wps-\(tag)"
    do throws(Errno) {
      clientSide = try SystemCalls.makeNetwork()
      serverSide = try SystemCalls.makeNetwork()
      wireSide = try SystemCalls.makeNetwork()
    } catch {
      throw Failure("the kernel allows no network namespace", error)
    }
    for network in [clientSide, serverSide, wireSide] {
      // Neighbour discovery would be noise. Where there is no IPv6, there is nothing to turn off.
      _ = try? Self.inside(network) { () throws(Failure) in
        for scope in ["all", "default"] { try? SystemCalls.write("1\n", to: "/proc/sys/net/ipv6/conf/\(scope)/disable_ipv6") }
      }
    }
    try Self.inside(wireSide) { [self] () throws(Failure) in
      var netlink = try Netlink()
      try netlink.addPair(near: "wpa-\(tag)", far: clientDevice, farHardware: Self.clientHardware, in: clientSide)
      try netlink.addPair(near: "wpb-\(tag)", far: serverDevice, farHardware: Self.serverHardware, in: serverSide)
      for name in ["wpa-\(tag)", "wpb-\(tag)"] { try netlink.turnOn(Self.index(name)) }
    }
    try host(clientSide, clientDevice, Self.client, neighbour: Self.server, Self.serverHardware)
    try host(serverSide, serverDevice, Self.server, neighbour: Self.client, Self.clientHardware)
    try Self.enter(wireSide)
  }

  private func host(_ network: Descriptor, _ device: String, _ address: [UInt8], neighbour: [UInt8], _ hardware: [UInt8]) throws(Failure) {
    try Self.inside(network) { () throws(Failure) in
      var netlink = try Netlink()
      let index = try Self.index(device)
      try netlink.turnOn(Self.index("lo"))
      try netlink.turnOn(index)
      try netlink.addAddress(address, to: index)
      try netlink.addNeighbour(neighbour, hardware: hardware, on: index)
    }
  }

  static func index(_ device: String) throws(Failure) -> Int32 {
    try Failure.naming("there is no device \(device)") { () throws(Errno) in try SystemCalls.interfaceIndex(device) }
  }

  private static func enter(_ network: Descriptor) throws(Failure) {
    try Failure.naming("a network namespace cannot be entered") { () throws(Errno) in try SystemCalls.enter(network) }
  }

  /// What `body` answers when the calling thread is in `network`, where it stays. A socket belongs to the namespace it was made in.
  @discardableResult
  static func inside<T>(_ network: Descriptor, _ body: () throws(Failure) -> T) throws(Failure) -> T {
    try enter(network)
    return try body()
  }

  /// A TCP socket on one of the hosts.
  func tcp(on network: Descriptor) throws(Failure) -> Descriptor {
    try Self.inside(network) { () throws(Failure) in
      try Failure.naming("no TCP socket can be made") { () throws(Errno) in try SystemCalls.socket(.tcp) }
    }
  }
}
