internal import Bytes
internal import Decoding

/// Turns the ring-buffer entries of one recording's kernel into events.
struct EventDecoder {
  private var schemaOfID: [Int16]
  private var schemas: [Schema] = []
  /// Events of functions being entered; their ids have `functionBase - index` in `schemaOfID`.
  private var functions: [FunctionSchema] = []
  private static let functionBase = -2
  private var order: ByteOrder
  private var typeOffset = 0
  private var flagsOffset = 2
  private var pidOffset = 4

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
    addFunctions(catalog)
  }

  /// Compiles the formats of probes and of the function tracers.
  private mutating func addFunctions(_ catalog: FormatCatalog) {
    let tracers = ["function", "funcgraph_entry"].compactMap { catalog.format(system: "ftrace", name: $0) }
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
    case event(Event)
    /// Not an event that journeys are made of.
    case other
    /// A function was entered; if the one at this address is sock_def_readable, this is the event.
    case function(Event, at: UInt64, isTracer: Bool)
    case tooShort
  }

  /// Decodes the entry `entry` of `record`.
  func decode(_ record: Record, _ entry: RawSpan, _ names: inout NameTable, _ flows: inout FlowTable) -> Outcome {
    guard let type = entry.integer(UInt16.self, at: typeOffset, order) else { return .tooShort }
    let index = schemaOfID[Int(type)]
    guard index >= 0 else { return index == -1 ? .other : function(functions[Self.functionBase - Int(index)], record, entry) }
    guard entry.byteCount >= schemas[Int(index)].size else { return .tooShort }
    let pid = Int32(bitPattern: entry.integer(UInt32.self, at: pidOffset, order) ?? 0)
    let flags = ContextFlags(rawValue: entry.byte(at: flagsOffset) ?? 0)
    guard schemas[Int(index)].kind != .print else { return line(schemas[Int(index)], entry, record) }
    let body = body(schemas[Int(index)], entry, &names, &flows)
    return .event(Event(time: record.time, cpu: record.cpu, pid: pid, flags: flags, body: body))
  }

  /// A line in the recording, which may be the recorder's own (`RecordingWait` in Capture).
  private func line(_ s: Schema, _ e: RawSpan, _ record: Record) -> Outcome {
    let start = s.extent(1).offset
    let body: Event.Body
    if e.has("wakepath: a window begins", at: start) {
      body = .windowBegins
    } else if e.has("wakepath: a window ends", at: start) {
      body = .windowEnds
    } else {
      return .other
    }
    return .event(Event(time: record.time, cpu: record.cpu, pid: 0, flags: [], body: body))
  }

  private func function(_ schema: FunctionSchema, _ record: Record, _ entry: RawSpan) -> Outcome {
    guard entry.byteCount >= schema.size else { return .tooShort }
    let pid = Int32(bitPattern: entry.integer(UInt32.self, at: pidOffset, order) ?? 0)
    let flags = ContextFlags(rawValue: entry.byte(at: flagsOffset) ?? 0)
    let event = Event(
      time: record.time, cpu: record.cpu, pid: pid, flags: flags, body: .sockDefReadable(socket: schema.socket(entry, order)))
    return schema.isNamed ? .event(event) : .function(event, at: schema.address(entry, order), isTracer: schema.isTracer)
  }

  private func body(_ s: Schema, _ e: RawSpan, _ names: inout NameTable, _ flows: inout FlowTable) -> Event.Body {
    func u64(_ field: Int) -> UInt64 { s.number(field, e, order) }
    func u32(_ field: Int) -> UInt32 { UInt32(truncatingIfNeeded: s.number(field, e, order)) }
    func u16(_ field: Int) -> UInt16 { UInt16(truncatingIfNeeded: s.number(field, e, order)) }
    func i32(_ field: Int) -> Int32 { s.int32(field, e, order) }
    switch s.kind {
    case .irqHandlerEntry: return .irqHandlerEntry(irq: i32(0), name: name(s, 1, e, &names))
    case .irqHandlerExit: return .irqHandlerExit(irq: i32(0))
    case .softirqRaise: return .softirqRaise(vector: i32(0))
    case .softirqEntry: return .softirqEntry(vector: i32(0))
    case .softirqExit: return .softirqExit(vector: i32(0))
    case .napiPoll: return .napiPoll(napi: u64(0), device: name(s, 1, e, &names), work: i32(2), budget: i32(3))
    case .groReceiveEntry, .groFragsEntry: return .groEntry(arrival(s, e, &names))
    case .groReceiveExit, .groFragsExit: return .groExit(result: i32(0))
    case .netifRxEntry: return .netifRxEntry(arrival(s, e, &names))
    case .receiveEntry: return .receiveEntry(arrival(s, e, &names))
    case .netifReceiveSkb: return .netifReceiveSkb(skb: u64(0), length: u32(1), device: name(s, 2, e, &names))
    case .netDevQueue: return .netDevQueue(skb: u64(0), length: u32(1), device: name(s, 2, e, &names))
    case .netDevStartXmit: return .netDevStartXmit(skb: u64(0), length: u32(1), device: name(s, 2, e, &names))
    case .netDevXmit: return .netDevXmit(skb: u64(0), length: u32(1), rc: i32(3), device: name(s, 2, e, &names))
    case .kfreeSkb: return .kfreeSkb(skb: u64(0), location: u64(1), reason: s.has(2) ? i32(2) : -1)
    case .consumeSkb: return .consumeSkb(skb: u64(0), location: u64(1))
    case .skbCopyDatagram: return .skbCopyDatagram(skb: u64(0), length: i32(1))
    case .skDataReady: return .skDataReady(socket: u64(0), family: u16(1), protocol: u16(2))
    case .sockRecvLength: return .sockRecvLength(socket: u64(0), family: u16(1), protocol: u16(2), result: i32(3), flags: i32(4))
    case .sockSendLength: return .sockSendLength(socket: u64(0), family: u16(1), protocol: u16(2), result: i32(3))
    case .inetSockSetState:
      return .inetSockSetState(socket: u64(7), old: i32(8), new: i32(9), protocol: u16(10), flow: inetFlow(s, e, &flows))
    case .tcpProbe:
      return .tcpProbe(skb: u64(5), socket: u64(6), cookie: u64(7), flow: sockaddrFlow(s, e, &flows), dataLength: u32(8))
    case .tcpRcvSpaceAdjust: return .tcpRcvSpaceAdjust(socket: u64(7), cookie: u64(8), flow: inetFlow(s, e, &flows))
    case .tcpDestroySock: return .tcpDestroySock(socket: u64(0), cookie: u64(1))
    case .schedWaking: return .schedWaking(pid: i32(0), comm: name(s, 1, e, &names))
    case .print: preconditionFailure("lines are decoded apart")
    case .schedSwitch:
      return .schedSwitch(
        previous: i32(0), previousState: Int64(bitPattern: u64(1)), next: i32(2), nextComm: name(s, 3, e, &names))
    case .dmaMapPage, .dmaMapPhys: return .dmaMap(buffer(s, e, &names))
    case .dmaUnmapPage, .dmaUnmapPhys: return .dmaUnmap(buffer(s, e, &names))
    case .dmaSyncForCPU: return .dmaSyncForCPU(buffer(s, e, &names))
    case .flow: return .flow(PacketHeader(received: s, e, order, &flows))
    case .flowUDP: return .flow(PacketHeader(datagram: s, e, order, &flows))
    case .flowSent: return .flowSent(PacketHeader(sent: s, e, order, &flows))
    }
  }

  private func arrival(_ s: Schema, _ e: RawSpan, _ names: inout NameTable) -> Arrival {
    Arrival(
      skb: s.number(0, e, order), device: name(s, 1, e, &names), napi: UInt32(truncatingIfNeeded: s.number(2, e, order)),
      length: UInt32(truncatingIfNeeded: s.number(3, e, order)))
  }

  private func buffer(_ s: Schema, _ e: RawSpan, _ names: inout NameTable) -> DMABuffer {
    DMABuffer(
      device: name(s, 0, e, &names), address: s.number(1, e, order), size: UInt32(clamping: s.number(2, e, order)),
      direction: DMABuffer.Direction(rawValue: UInt8(truncatingIfNeeded: s.number(3, e, order))) ?? .none)
  }

  private func name(_ s: Schema, _ field: Int, _ e: RawSpan, _ names: inout NameTable) -> NameID {
    let place = s.place(field, e, order)
    return names.intern(e.slice(place.offset, place.count))
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
