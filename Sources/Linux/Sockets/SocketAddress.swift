internal import CLinux
#if canImport(Glibc)
  internal import Glibc
#endif
public import SystemPackage

/// An IPv4 address and port.
public struct SocketAddress: Sendable, Equatable {
  /// Four, as they are written.
  public var bytes: [UInt8]
  public var port: UInt16

  public init(bytes: [UInt8], port: UInt16) { (self.bytes, self.port) = (bytes, port) }

  /// 127.0.0.1; port 0 is one that the kernel chooses.
  public static func loopback(_ port: UInt16) -> SocketAddress { SocketAddress(bytes: [127, 0, 0, 1], port: port) }

  private var system: sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = bytes.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }.bigEndian
    return address
  }

  fileprivate func pass(to call: (UnsafePointer<sockaddr>, socklen_t) -> Int32) throws(Errno) {
    var system = system
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = unsafe withUnsafePointer(to: &system) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe call($0, size) }
    }
    try Errno.check(status)
  }
}

extension FileDescriptor {
  /// Gives this socket an address of its own.
  public func bind(to address: SocketAddress) throws(Errno) { try unsafe address.pass { unsafe Glibc.bind(rawValue, $0, $1) } }

  /// Connects this socket; waits for it.
  public func connect(to address: SocketAddress) throws(Errno) { try unsafe address.pass { unsafe Glibc.connect(rawValue, $0, $1) } }

  /// Has this packet socket receive the IPv4 frames that come in by a device, and send by it.
  public func bind(toDevice index: Int32) throws(Errno) {
    var address = sockaddr_ll()
    address.sll_family = UInt16(AF_PACKET)
    address.sll_protocol = UInt16(ETH_P_IP).bigEndian
    address.sll_ifindex = index
    let size = socklen_t(MemoryLayout<sockaddr_ll>.size)
    let status = unsafe withUnsafePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe Glibc.bind(rawValue, $0, size) }
    }
    try Errno.check(status)
  }

  /// The port that this socket got.
  public var localPort: UInt16 {
    get throws(Errno) {
      var address = sockaddr_in()
      var size = socklen_t(MemoryLayout<sockaddr_in>.size)
      let status = unsafe withUnsafeMutablePointer(to: &address) {
        unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe getsockname(rawValue, $0, &size) }
      }
      try Errno.check(status)
      return UInt16(bigEndian: address.sin_port)
    }
  }
}
