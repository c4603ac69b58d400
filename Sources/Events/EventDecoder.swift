internal import Bytes
internal import Decoding

/// Turns the ring-buffer entries of one recording's kernel into events.
struct EventDecoder {
  /// Which of `schemas` an event of each id is described by; -1 for none, and from `functionBase` down those of `functions`.
  private(set) var schemaOfID: [Int16]
  private var schemas: [Schema] = []
  private(set) var layouts: [EventLayout] = []
  /// Events of functions being entered; their ids have `functionBase - index` in `schemaOfID`.
  private var functions: [FunctionSchema] = []
  private static let functionBase = -2
  private var order: ByteOrder
  /// What the recorder's own lines are signed with; nil for anything.
  private let lineSignature: LineSignature?
  private var typeOffset = 0
  private var flagsOffset = 2
  private var pidOffset = 4
  /// Whether type, flags and task are the first eight bytes of an entry as in `struct trace_entry` (include/linux/trace_events.h) of a
  /// little-endian machine, to be read in one step.
  private var hasUsualHead = false

  /// Compiles the formats of `catalog`.
  init(_ catalog: FormatCatalog) {
    order = catalog.isBigEndian ? .big : .little
    lineSignature = catalog.lineSignature
    schemaOfID = Array(repeating: -1, count: 1 << 16)
    for kind in EventKind.allCases {
      let tracepoint = kind.tracepoint
      guard let format = catalog.format(system: tracepoint.system, name: tracepoint.name), schemaOfID.indices.contains(format.id)
      else { continue }
      schemaOfID[format.id] = Int16(schemas.count)
      schemas.append(Schema(kind: kind, format: format))
      for field in format.commonFields {
        switch field.name {
        case "common_type": typeOffset = field.offset
        case "common_flags": flagsOffset = field.offset
        case "common_pid": pidOffset = field.offset
        default: break
        }
      }
    }
    layouts = schemas.map { EventLayout($0) }
    hasUsualHead = order == .little && typeOffset == 0 && flagsOffset == 2 && pidOffset == 4
    addFunctions(catalog)
  }

  /// Compiles the formats of probes and of the function tracers.
  private mutating func addFunctions(_ catalog: FormatCatalog) {
    let tracers = ["function", "funcgraph_entry", "kernel_stack"].compactMap { catalog.format(system: "ftrace", name: $0) }
    for format in tracers + catalog.probes where schemaOfID.indices.contains(format.id) && schemaOfID[format.id] == -1 {
      guard let schema = FunctionSchema(format), functions.count < 1 << 14 else { continue }
      schemaOfID[format.id] = Int16(Self.functionBase - functions.count)
      functions.append(schema)
    }
  }

  /// Whether a probe named after sock_def_readable is described, and whether it names the socket.
  var readableProbe: (isThere: Bool, namesSocket: Bool) {
    (functions.contains { $0.isNamed }, functions.contains { $0.isNamed && $0.namesSocket })
  }

  /// The kinds of event this recording's kernel describes.
  var kinds: Set<EventKind> { Set(schemas.map(\.kind)) }

  /// Whether the kernel's event `kind` has its field `name`.
  func has(_ name: String, in kind: EventKind) -> Bool {
    guard let schema = schemas.first(where: { $0.kind == kind }), let index = kind.tracepoint.kernelFields.firstIndex(of: name)
    else { return false }
    return schema.has(index)
  }

  /// What an entry turned out to be.
  enum Outcome {
    case event
    /// A window of the recording begins or ends.
    case window
    /// Not an event that journeys are made of.
    case other
    /// A function was entered; if the one at this address is sock_def_readable, this is the event.
    case function(at: UInt64, isTracer: Bool)
    /// The stack behind the last event of its CPU.
    case stack
    case tooShort
  }

  /// Decodes `entry`, which `cpu` wrote at `time`, into `event`. `schemas` and `layouts` are `schemaOfID` and `layouts` of this decoder, looked
  /// up once for a loop over entries.
  @inline(__always)
  func decode(
    _ time: UInt64, _ cpu: Int32, _ entry: RawSpan, _ schemas: Span<Int16>, _ layouts: Span<EventLayout>, _ names: inout NameTable,
    _ flows: inout FlowTable, into event: inout Event
  ) -> Outcome {
    guard hasUsualHead, let head = entry.integer(UInt64.self, at: 0) else { return decodeUnusual(time, cpu, entry, &names, &flows, &event) }
    let index = Int(schemas[Int(head & 0xffff)])
    guard index >= 0 else { return index == -1 ? .other : decodeUnusual(time, cpu, entry, &names, &flows, &event) }
    event.time = time
    event.cpu = cpu
    event.pid = Int32(truncatingIfNeeded: head >> 32)
    event.flags = ContextFlags(rawValue: UInt8(truncatingIfNeeded: head >> 16))
    return decodeBody(index, entry, .little, layouts, &names, &flows, &event)
  }

  /// The same for entries that begin otherwise, or end before they should, and for functions.
  @inline(never)
  private func decodeUnusual(
    _ time: UInt64, _ cpu: Int32, _ entry: RawSpan, _ names: inout NameTable, _ flows: inout FlowTable, _ event: inout Event
  ) -> Outcome {
    guard let type = entry.integer(UInt16.self, at: typeOffset, order) else { return .tooShort }
    let index = Int(schemaOfID[Int(type)])
    if index == -1 { return .other }
    event.time = time
    event.cpu = cpu
    event.pid = Int32(bitPattern: entry.integer(UInt32.self, at: pidOffset, order) ?? 0)
    event.flags = ContextFlags(rawValue: entry.byte(at: flagsOffset) ?? 0)
    guard index >= 0 else { return function(Self.functionBase - index, entry, &event) }
    return decodeBody(index, entry, order, layouts.span, &names, &flows, &event)
  }

  /// A line in the recording, which may be the recorder's own.
  private func line(_ field: Int, _ s: Schema, _ e: RawSpan, _ names: inout NameTable, _ event: inout Event) -> Outcome {
    let start = s.extent(field).offset
    guard let body = RecorderLine.body(e.slice(start, e.byteCount - start), signedBy: lineSignature, &names) else { return .other }
    (event.pid, event.flags, event.body) = (0, [], body)
    return event.kind == .windowBegins || event.kind == .windowEnds ? .window : .event
  }

  /// Where the addresses of the stack in `entry` begin, and the size of each; nil if it tells of none.
  func stack(_ entry: RawSpan) -> (offset: Int, size: Int)? {
    guard let type = entry.integer(UInt16.self, at: typeOffset, order), schemaOfID[Int(type)] <= Int16(Self.functionBase) else { return nil }
    return functions[Self.functionBase - Int(schemaOfID[Int(type)])].stack
  }

  private func function(_ index: Int, _ entry: RawSpan, _ event: inout Event) -> Outcome {
    let schema = functions[index]
    if schema.isStack { return .stack }
    guard entry.byteCount >= schema.size else { return .tooShort }
    event.body = .sockDefReadable(socket: schema.socket(entry, order))
    return schema.isNamed ? .event : .function(at: schema.address(entry, order), isTracer: schema.isTracer)
  }

  @inline(__always)
  private func decodeBody(
    _ index: Int, _ e: RawSpan, _ order: ByteOrder, _ layouts: Span<EventLayout>, _ names: inout NameTable, _ flows: inout FlowTable,
    _ event: inout Event
  ) -> Outcome {
    guard e.byteCount >= Int(layouts[index].size) else { return .tooShort }
    guard layouts[index].isPlain else { return compose(index, e, &names, &flows, &event) }
    EventLayout.read(e, order, layouts, index, &names, into: &event)
    return .event
  }

  /// The same for events of which some values are put together of several fields.
  @inline(never)
  private func compose(
    _ index: Int, _ e: RawSpan, _ names: inout NameTable, _ flows: inout FlowTable, _ event: inout Event
  ) -> Outcome {
    EventLayout.read(e, order, layouts.span, index, &names, into: &event)
    let schema = schemas[index]
    switch layouts[index].composition {
    case .inetFlow(let first, let slot): event.body.set(slot, inetFlow(schema, first, e, &flows).slotBits)
    case .socketFlow(let first, let slot): event.body.set(slot, sockaddrFlow(schema, first, e, &flows).slotBits)
    case .header(let copy): event.body.tell(PacketHeader(copy, schema, e, order, &flows))
    case .line(let field): return line(field, schema, e, &names, &event)
    case .absent(let slot, let value): event.body.set(slot, value.slotBits)
    case nil: break
    }
    return .event
  }

  /// `family`, `sport`, `dport`, `saddr`, `daddr` as bytes and `_v6` beside them, from field `first` on. Ports are in host order.
  private func inetFlow(_ s: Schema, _ first: Int, _ e: RawSpan, _ flows: inout FlowTable) -> FlowID {
    // Kernels before 5.15 have no family in most of these; an IPv4 socket's IPv6 address is mapped or empty.
    let family = s.has(first) ? UInt16(truncatingIfNeeded: s.number(first, e, order)) : familyByAddress(s, first + 5, e)
    let local = UInt16(truncatingIfNeeded: s.number(first + 1, e, order))
    let remote = UInt16(truncatingIfNeeded: s.number(first + 2, e, order))
    func end(_ v4: Int, _ v6: Int, _ port: UInt16) -> Endpoint {
      if family != Event.AddressFamily.inet6 { return Self.endpoint4(e, s.extent(first + v4).offset, port) }
      return Self.endpoint6(e, s.extent(first + v6).offset, port)
    }
    return flows.intern(Flow(local: end(3, 5, local), remote: end(4, 6, remote)))
  }

  /// The family of the addresses in field `first` and the one behind it.
  private func familyByAddress(_ s: Schema, _ first: Int, _ e: RawSpan) -> UInt16 {
    let isIPv4 = [first, first + 1].allSatisfy { field in
      let high = e.integer(UInt64.self, at: s.extent(field).offset, .big) ?? 0
      let low = e.integer(UInt64.self, at: s.extent(field).offset + 8, .big) ?? 0
      return high == 0 && (low == 0 || low >> 32 == 0xffff)
    }
    return isIPv4 ? Event.AddressFamily.inet : Event.AddressFamily.inet6
  }

  /// `saddr`, `daddr` as `struct sockaddr_in6`, in field `first` and the one behind it: family, big-endian port, address. `saddr` is the local end.
  private func sockaddrFlow(_ s: Schema, _ first: Int, _ e: RawSpan, _ flows: inout FlowTable) -> FlowID {
    func end(_ field: Int) -> Endpoint {
      let start = s.extent(field).offset
      let family = e.integer(UInt16.self, at: start, order) ?? 0
      let port = e.integer(UInt16.self, at: start + 2, .big) ?? 0
      return family == Event.AddressFamily.inet6 ? Self.endpoint6(e, start + 8, port) : Self.endpoint4(e, start + 4, port)
    }
    return flows.intern(Flow(local: end(first), remote: end(first + 1)))
  }

  static func endpoint4(_ e: RawSpan, _ offset: Int, _ port: UInt16) -> Endpoint {
    Endpoint(low: UInt64(e.integer(UInt32.self, at: offset, .big) ?? 0), port: port, isIPv6: false)
  }

  static func endpoint6(_ e: RawSpan, _ offset: Int, _ port: UInt16) -> Endpoint {
    let high = e.integer(UInt64.self, at: offset, .big) ?? 0
    let low = e.integer(UInt64.self, at: offset + 8, .big) ?? 0
    let isMapped = high == 0 && low >> 32 == 0xffff
    return isMapped
      ? Endpoint(low: low & 0xffff_ffff, port: port, isIPv6: false) : Endpoint(high: high, low: low, port: port, isIPv6: true)
  }
}
