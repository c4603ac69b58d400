internal import Bytes

/// What a packet says of itself: the addresses and ports of IP, TCP and UDP, and TCP's numbers. From the first bytes of the packet, which the
/// probes of `wakepath record` copy.
public struct PacketHeader: Sendable {
  /// The flags of a TCP segment (RFC 9293, section 3.1).
  public struct TCPFlags: OptionSet, Sendable {
    public let rawValue: UInt8
    @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

    @inlinable public static var fin: TCPFlags { TCPFlags(rawValue: 0x01) }
    @inlinable public static var syn: TCPFlags { TCPFlags(rawValue: 0x02) }
    @inlinable public static var rst: TCPFlags { TCPFlags(rawValue: 0x04) }
    @inlinable public static var psh: TCPFlags { TCPFlags(rawValue: 0x08) }
    @inlinable public static var ack: TCPFlags { TCPFlags(rawValue: 0x10) }
    @inlinable public static var urg: TCPFlags { TCPFlags(rawValue: 0x20) }
  }

  /// The address of the sk_buff.
  public var skb: UInt64
  /// The packet's ends, seen from the recorded machine; none where the bytes are not those of IP. Ports are 0 where there are none.
  public var flow = FlowID.none
  /// The IP protocol; 0 where the bytes are not those of IP.
  public var protocolNumber: UInt16 = 0
  /// TCP's number of the first byte.
  public var sequence: UInt32 = 0
  /// TCP's number of the next byte that the sender waits for.
  public var acknowledgement: UInt32 = 0
  /// Bytes behind the headers of TCP or UDP, or behind those of IP; nil where the headers do not tell.
  public var payload: UInt32?
  public var flags: TCPFlags = []
  /// The number of the network namespace of its device (`ls -i /run/netns`), or 0 where the recording does not have it.
  public var namespace: UInt32 = 0
  /// Where it stands in the IP packet that it is a fragment of, or nil if it is a whole one; only the first fragment has ports.
  public var fragment: Fragment?
  /// Whether it should have ports, and they were not among the bytes that were copied: a driver left them in a page.
  public var isCut = false

  /// A fragment of an IP packet (RFC 791, RFC 8200 section 4.5).
  public struct Fragment: Sendable, Equatable {
    /// What its sender calls the packet; the same in all fragments of one.
    public var identification: UInt32
    /// Bytes of the packet before this fragment, without IP's own header.
    public var offset: UInt32
    /// Bytes of the packet in this fragment, without IP's own header.
    public var count: UInt32
    /// Whether others follow.
    public var isFollowed: Bool

    public init(identification: UInt32, offset: UInt32, count: UInt32, isFollowed: Bool) {
      self.identification = identification
      self.offset = offset
      self.count = count
      self.isFollowed = isFollowed
    }
  }

  /// A header of which nothing is known but the packet.
  public init(skb: UInt64) { self.skb = skb }
}

extension PacketHeader {
  /// From the fields of `flow`: `skb`, `protocol`, `len`, `nonlinear`, `head`, which begins with IP, or with VLAN tags not yet taken off.
  init(received s: Schema, _ entry: RawSpan, _ order: ByteOrder, _ flows: inout FlowTable) {
    self.init(skb: s.number(0, entry, order))
    namespace = UInt32(truncatingIfNeeded: s.number(5, entry, order))
    let head = entry.slice(Self.head(s, entry, order))
    var ethertype = entry.integer(UInt16.self, at: s.extent(1).offset, .big) ?? 0
    var offset = 0
    while Self.isVLAN(ethertype), let next = head.integer(UInt16.self, at: offset + 2, .big) {
      ethertype = next
      offset += 4
    }
    read(head, at: offset, ethertype, isSent: false, length: Int(s.number(2, entry, order)), &flows)
  }

  /// From the fields of `flow_udp`: `skb`, `protocol`, `head`, which ends with UDP's header. IP without options stands before it.
  init(datagram s: Schema, _ entry: RawSpan, _ order: ByteOrder, _ flows: inout FlowTable) {
    self.init(skb: s.number(0, entry, order))
    namespace = UInt32(truncatingIfNeeded: s.number(3, entry, order))
    let head = entry.slice(s.extent(2).offset, s.extent(2).count)
    let ethertype = entry.integer(UInt16.self, at: s.extent(1).offset, .big) ?? 0
    let offset = head.byteCount - 8 - (ethertype == Self.ipv6 ? 40 : 20)
    guard offset >= 0, ethertype == Self.ipv6 ? head.byte(at: offset + 6) == 17 : head.byte(at: offset) == 0x45 else { return }
    read(head, at: offset, ethertype, isSent: false, length: 0, &flows)
  }

  /// From the fields of `flow_pulled`: `skb`, `protocol`, `len`, `nonlinear`, `head`, which begins 40 bytes before the packet's data, and `start`,
  /// `data` and `network`, which say where IP begins: `sk_buff.head`, `.data` and `.network_header`.
  init(pulled s: Schema, _ entry: RawSpan, _ order: ByteOrder, _ flows: inout FlowTable) {
    self.init(skb: s.number(0, entry, order))
    namespace = UInt32(truncatingIfNeeded: s.number(8, entry, order))
    let head = entry.slice(Self.head(s, entry, order, before: Self.beforeData))
    let offset = Int(truncatingIfNeeded: s.number(5, entry, order) &+ s.number(7, entry, order) &- s.number(6, entry, order)) &+ Self.beforeData
    guard head.byte(at: offset) != nil else { return }
    let ethertype = entry.integer(UInt16.self, at: s.extent(1).offset, .big) ?? 0
    read(head, at: offset, ethertype, isSent: false, length: Int(s.number(2, entry, order)) + Self.beforeData, &flows)
  }

  /// The length of IPv6's header.
  private static let beforeData = 40

  /// From the fields of `flow_sent`: the same and `offset`, where IP begins in `head`.
  init(sent s: Schema, _ entry: RawSpan, _ order: ByteOrder, _ flows: inout FlowTable) {
    self.init(skb: s.number(0, entry, order))
    namespace = UInt32(truncatingIfNeeded: s.number(6, entry, order))
    let head = entry.slice(Self.head(s, entry, order))
    let offset = Int(s.int32(5, entry, order))
    var ethertype = entry.integer(UInt16.self, at: s.extent(1).offset, .big) ?? 0
    // The tag stands before IP, whose version is then the only sign of it.
    if Self.isVLAN(ethertype), let first = head.byte(at: offset) { ethertype = first >> 4 == 6 ? Self.ipv6 : Self.ipv4 }
    read(head, at: offset, ethertype, isSent: true, length: Int(s.number(2, entry, order)), &flows)
  }

  /// Where the copied bytes are, `before` of them before the packet's data, as far as they lie in its own memory and not in pages beside it.
  private static func head(_ s: Schema, _ entry: RawSpan, _ order: ByteOrder, before: Int = 0) -> Range<Int> {
    let (length, beside) = (s.number(2, entry, order), s.number(3, entry, order))
    let place = s.extent(4)
    return place.offset..<place.offset + min(place.count, before + (length > beside ? Int(UInt32(clamping: length - beside)) : 0))
  }

  private static let ipv4: UInt16 = 0x0800
  private static let ipv6: UInt16 = 0x86dd

  private static func isVLAN(_ ethertype: UInt16) -> Bool { ethertype == 0x8100 || ethertype == 0x88a8 }

  private mutating func read(_ head: RawSpan, at offset: Int, _ ethertype: UInt16, isSent: Bool, length: Int, _ flows: inout FlowTable) {
    switch ethertype {
    case Self.ipv4: readIPv4(head, offset, isSent, length, &flows)
    case Self.ipv6: readIPv6(head, offset, isSent, length, &flows)
    default: break
    }
  }

  /// RFC 791. A total length of 0 is that of a packet of more than 64 KiB (BIG TCP), whose sk_buff knows better.
  private mutating func readIPv4(_ head: RawSpan, _ at: Int, _ isSent: Bool, _ length: Int, _ flows: inout FlowTable) {
    guard let first = head.byte(at: at), first >> 4 == 4, first & 15 >= 5, let total = head.integer(UInt16.self, at: at + 2, .big),
      let word = head.integer(UInt16.self, at: at + 6, .big), let number = head.byte(at: at + 9), at + 20 <= head.byteCount
    else { return }
    let headerLength = 4 * Int(first & 15)
    let transport = Transport(
      at: at + headerLength, count: (total == 0 ? length - at : Int(total)) - headerLength, isFirst: word & 0x1fff == 0)
    if word & 0x3fff != 0 {
      fragment = Fragment(
        identification: UInt32(head.integer(UInt16.self, at: at + 4, .big) ?? 0), offset: 8 * UInt32(word & 0x1fff),
        count: UInt32(clamping: transport.count), isFollowed: word & 0x2000 != 0)
    }
    let ports = readTransport(head, transport, UInt16(number))
    let source = EventDecoder.endpoint4(head, at + 12, ports.source)
    let destination = EventDecoder.endpoint4(head, at + 16, ports.destination)
    flow = flows.intern(isSent ? Flow(local: source, remote: destination) : Flow(local: destination, remote: source))
  }

  /// RFC 8200, with the extension headers that come before the transport's. A payload length of 0 is that of a jumbogram or of BIG TCP.
  private mutating func readIPv6(_ head: RawSpan, _ at: Int, _ isSent: Bool, _ length: Int, _ flows: inout FlowTable) {
    guard let first = head.byte(at: at), first >> 4 == 6, let total = head.integer(UInt16.self, at: at + 4, .big),
      var next = head.byte(at: at + 6), at + 40 <= head.byteCount
    else { return }
    var offset = at + 40
    let end = total == 0 ? length : at + 40 + Int(total)
    while let size = Self.extensionLength(next, head, offset), let following = head.byte(at: offset) {
      if next == Self.fragmentHeader {
        let word = head.integer(UInt16.self, at: offset + 2, .big) ?? 0
        if word & 0xfff9 != 0 {
          fragment = Fragment(
            identification: head.integer(UInt32.self, at: offset + 4, .big) ?? 0, offset: UInt32(word & 0xfff8),
            count: UInt32(clamping: end - offset - size), isFollowed: word & 1 != 0)
        }
      }
      next = following
      offset += size
    }
    let isFirst = fragment?.offset ?? 0 == 0
    let ports = readTransport(head, Transport(at: offset, count: end - offset, isFirst: isFirst), UInt16(next))
    let source = EventDecoder.endpoint6(head, at + 8, ports.source)
    let destination = EventDecoder.endpoint6(head, at + 24, ports.destination)
    flow = flows.intern(isSent ? Flow(local: source, remote: destination) : Flow(local: destination, remote: source))
  }

  private static let fragmentHeader: UInt8 = 44

  /// The bytes of extension header `number`, or nil if it is none.
  private static func extensionLength(_ number: UInt8, _ head: RawSpan, _ at: Int) -> Int? {
    switch number {
    case 0, 43, 60, 135: head.byte(at: at + 1).map { 8 + 8 * Int($0) }
    case fragmentHeader: 8
    case 51: head.byte(at: at + 1).map { 8 + 4 * Int($0) }
    default: nil
    }
  }

  /// Where the transport's header begins, and how many bytes the packet has from there on.
  private struct Transport {
    var at: Int
    var count: Int
    var isFirst: Bool
  }

  private mutating func readTransport(_ head: RawSpan, _ transport: Transport, _ number: UInt16) -> (source: UInt16, destination: UInt16) {
    protocolNumber = number
    payload = UInt32(exactly: transport.count)
    let at = transport.at
    guard transport.isFirst, number == Event.IPProtocol.tcp || number == Event.IPProtocol.udp || number == Self.udpLite
    else { return (0, 0) }
    var headerLength: Int? = 8
    if number == Event.IPProtocol.tcp {
      sequence = head.integer(UInt32.self, at: at + 4, .big) ?? 0
      acknowledgement = head.integer(UInt32.self, at: at + 8, .big) ?? 0
      flags = TCPFlags(rawValue: head.byte(at: at + 13) ?? 0)
      headerLength = head.byte(at: at + 12).map { 4 * Int($0 >> 4) }
    }
    payload = headerLength.flatMap { UInt32(exactly: transport.count - $0) }
    isCut = at + 4 > head.byteCount
    return (head.integer(UInt16.self, at: at, .big) ?? 0, head.integer(UInt16.self, at: at + 2, .big) ?? 0)
  }

  private static let udpLite: UInt16 = 136
}
