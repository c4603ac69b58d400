internal import CLinux
#if canImport(Glibc)
  internal import Glibc
#endif
public import SystemPackage

/// Kinds of sockets.
public enum SocketKind: Sendable {
  /// Over IPv4.
  case tcp, udp
  /// Raw rtnetlink.
  case netlink
  /// Frames; nothing is received until it is bound to a device.
  case packets

  /// Makes one that commands do not inherit; the caller closes it.
  public func open() throws(Errno) -> FileDescriptor {
    func socket(_ family: Int32, _ type: __socket_type) throws(Errno) -> FileDescriptor {
      try Errno.descriptor(Glibc.socket(family, Int32(type.rawValue | SOCK_CLOEXEC.rawValue), 0))
    }
    return switch self {
    case .tcp: try socket(AF_INET, SOCK_STREAM)
    case .udp: try socket(AF_INET, SOCK_DGRAM)
    case .netlink: try socket(AF_NETLINK, SOCK_RAW)
    case .packets: try socket(AF_PACKET, SOCK_RAW)
    }
  }
}

/// An option of a socket whose value is a number.
public struct SocketOption: Sendable {
  fileprivate var level: Int32
  fileprivate var name: Int32

  public static let receiveBuffer = SocketOption(level: SOL_SOCKET, name: SO_RCVBUF)
  public static let receiveLowWater = SocketOption(level: SOL_SOCKET, name: SO_RCVLOWAT)
  /// TCP_NODELAY (include/uapi/linux/tcp.h).
  public static let noDelay = SocketOption(level: Int32(IPPROTO_TCP), name: 1)
}

extension FileDescriptor {
  /// Lets eight wait at most.
  public func listen() throws(Errno) { try Errno.check(Glibc.listen(rawValue, 8)) }

  /// Waits for a connection and takes it; the caller closes it.
  public func accept() throws(Errno) -> FileDescriptor { try Errno.descriptor(Glibc.accept(rawValue, nil, nil)) }

  /// Ends one direction or both: what a sleeping reader of it is woken by.
  public func shutDown(sendingOnly: Bool) throws(Errno) { try Errno.check(Glibc.shutdown(rawValue, Int32(sendingOnly ? SHUT_WR : SHUT_RDWR))) }

  public func set(_ option: SocketOption, to value: Int32) throws(Errno) {
    var value = value
    try Errno.check(unsafe setsockopt(rawValue, option.level, option.name, &value, 4))
  }

  public func value(of option: SocketOption) throws(Errno) -> Int32 {
    var value: Int32 = 0
    var size: socklen_t = 4
    try Errno.check(unsafe getsockopt(rawValue, option.level, option.name, &value, &size))
    return value
  }

  /// Has close(2) send a RST instead of a FIN.
  public func resetAtClose() throws(Errno) {
    var value = linger(l_onoff: 1, l_linger: 0)
    try Errno.check(unsafe setsockopt(rawValue, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size)))
  }

  /// Sends `bytes` in one call; where nobody receives any more, that is an error and no signal.
  public func send(_ bytes: [UInt8]) throws(Errno) {
    let sent = unsafe bytes.withUnsafeBytes { unsafe Glibc.send(rawValue, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    if sent < 0 { throw Errno.last }
  }
}
