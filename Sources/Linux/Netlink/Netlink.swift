internal import CLinux
#if canImport(Glibc)
  internal import Glibc
#endif
public import SystemPackage

/// Asks the kernel, by rtnetlink, for links, addresses and neighbours in the calling thread's network namespace.
public struct Netlink: ~Copyable {
  private let socket: OwnedDescriptor
  private var sequence: UInt32 = 0

  /// Opens the socket it asks by.
  public init() throws(Errno) { socket = OwnedDescriptor(try SocketKind.netlink.open()) }

  /// Makes a pair of veth devices: `near` here, `far` in another namespace, with the six bytes of its hardware address.
  public mutating func addPair(near: String, far: String, farHardware: [UInt8], in network: NetworkNamespace) throws(Errno) {
    var peer = NetlinkMessage.link()
    peer.attribute(.linkName, name: far)
    peer.attribute(.linkAddress, farHardware)
    peer.attribute(.linkNamespace, number: network.handle.number)
    var link = NetlinkMessage.link()
    link.attribute(.linkName, name: near)
    link.nested(.linkInfo) { info in
      info.attribute(.linkKind, Array("veth".utf8))
      info.nested(.linkData) { data in data.attribute(.vethPeer, peer.bytes) }
    }
    try ask(RTM_NEWLINK, creating: true, link)
  }

  /// Turns a device on.
  public mutating func turnOn(_ index: Int32) throws(Errno) { try ask(RTM_NEWLINK, creating: false, .link(index: index, isUp: true)) }

  /// Gives a device an IPv4 address in a network of `prefix` bits.
  public mutating func addAddress(_ address: [UInt8], prefix: UInt8, to index: Int32) throws(Errno) {
    var message = NetlinkMessage.address(prefix: prefix, index: index)
    message.attribute(.localAddress, address)
    message.attribute(.address, address)
    try ask(RTM_NEWADDR, creating: true, message)
  }

  /// Says which hardware address the IPv4 address `address` has, so that nobody asks.
  public mutating func addNeighbour(_ address: [UInt8], hardware: [UInt8], on index: Int32) throws(Errno) {
    var message = NetlinkMessage.neighbour(index: index)
    message.attribute(.neighbourAddress, address)
    message.attribute(.neighbourHardware, hardware)
    try ask(RTM_NEWNEIGH, creating: true, message)
  }

  /// Sends a request and takes in the kernel's answer, which is an error number.
  private mutating func ask(_ type: Int, creating: Bool, _ message: NetlinkMessage) throws(Errno) {
    sequence += 1
    let flags = NLM_F_REQUEST | NLM_F_ACK | (creating ? NLM_F_CREATE | NLM_F_EXCL : 0)
    // struct nlmsghdr.
    var request = NetlinkMessage()
    request.append(UInt32(MemoryLayout<nlmsghdr>.size + message.bytes.count))
    request.append(UInt16(type))
    request.append(UInt16(flags))
    request.append(sequence)
    request.append(UInt32(0))
    try socket.file.send(request.bytes + message.bytes)
    let answer = try socket.file.receive(limit: 8192)
    // Behind its struct nlmsghdr a struct nlmsgerr, which begins with the negative error.
    let start = MemoryLayout<nlmsghdr>.size
    guard answer.count >= start + 4 else { throw .badMessage }
    var error: Int32 = 0
    unsafe withUnsafeMutableBytes(of: &error) { unsafe $0.copyBytes(from: answer[start..<start + 4]) }
    if error != 0 { throw Errno(rawValue: -error) }
  }
}
