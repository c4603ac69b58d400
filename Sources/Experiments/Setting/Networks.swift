internal import Linux
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

  let wireSide: NetworkNamespace
  let clientSide: NetworkNamespace
  let serverSide: NetworkNamespace
  /// The devices by which packets reach the hosts, called by names that no other run of the experiments uses.
  let clientDevice: String
  let serverDevice: String

  /// Lays it out; the calling thread ends up in the wire's namespace.
  init(tag: String) throws(Failure) {
    clientDevice = "wpc-\(tag)"
    serverDevice = "wps-\(tag)"
    do throws(Errno) {
      clientSide = try NetworkNamespace()
      serverSide = try NetworkNamespace()
      wireSide = try NetworkNamespace()
    } catch {
      throw Failure("the kernel allows no network namespace", error)
    }
    for network in [clientSide, serverSide, wireSide] {
      // Neighbour discovery would be noise. Where there is no IPv6, there is nothing to turn off.
      _ = try? Self.inside(network) { () throws(Failure) in
        for scope in ["all", "default"] { try? Files.write("1\n", to: "/proc/sys/net/ipv6/conf/\(scope)/disable_ipv6") }
      }
    }
    try Self.inside(wireSide) { [self] () throws(Failure) in
      try layWires(tag)
    }
    try host(clientSide, clientDevice, Self.client, neighbour: Self.server, Self.serverHardware)
    try host(serverSide, serverDevice, Self.server, neighbour: Self.client, Self.clientHardware)
    try Self.enter(wireSide)
  }

  /// Makes the devices, in the wire's namespace, and turns its own on.
  private func layWires(_ tag: String) throws(Failure) {
    var netlink = try Failure.naming("no netlink socket can be made") { () throws(Errno) in try Netlink() }
    try Failure.naming("a pair of veth devices cannot be made") { () throws(Errno) in
      try netlink.addPair(near: "wpa-\(tag)", far: clientDevice, farHardware: Self.clientHardware, in: clientSide)
      try netlink.addPair(near: "wpb-\(tag)", far: serverDevice, farHardware: Self.serverHardware, in: serverSide)
    }
    for name in ["wpa-\(tag)", "wpb-\(tag)"] {
      let index = try Self.index(name)
      try Failure.naming("a device cannot be turned on") { () throws(Errno) in try netlink.turnOn(index) }
    }
  }

  private func host(_ network: NetworkNamespace, _ device: String, _ address: [UInt8], neighbour: [UInt8], _ hardware: [UInt8]) throws(Failure) {
    try Self.inside(network) { () throws(Failure) in
      var netlink = try Failure.naming("no netlink socket can be made") { () throws(Errno) in try Netlink() }
      let (loopback, index) = (try Self.index("lo"), try Self.index(device))
      try Failure.naming("a device cannot be turned on") { () throws(Errno) in
        try netlink.turnOn(loopback)
        try netlink.turnOn(index)
      }
      try Failure.naming("a device cannot be given an address") { () throws(Errno) in
        try netlink.addAddress(address, prefix: 24, to: index)
        try netlink.addNeighbour(neighbour, hardware: hardware, on: index)
      }
    }
  }

  static func index(_ device: String) throws(Failure) -> Int32 {
    try Failure.naming("there is no device \(device)") { () throws(Errno) in try NetworkDevice.index(of: device) }
  }

  private static func enter(_ network: NetworkNamespace) throws(Failure) {
    try Failure.naming("a network namespace cannot be entered") { () throws(Errno) in try network.enter() }
  }

  /// What `body` answers when the calling thread is in `network`, where it stays. A socket belongs to the namespace it was made in.
  @discardableResult
  static func inside<T>(_ network: NetworkNamespace, _ body: () throws(Failure) -> T) throws(Failure) -> T {
    try enter(network)
    return try body()
  }

  /// A TCP socket on one of the hosts.
  func tcp(on network: NetworkNamespace) throws(Failure) -> SharedDescriptor {
    try Self.inside(network) { () throws(Failure) in
      try Failure.naming("no TCP socket can be made") { () throws(Errno) in try SharedDescriptor(SocketKind.tcp.open()) }
    }
  }
}
