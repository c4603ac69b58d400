internal import SystemPackage

/// Asks the kernel, by rtnetlink, for links, addresses and neighbours in the calling thread's network namespace.
struct Netlink: ~Copyable {
  private let socket: Descriptor
  private var sequence: UInt32 = 0

  init() throws(Failure) {
    socket = try Failure.naming("no netlink socket can be made") { () throws(Errno) in try SystemCalls.socket(.netlink) }
  }

  /// A pair of veth devices: `near` here, `far` in another namespace.
  mutating func addPair(near: String, far: String, farHardware: [UInt8], in network: Descriptor) throws(Failure) {
    var peer = NetlinkMessage.link()
    peer.attribute(3, name: far)
    peer.attribute(1, farHardware)
    peer.attribute(28, UInt32(bitPattern: network.number))
    var link = NetlinkMessage.link()
    link.attribute(3, name: near)
    link.nested(18) { info in
      info.attribute(1, Array("veth".utf8))
      info.nested(2) { data in data.attribute(1, peer.bytes) }
    }
    try ask(type: 16, flags: Self.create, link, "a pair of veth devices cannot be made")
  }

  mutating func turnOn(_ index: Int32) throws(Failure) {
    try ask(type: 16, flags: 0, .link(index: index, isUp: true), "a device cannot be turned on")
  }

  /// Gives a device an address in a network of 24 bits.
  mutating func addAddress(_ address: [UInt8], to index: Int32) throws(Failure) {
    var message = NetlinkMessage([2, 24, 0, 0])
    message.append(UInt32(bitPattern: index))
    message.attribute(2, address)
    message.attribute(1, address)
    try ask(type: 20, flags: Self.create, message, "a device cannot be given an address")
  }

  /// Says which hardware address `address` has, so that nobody asks.
  mutating func addNeighbour(_ address: [UInt8], hardware: [UInt8], on index: Int32) throws(Failure) {
    var message = NetlinkMessage([2, 0, 0, 0])
    message.append(UInt32(bitPattern: index))
    // NUD_PERMANENT, no flags, no type.
    message.append(UInt16(0x80))
    message.append(UInt16(0))
    message.attribute(1, address)
    message.attribute(2, hardware)
    try ask(type: 28, flags: Self.create, message, "a neighbour cannot be named")
  }

  /// NLM_F_CREATE and NLM_F_EXCL.
  private static let create: UInt16 = 0x600

  /// Sends a request and takes in the kernel's answer, which is an error number.
  private mutating func ask(type: UInt16, flags: UInt16, _ message: NetlinkMessage, _ failure: String) throws(Failure) {
    sequence += 1
    var request = NetlinkMessage([])
    request.append(UInt32(16 + message.bytes.count))
    request.append(type)
    // NLM_F_REQUEST and NLM_F_ACK.
    request.append(flags | 0x5)
    request.append(sequence)
    request.append(UInt32(0))
    let bytes = request.bytes + message.bytes
    let answer = try Failure.naming(failure) { () throws(Errno) in
      try SystemCalls.send(bytes, by: socket)
      return try SystemCalls.receive(socket, limit: 8192)
    }
    // struct nlmsghdr, then struct nlmsgerr.
    guard answer.count >= 20 else { throw Failure("\(failure): the kernel's answer is too short") }
    let error = Int32(bitPattern: NetlinkMessage.word(Array(answer[16..<20])))
    guard error == 0 else { throw Failure(failure, Errno(rawValue: -error)) }
  }
}

/// The bytes of a request: a fixed head and attributes behind it (include/uapi/linux/netlink.h), in this machine's byte order.
struct NetlinkMessage {
  private(set) var bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// `struct ifinfomsg`.
  static func link(index: Int32 = 0, isUp: Bool = false) -> NetlinkMessage {
    var message = NetlinkMessage([0, 0, 0, 0])
    message.append(UInt32(bitPattern: index))
    message.append(UInt32(isUp ? 1 : 0))
    message.append(UInt32(isUp ? 1 : 0))
    return message
  }

  mutating func append<T: FixedWidthInteger>(_ value: T) {
    for index in 0..<T.bitWidth / 8 { bytes.append(UInt8(truncatingIfNeeded: Self.native(value) >> (8 * index))) }
  }

  /// Little-endian bytes written from the lowest up are the machine's order where it is little-endian; swapped before where it is not.
  private static func native<T: FixedWidthInteger>(_ value: T) -> T { value.littleEndian }

  static func word(_ bytes: [UInt8]) -> UInt32 {
    UInt32(littleEndian: bytes.enumerated().reduce(UInt32(0)) { $0 | UInt32($1.element) << (8 * UInt32($1.offset)) })
  }

  mutating func attribute(_ type: UInt16, _ content: [UInt8]) {
    append(UInt16(4 + content.count))
    append(type)
    bytes += content
    while bytes.count % 4 != 0 { bytes.append(0) }
  }

  mutating func attribute(_ type: UInt16, name: String) { attribute(type, Array(name.utf8) + [0]) }

  mutating func attribute(_ type: UInt16, _ value: UInt32) {
    var content = NetlinkMessage([])
    content.append(value)
    attribute(type, content.bytes)
  }

  mutating func nested(_ type: UInt16, _ body: (inout NetlinkMessage) -> Void) {
    var inner = NetlinkMessage([])
    body(&inner)
    attribute(type, inner.bytes)
  }
}
