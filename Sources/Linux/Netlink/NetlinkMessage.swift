internal import CLinux

/// The bytes of a request: a fixed head and attributes behind it (include/uapi/linux/netlink.h), in this machine's byte order.
struct NetlinkMessage {
  private(set) var bytes: [UInt8]

  init(_ bytes: [UInt8] = []) { self.bytes = bytes }

  /// `struct ifinfomsg`: the device with number `index`, to be turned on if `isUp`.
  static func link(index: Int32 = 0, isUp: Bool = false) -> NetlinkMessage {
    let up = isUp ? UInt32(IFF_UP) : 0
    // Family, padding and type say nothing.
    var message = NetlinkMessage([0, 0, 0, 0])
    message.append(index)
    message.append(up)
    message.append(up)
    return message
  }

  /// `struct ifaddrmsg`: an IPv4 address whose network has `prefix` bits.
  static func address(prefix: UInt8, index: Int32) -> NetlinkMessage {
    var message = NetlinkMessage([UInt8(AF_INET), prefix, 0, 0])
    message.append(index)
    return message
  }

  /// `struct ndmsg`: an IPv4 neighbour that stays.
  static func neighbour(index: Int32) -> NetlinkMessage {
    var message = NetlinkMessage([UInt8(AF_INET), 0, 0, 0])
    message.append(index)
    message.append(UInt16(NUD_PERMANENT))
    message.append(UInt16(0))
    return message
  }

  mutating func append<T: FixedWidthInteger>(_ value: T) {
    // In this machine's order: the bytes of a little-endian value, lowest first, are those of the value in memory.
    for index in 0..<T.bitWidth / 8 { bytes.append(UInt8(truncatingIfNeeded: value.littleEndian >> (8 * index))) }
  }

  /// `struct rtattr`.
  mutating func attribute(_ type: UInt16, _ content: [UInt8]) {
    append(UInt16(4 + content.count))
    append(type)
    bytes += content
    while bytes.count % 4 != 0 { bytes.append(0) }
  }

  mutating func attribute(_ type: UInt16, name: String) { attribute(type, Array(name.utf8) + [0]) }

  mutating func attribute(_ type: UInt16, number: Int32) {
    var content = NetlinkMessage()
    content.append(number)
    attribute(type, content.bytes)
  }

  mutating func nested(_ type: UInt16, _ body: (inout NetlinkMessage) -> Void) {
    var inner = NetlinkMessage()
    body(&inner)
    attribute(type, inner.bytes)
  }
}

extension UInt16 {
  // Attributes (include/uapi/linux/if_link.h, if_addr.h, neighbour.h, veth.h): their values are enums in C, and bare in Swift.
  static let linkAddress = UInt16(IFLA_ADDRESS)
  static let linkName = UInt16(IFLA_IFNAME)
  static let linkInfo = UInt16(IFLA_LINKINFO)
  static let linkNamespace = UInt16(IFLA_NET_NS_FD)
  static let linkKind = UInt16(IFLA_INFO_KIND)
  static let linkData = UInt16(IFLA_INFO_DATA)
  static let vethPeer = UInt16(VETH_INFO_PEER)
  static let localAddress = UInt16(IFA_LOCAL)
  static let address = UInt16(IFA_ADDRESS)
  static let neighbourAddress = UInt16(NDA_DST)
  static let neighbourHardware = UInt16(NDA_LLADDR)
}
