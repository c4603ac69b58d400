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
  /// Whether it goes to several receivers: a multicast address, or the limited broadcast (a subnet's own is not known).
  public var isForMany = false

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
  /// Where a probe copies a packet's bytes, which decides what they begin with.
  public enum Copy: Sendable, Equatable {
    /// At netif_receive_skb: `head` begins with IP, or with VLAN tags not yet taken off.
    case received
    /// At net_dev_start_xmit: the same behind a link header; `offset` says where IP begins.
    case sent
    /// Where UDP takes a datagram: `head` ends with UDP's header.
    case datagram
    /// Where headers are pulled out of a page: `head` begins 40 bytes before the packet's data; `start`, `data` and `network` say where IP
    /// begins: `sk_buff.head`, `.data` and `.network_header`.
    case pulled
  }

  /// What probes copy of a packet. A copy lacks some of it, which then reads as 0.
  public enum Part: Int, CaseIterable, Sendable {
    case skb, ethertype, length, nonlinear, head, namespace, offset, start, data, network

    /// What the probe calls it.
    public var name: String {
      switch self {
      case .ethertype: "protocol"
      case .length: "len"
      case .namespace: "netns"
      default: "\(self)"
      }
    }
  }
}

/// A packet's header as the numbers of an event.
extension EventBody {
  /// An event of `kind` that tells `header`.
  init(_ kind: Kind, _ header: PacketHeader) {
    self.init(kind)
    numbers.0 = header.skb
    numbers.1 = UInt64(UInt32(bitPattern: header.flow.index)) | UInt64(header.sequence) << 32
    numbers.2 = UInt64(header.acknowledgement) | UInt64(header.namespace) << 32
    numbers.3 = UInt64(header.payload ?? 0) | UInt64(header.fragment?.identification ?? 0) << 32
    numbers.4 = UInt64(header.fragment?.offset ?? 0) | UInt64(header.fragment?.count ?? 0) << 32
    detail = UInt32(header.protocolNumber) | UInt32(header.flags.rawValue) << 16
    if header.payload != nil { detail |= Self.hasPayload }
    if header.isCut { detail |= Self.isCut }
    if let fragment = header.fragment { detail |= Self.hasFragment | (fragment.isFollowed ? Self.isFollowed : 0) }
  }

  /// What a packet carries, of an event that says so.
  public var header: PacketHeader {
    var header = PacketHeader(skb: numbers.0)
    header.flow = FlowID(index: Int32(truncatingIfNeeded: numbers.1))
    header.sequence = UInt32(truncatingIfNeeded: numbers.1 >> 32)
    header.acknowledgement = UInt32(truncatingIfNeeded: numbers.2)
    header.namespace = UInt32(truncatingIfNeeded: numbers.2 >> 32)
    header.protocolNumber = UInt16(truncatingIfNeeded: detail)
    header.flags = PacketHeader.TCPFlags(rawValue: UInt8(truncatingIfNeeded: detail >> 16))
    header.isCut = detail & Self.isCut != 0
    if detail & Self.hasPayload != 0 { header.payload = UInt32(truncatingIfNeeded: numbers.3) }
    if detail & Self.hasFragment != 0 {
      header.fragment = PacketHeader.Fragment(
        identification: UInt32(truncatingIfNeeded: numbers.3 >> 32), offset: UInt32(truncatingIfNeeded: numbers.4),
        count: UInt32(truncatingIfNeeded: numbers.4 >> 32), isFollowed: detail & Self.isFollowed != 0)
    }
    return header
  }

  private static var hasPayload: UInt32 { 1 << 24 }
  private static var hasFragment: UInt32 { 1 << 25 }
  private static var isFollowed: UInt32 { 1 << 26 }
  private static var isCut: UInt32 { 1 << 27 }
}
