internal import Bytes

/// How the text of one event is read: its declaration's fields with keys that are ready to be compared, in the order in which they are printed.
struct TextLayout {
  /// A form without its keys.
  private enum Reading {
    case number, address, addressIfPrinted, word, rest, place, nameOfNumber, lengthOrError, inetAddresses, socketAddresses, none
    case symbol(TextForm.Symbols, isNeeded: Bool)
  }

  private struct Item {
    var slot: EventBody.Slot
    var reading: Reading
    /// What stands before the value, or stood before it in older kernels, and before the error in place of it.
    var key: TextKey
    var formerKey: TextKey?
    var errorKey: TextKey
    /// What stands for a value that is not printed.
    var absent: Int64
  }

  let kind: EventBody.Kind
  /// Whether the scheduler writes it, whose lines are read as a whole.
  private(set) var isScheduler = false
  private var items: [Item] = []

  init(_ tracepoint: Tracepoint) {
    kind = tracepoint.kind
    for field in tracepoint.fields {
      guard let form = field.text, let slot = field.slot else { continue }
      if case .scheduler = form { isScheduler = true }
      let (reading, key, errorKey) = Self.reading(of: form)
      items.append(
        Item(
          slot: slot, reading: reading, key: TextKey(key ?? "\(field.name)="), formerKey: field.formerName.map { TextKey("\($0)=") },
          errorKey: TextKey(errorKey ?? ""), absent: field.absent))
    }
  }

  /// The form in which `trace-cmd report -R` prints the event: each field's name, `=`, and what lies in the record.
  init(raw tracepoint: Tracepoint) {
    self.init(tracepoint)
    items = []
    for field in tracepoint.fields {
      guard let form = field.text, let slot = field.slot else { continue }
      var (reading, _, _) = Self.reading(of: form)
      if case .lengthOrError = reading { reading = .number }
      items.append(Item(slot: slot, reading: reading, key: TextKey("\(field.name)="), errorKey: "", absent: field.absent))
    }
  }

  /// A form, and the keys that it has of its own.
  private static func reading(of form: TextForm) -> (Reading, key: String?, errorKey: String?) {
    switch form {
    case .number(let key): (.number, key, nil)
    case .address(let key): (.address, key, nil)
    case .addressIfPrinted(let key): (.addressIfPrinted, key, nil)
    case .word(let key): (.word, key, nil)
    case .rest(let key): (.rest, key, nil)
    case .place(let key): (.place, key, nil)
    case .nameOfNumber(let key): (.nameOfNumber, key, nil)
    case .symbol(let symbols, let key): (.symbol(symbols, isNeeded: false), key, nil)
    case .neededSymbol(let symbols, let key): (.symbol(symbols, isNeeded: true), key, nil)
    case .lengthOrError(let key, let errorKey): (.lengthOrError, key, errorKey)
    case .inetAddresses: (.inetAddresses, nil, nil)
    case .socketAddresses: (.socketAddresses, nil, nil)
    case .scheduler: (.none, nil, nil)
    }
  }

  /// What `text`, the part of a line behind the event's name, says.
  func body(_ text: RawSpan, _ names: inout NameTable, _ flows: inout FlowTable) throws(TextFieldMissing) -> EventBody {
    var body = EventBody(kind)
    var fields = TextFields()
    for index in items.indices { try read(items[index], text, &fields, &names, &flows, into: &body) }
    return body
  }

  @inline(__always)
  private func read(
    _ item: Item, _ text: RawSpan, _ fields: inout TextFields, _ names: inout NameTable, _ flows: inout FlowTable, into body: inout EventBody
  ) throws(TextFieldMissing) {
    switch item.reading {
    case .number:
      var number = try? fields.number(item.key, text)
      if number == nil { number = try fields.number(item.formerKey ?? item.key, text) }
      body.set(item.slot, (number ?? 0).slotBits)
    case .address: body.set(item.slot, try fields.address(item.key, text))
    case .addressIfPrinted: body.set(item.slot, (try? fields.address(item.key, text)) ?? 0)
    case .word:
      guard let word = fields.word(item.key, text) else { throw TextFieldMissing() }
      body.name = names.intern(text.slice(word))
    case .rest: body.name = names.intern(text.slice(try fields.rest(item.key, text)))
    case .place: if let word = fields.word(item.key, text) { body.set(item.slot, Self.place(text.slice(word), &names)) }
    case .nameOfNumber:
      let word = fields.word(item.key, text)
      body.set(item.slot, word.map { Int64(names.intern(text.slice($0)).index) }?.slotBits ?? item.absent.slotBits)
    case .symbol(let symbols, let isNeeded):
      let number = try fields.symbol(item.key, symbols.table, text)
      if isNeeded, number == nil { throw TextFieldMissing() }
      body.set(item.slot, (number ?? 0).slotBits)
    case .lengthOrError:
      let length = try fields.number(item.key, text)
      let error = try fields.number(item.errorKey, text)
      body.set(item.slot, (error != 0 ? error : length).slotBits)
    case .inetAddresses: body.set(item.slot, try Self.inetFlow(&fields, text, &flows).slotBits)
    case .socketAddresses: body.set(item.slot, try Self.socketFlow(&fields, text, &flows).slotBits)
    case .none: break
    }
  }

  /// `icmp_rcv+0x12/0x34` is known by its name, an address that has none by itself.
  private static func place(_ word: RawSpan, _ names: inout NameTable) -> UInt64 {
    if let digit = word.byte(at: 0), digit &- 48 < 10 {
      var at = 0
      return word.hexadecimal(at: &at) ?? 0
    }
    let end = word.firstIndex(of: UInt8(ascii: "+")) ?? word.byteCount
    return UInt64(names.intern(word.slice(0, end)).index)
  }
}

extension TextLayout {
  private static let family: TextKey = "family="
  private static let sport: TextKey = "sport="
  private static let dport: TextKey = "dport="
  private static let addresses: (TextKey, TextKey) = ("saddr=", "daddr=")
  private static let addresses6: (TextKey, TextKey) = ("saddrv6=", "daddrv6=")
  private static let src: TextKey = "src="
  private static let dest: TextKey = "dest="

  /// `sport=%hu dport=%hu saddr=%pI4 daddr=%pI4 saddrv6=%pI6c daddrv6=%pI6c`. IPv4 has its address in both; without a family before them
  /// (kernels before 5.15) the IPv6 one tells which it is.
  private static func inetFlow(_ fields: inout TextFields, _ text: RawSpan, _ flows: inout FlowTable) throws(TextFieldMissing) -> FlowID {
    var start = TextFields()
    let isIPv4 = try start.symbol(family, .families, text) == Int64(Event.AddressFamily.inet)
    let sport = UInt16(truncatingIfNeeded: try fields.number(Self.sport, text))
    let dport = UInt16(truncatingIfNeeded: try fields.number(Self.dport, text))
    let keys = isIPv4 ? addresses : addresses6
    guard let source = fields.word(keys.0, text), let destination = fields.word(keys.1, text),
      let local = isIPv4 ? Endpoint(ipv4: text.slice(source), port: sport) : Endpoint(ipv6: text.slice(source), port: sport),
      let remote = isIPv4 ? Endpoint(ipv4: text.slice(destination), port: dport) : Endpoint(ipv6: text.slice(destination), port: dport)
    else { throw TextFieldMissing() }
    return flows.intern(Flow(local: local, remote: remote))
  }

  /// `src=%pISpc dest=%pISpc`.
  private static func socketFlow(_ fields: inout TextFields, _ text: RawSpan, _ flows: inout FlowTable) throws(TextFieldMissing) -> FlowID {
    guard let source = fields.word(src, text), let destination = fields.word(dest, text),
      let local = Endpoint(socketAddress: text.slice(source)), let remote = Endpoint(socketAddress: text.slice(destination))
    else { throw TextFieldMissing() }
    return flows.intern(Flow(local: local, remote: remote))
  }
}

extension TextForm.Symbols {
  fileprivate var table: TextSymbols {
    switch self {
    case .families: .families
    case .protocols: .protocols
    case .tcpStates: .tcpStates
    }
  }
}
