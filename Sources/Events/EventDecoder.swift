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
  private var typeOffset = 0
  private var flagsOffset = 2
  private var pidOffset = 4
  /// Whether type, flags and task are the first eight bytes of an entry as in `struct trace_entry` (include/linux/trace_events.h) of a
  /// little-endian machine, to be read in one step.
  private var hasUsualHead = false

  /// Compiles the formats of `catalog`.
  init(_ catalog: FormatCatalog) {
    order = catalog.isBigEndian ? .big : .little
    schemaOfID = Array(repeating: -1, count: 1 << 16)
    for kind in EventKind.allCases {
      let definition = kind.definition
      guard let format = catalog.format(system: definition.system, name: definition.name), schemaOfID.indices.contains(format.id)
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
    guard let schema = schemas.first(where: { $0.kind == kind }), let index = kind.definition.fields.firstIndex(of: name)
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
  private func line(_ s: Schema, _ e: RawSpan, _ names: inout NameTable, _ event: inout Event) -> Outcome {
    let start = s.extent(1).offset
    guard let body = RecorderLine.body(e.slice(start, e.byteCount - start), &names) else { return .other }
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
    guard layouts[index].isPlain else { return decodeRare(schemas[index], e, &names, &flows, &event) }
    EventLayout.read(e, order, layouts, index, &names, into: &event)
    return .event
  }

  /// The same for events that a packet has few of, and for what some kernels do not say.
  @inline(never)
  private func decodeRare(
    _ s: Schema, _ e: RawSpan, _ names: inout NameTable, _ flows: inout FlowTable, _ event: inout Event
  ) -> Outcome {
    func u64(_ field: Int) -> UInt64 { s.number(field, e, order) }
    func i32(_ field: Int) -> Int32 { s.int32(field, e, order) }
    switch s.kind {
    case .kfreeSkb: event.body = .kfreeSkb(skb: u64(0), location: u64(1), reason: -1)
    case .inetSockSetState:
      event.body = .inetSockSetState(
        socket: u64(7), old: i32(8), new: i32(9), protocol: UInt16(truncatingIfNeeded: u64(10)), flow: inetFlow(s, e, &flows))
    case .tcpProbe:
      event.body = .tcpProbe(
        skb: u64(5), socket: u64(6), cookie: u64(7), flow: sockaddrFlow(s, e, &flows), dataLength: UInt32(truncatingIfNeeded: u64(8)))
    case .tcpRcvSpaceAdjust: event.body = .tcpRcvSpaceAdjust(socket: u64(7), cookie: u64(8), flow: inetFlow(s, e, &flows))
    case .tcpDestroySock: event.body = .tcpDestroySock(socket: u64(0), cookie: u64(1))
    case .print: return line(s, e, &names, &event)
    case .dmaMapPage, .dmaMapPhys: event.body = .dmaMap(buffer(s, e, &names))
    case .dmaUnmapPage, .dmaUnmapPhys: event.body = .dmaUnmap(buffer(s, e, &names))
    case .dmaSyncForCPU: event.body = .dmaSyncForCPU(buffer(s, e, &names))
    case .flow: event.body = .flow(PacketHeader(received: s, e, order, &flows))
    case .flowUDP: event.body = .flowPulled(PacketHeader(datagram: s, e, order, &flows))
    case .flowPulled: event.body = .flowPulled(PacketHeader(pulled: s, e, order, &flows))
    case .flowSent: event.body = .flowSent(PacketHeader(sent: s, e, order, &flows))
    default: break
    }
    return .event
  }

  private func buffer(_ s: Schema, _ e: RawSpan, _ names: inout NameTable) -> DMABuffer {
    let place = s.field(0).place(e, order)
    return DMABuffer(
      device: names.intern(e.slice(place.offset, place.count)), address: s.number(1, e, order), size: UInt32(clamping: s.number(2, e, order)),
      direction: DMABuffer.Direction(rawValue: UInt8(truncatingIfNeeded: s.number(3, e, order))) ?? .none)
  }

  /// `saddr`, `daddr` as bytes and `_v6` beside them (`inet_sock_set_state`, `tcp_rcv_space_adjust`). Ports are in host order.
  private func inetFlow(_ s: Schema, _ e: RawSpan, _ flows: inout FlowTable) -> FlowID {
    // Kernels before 5.15 have no family in most of these; an IPv4 socket's IPv6 address is mapped or empty.
    let family = s.has(0) ? UInt16(truncatingIfNeeded: s.number(0, e, order)) : familyByAddress(s, e)
    let local = UInt16(truncatingIfNeeded: s.number(1, e, order))
    let remote = UInt16(truncatingIfNeeded: s.number(2, e, order))
    func end(_ v4: Int, _ v6: Int, _ port: UInt16) -> Endpoint {
      if family != Event.AddressFamily.inet6 { return Self.endpoint4(e, s.extent(v4).offset, port) }
      return Self.endpoint6(e, s.extent(v6).offset, port)
    }
    return flows.intern(Flow(local: end(3, 5, local), remote: end(4, 6, remote)))
  }

  private func familyByAddress(_ s: Schema, _ e: RawSpan) -> UInt16 {
    let isIPv4 = [5, 6].allSatisfy { field in
      let high = e.integer(UInt64.self, at: s.extent(field).offset, .big) ?? 0
      let low = e.integer(UInt64.self, at: s.extent(field).offset + 8, .big) ?? 0
      return high == 0 && (low == 0 || low >> 32 == 0xffff)
    }
    return isIPv4 ? Event.AddressFamily.inet : Event.AddressFamily.inet6
  }

  /// `saddr`, `daddr` as `struct sockaddr_in6` (`tcp_probe`): family, big-endian port, address. `saddr` is the local end.
  private func sockaddrFlow(_ s: Schema, _ e: RawSpan, _ flows: inout FlowTable) -> FlowID {
    func end(_ field: Int) -> Endpoint {
      let start = s.extent(field).offset
      let family = e.integer(UInt16.self, at: start, order) ?? 0
      let port = e.integer(UInt16.self, at: start + 2, .big) ?? 0
      return family == Event.AddressFamily.inet6 ? Self.endpoint6(e, start + 8, port) : Self.endpoint4(e, start + 4, port)
    }
    return flows.intern(Flow(local: end(3), remote: end(4)))
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
