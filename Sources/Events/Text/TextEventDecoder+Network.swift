internal import Bytes

// The bodies of network events, as their TP_printk writes them (include/trace/events of the kernel).

extension TextKey {
  static let irq: TextKey = "irq="
  static let name: TextKey = "name="
  static let vec: TextKey = "vec="
  static let napiStruct: TextKey = "struct "
  static let forDevice: TextKey = "device "
  static let work: TextKey = "work "
  static let budget: TextKey = "budget "
  static let dev: TextKey = "dev="
  static let napiID: TextKey = "napi_id="
  static let skbaddr: TextKey = "skbaddr="
  static let skaddr: TextKey = "skaddr="
  static let len: TextKey = "len="
  static let ret: TextKey = "ret="
  static let rc: TextKey = "rc="
  static let location: TextKey = "location="
  static let reason: TextKey = "reason: "
  static let family: TextKey = "family="
  static let protocolKey: TextKey = "protocol="
  static let sport: TextKey = "sport="
  static let dport: TextKey = "dport="
  static let saddr: TextKey = "saddr="
  static let daddr: TextKey = "daddr="
  static let saddr6: TextKey = "saddrv6="
  static let daddr6: TextKey = "daddrv6="
  static let oldState: TextKey = "oldstate="
  static let newState: TextKey = "newstate="
  static let src: TextKey = "src="
  static let dest: TextKey = "dest="
  static let dataLength: TextKey = "data_len="
  static let cookie: TextKey = "sock_cookie="
  static let socketAddress: TextKey = "address = "
  static let socketFamily: TextKey = "family = "
  static let socketProtocol: TextKey = "protocol = "
  static let length: TextKey = "length = "
  static let error: TextKey = "error = "
  static let socketFlags: TextKey = "flags = "
}

extension TextEventDecoder {
  static func name(
    _ key: TextKey, _ fields: inout TextFields, _ text: RawSpan, _ names: inout NameTable
  ) throws(TextFieldMissing) -> NameID {
    guard let word = fields.word(key, text) else { throw TextFieldMissing() }
    return names.intern(text.slice(word))
  }

  static func arrival(_ text: RawSpan, _ names: inout NameTable) throws(TextFieldMissing) -> Arrival {
    var fields = TextFields()
    let device = try name(.dev, &fields, text, &names)
    let napi = UInt32(truncatingIfNeeded: try fields.number(.napiID, text))
    let skb = try fields.address(.skbaddr, text)
    return Arrival(skb: skb, device: device, napi: napi, length: UInt32(truncatingIfNeeded: try fields.number(.len, text)))
  }

  /// `dev=%s … skbaddr=%p … len=%u`.
  static func packet(_ kind: EventKind, _ text: RawSpan, _ names: inout NameTable) throws(TextFieldMissing) -> Event.Body {
    var fields = TextFields()
    let device = try name(.dev, &fields, text, &names)
    let skb = try fields.address(.skbaddr, text)
    let length = UInt32(truncatingIfNeeded: try fields.number(.len, text))
    return switch kind {
    case .netDevQueue: .netDevQueue(skb: skb, length: length, device: device)
    case .netDevStartXmit: .netDevStartXmit(skb: skb, length: length, device: device)
    case .netDevXmit: .netDevXmit(skb: skb, length: length, rc: try fields.int32(.rc, text), device: device)
    default: .netifReceiveSkb(skb: skb, length: length, device: device)
    }
  }

  /// `skbaddr=%p … location=%pS reason: %s`; consume_skb has no location before 6.3. A name's id stands for its number.
  static func freed(_ kind: EventKind, _ text: RawSpan, _ names: inout NameTable) throws(TextFieldMissing) -> Event.Body {
    var fields = TextFields()
    let skb = try fields.address(.skbaddr, text)
    var location: UInt64 = 0
    if let word = fields.word(.location, text) { location = Self.location(text.slice(word), &names) }
    if kind == .consumeSkb { return .consumeSkb(skb: skb, location: location) }
    var reason: Int32 = -1
    if let word = fields.word(.reason, text) { reason = names.intern(text.slice(word)).index }
    return .kfreeSkb(skb: skb, location: location, reason: reason)
  }

  /// `icmp_rcv+0x12/0x34` is known by its name, an address that has none by itself.
  private static func location(_ word: RawSpan, _ names: inout NameTable) -> UInt64 {
    if let digit = word.byte(at: 0), digit &- 48 < 10 {
      var at = 0
      return word.hexadecimal(at: &at) ?? 0
    }
    let end = word.firstIndex(of: UInt8(ascii: "+")) ?? word.byteCount
    return UInt64(names.intern(word.slice(0, end)).index)
  }

  static func socket(_ kind: EventKind, _ text: RawSpan) throws(TextFieldMissing) -> Event.Body {
    var fields = TextFields()
    if kind == .skDataReady {
      let family = UInt16(truncatingIfNeeded: try fields.number(.family, text))
      return .skDataReady(socket: 0, family: family, protocol: UInt16(truncatingIfNeeded: try fields.number(.protocolKey, text)))
    }
    let socket = try fields.address(.socketAddress, text)
    let family = UInt16(truncatingIfNeeded: try fields.symbol(.socketFamily, .families, text) ?? 0)
    let number = UInt16(truncatingIfNeeded: try fields.symbol(.socketProtocol, .protocols, text) ?? 0)
    let length = try fields.int32(.length, text)
    let error = try fields.int32(.error, text)
    let result = error != 0 ? error : length
    if kind == .sockSendLength { return .sockSendLength(socket: socket, family: family, protocol: number, result: result) }
    return .sockRecvLength(
      socket: socket, family: family, protocol: number, result: result, flags: try fields.int32(.socketFlags, text))
  }

  static func stateChange(_ text: RawSpan, _ flows: inout FlowTable) throws(TextFieldMissing) -> Event.Body {
    var fields = TextFields()
    let family = try fields.symbol(.family, .families, text)
    let number = UInt16(truncatingIfNeeded: try fields.symbol(.protocolKey, .protocols, text) ?? 0)
    let flow = try flow(&fields, text, &flows, family: family)
    guard let old = try fields.symbol(.oldState, .tcpStates, text), let new = try fields.symbol(.newState, .tcpStates, text)
    else { throw TextFieldMissing() }
    return .inetSockSetState(
      socket: 0, old: Int32(truncatingIfNeeded: old), new: Int32(truncatingIfNeeded: new), protocol: number, flow: flow)
  }

  static func flow(_ fields: inout TextFields, _ text: RawSpan, _ flows: inout FlowTable) throws(TextFieldMissing) -> FlowID {
    try flow(&fields, text, &flows, family: try fields.symbol(.family, .families, text))
  }

  /// `sport=%hu dport=%hu saddr=%pI4 daddr=%pI4 saddrv6=%pI6c daddrv6=%pI6c`. IPv4 has its address in both; without a family
  /// (kernels before 5.15) the IPv6 one tells which it is.
  private static func flow(
    _ fields: inout TextFields, _ text: RawSpan, _ flows: inout FlowTable, family: Int64?
  ) throws(TextFieldMissing) -> FlowID {
    let sport = UInt16(truncatingIfNeeded: try fields.number(.sport, text))
    let dport = UInt16(truncatingIfNeeded: try fields.number(.dport, text))
    let isIPv4 = family == Int64(Event.AddressFamily.inet)
    guard let source = fields.word(isIPv4 ? .saddr : .saddr6, text), let destination = fields.word(isIPv4 ? .daddr : .daddr6, text),
      let local = isIPv4 ? Endpoint(ipv4: text.slice(source), port: sport) : Endpoint(ipv6: text.slice(source), port: sport),
      let remote = isIPv4 ? Endpoint(ipv4: text.slice(destination), port: dport) : Endpoint(ipv6: text.slice(destination), port: dport)
    else { throw TextFieldMissing() }
    return flows.intern(Flow(local: local, remote: remote))
  }

  /// `src=%pISpc dest=%pISpc … data_len=%d … sock_cookie=%llx skbaddr=%p skaddr=%p`, the last two from 6.12 on.
  static func probe(_ text: RawSpan, _ flows: inout FlowTable) throws(TextFieldMissing) -> Event.Body {
    var fields = TextFields()
    guard let source = fields.word(.src, text), let destination = fields.word(.dest, text),
      let local = Endpoint(socketAddress: text.slice(source)), let remote = Endpoint(socketAddress: text.slice(destination))
    else { throw TextFieldMissing() }
    let length = UInt32(truncatingIfNeeded: try fields.number(.dataLength, text))
    let cookie = try fields.address(.cookie, text)
    let skb = (try? fields.address(.skbaddr, text)) ?? 0
    let socket = (try? fields.address(.skaddr, text)) ?? 0
    return .tcpProbe(
      skb: skb, socket: socket, cookie: cookie, flow: flows.intern(Flow(local: local, remote: remote)), dataLength: length)
  }
}
