internal import Bytes

extension PacketHeader {
  /// What `copy` says of a packet.
  init(_ copy: Copy, _ schema: Schema, _ entry: RawSpan, _ order: ByteOrder, _ flows: inout FlowTable) {
    switch copy {
    case .received: self.init(received: schema, entry, order, &flows)
    case .sent: self.init(sent: schema, entry, order, &flows)
    case .datagram: self.init(datagram: schema, entry, order, &flows)
    case .pulled: self.init(pulled: schema, entry, order, &flows)
    }
  }

  /// From a probe of netif_receive_skb.
  private init(received s: Schema, _ entry: RawSpan, _ order: ByteOrder, _ flows: inout FlowTable) {
    self.init(skb: s.number(.skb, entry, order))
    namespace = UInt32(truncatingIfNeeded: s.number(.namespace, entry, order))
    let head = entry.slice(Self.head(s, entry, order))
    var ethertype = entry.integer(UInt16.self, at: s.extent(.ethertype).offset, .big) ?? 0
    var offset = 0
    while Self.isVLAN(ethertype), let next = head.integer(UInt16.self, at: offset + 2, .big) {
      ethertype = next
      offset += 4
    }
    read(head, at: offset, ethertype, isSent: false, length: Int(s.number(.length, entry, order)), &flows)
  }

  /// From a probe of UDP, whose header ends what it copies. IP without options stands before it.
  private init(datagram s: Schema, _ entry: RawSpan, _ order: ByteOrder, _ flows: inout FlowTable) {
    self.init(skb: s.number(.skb, entry, order))
    namespace = UInt32(truncatingIfNeeded: s.number(.namespace, entry, order))
    let head = entry.slice(s.extent(.head).offset, s.extent(.head).count)
    let ethertype = entry.integer(UInt16.self, at: s.extent(.ethertype).offset, .big) ?? 0
    let offset = head.byteCount - 8 - (ethertype == Self.ipv6 ? 40 : 20)
    guard offset >= 0, ethertype == Self.ipv6 ? head.byte(at: offset + 6) == 17 : head.byte(at: offset) == 0x45 else { return }
    read(head, at: offset, ethertype, isSent: false, length: 0, &flows)
  }

  /// From a probe of the function that pulls headers out of pages.
  private init(pulled s: Schema, _ entry: RawSpan, _ order: ByteOrder, _ flows: inout FlowTable) {
    self.init(skb: s.number(.skb, entry, order))
    namespace = UInt32(truncatingIfNeeded: s.number(.namespace, entry, order))
    let head = entry.slice(Self.head(s, entry, order, before: Self.beforeData))
    let offset =
      Int(truncatingIfNeeded: s.number(.start, entry, order) &+ s.number(.network, entry, order) &- s.number(.data, entry, order)) &+ Self.beforeData
    guard head.byte(at: offset) != nil else { return }
    let ethertype = entry.integer(UInt16.self, at: s.extent(.ethertype).offset, .big) ?? 0
    read(head, at: offset, ethertype, isSent: false, length: Int(s.number(.length, entry, order)) + Self.beforeData, &flows)
  }

  /// The length of IPv6's header.
  private static let beforeData = 40

  /// From a probe of net_dev_start_xmit.
  private init(sent s: Schema, _ entry: RawSpan, _ order: ByteOrder, _ flows: inout FlowTable) {
    self.init(skb: s.number(.skb, entry, order))
    namespace = UInt32(truncatingIfNeeded: s.number(.namespace, entry, order))
    let head = entry.slice(Self.head(s, entry, order))
    let offset = Int(s.int32(.offset, entry, order))
    var ethertype = entry.integer(UInt16.self, at: s.extent(.ethertype).offset, .big) ?? 0
    // The tag stands before IP, whose version is then the only sign of it.
    if Self.isVLAN(ethertype), let first = head.byte(at: offset) { ethertype = first >> 4 == 6 ? Self.ipv6 : Self.ipv4 }
    read(head, at: offset, ethertype, isSent: true, length: Int(s.number(.length, entry, order)), &flows)
  }

  /// Where the copied bytes are, `before` of them before the packet's data, as far as they lie in its own memory and not in pages beside it.
  private static func head(_ s: Schema, _ entry: RawSpan, _ order: ByteOrder, before: Int = 0) -> Range<Int> {
    let (length, beside) = (s.number(.length, entry, order), s.number(.nonlinear, entry, order))
    let place = s.extent(.head)
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
    let group = head.integer(UInt32.self, at: at + 16, .big) ?? 0
    isForMany = group >> 28 == 0xe || group == .max
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
    isForMany = head.byte(at: at + 24) == 0xff
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
