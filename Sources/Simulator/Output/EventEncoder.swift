internal import Events

/// Writes events as the ring buffer's entries hold them: each value into the field that its tracepoint declares for it.
struct EventEncoder {
  private let formats: [EventKind: EventFormat]
  private let recording: EventRecording

  init(_ recording: EventRecording, _ formats: [EventFormat]) {
    self.recording = recording
    self.formats = Dictionary(formats.map { ($0.kind, $0) }) { first, _ in first }
  }

  /// The bytes of an entry, beginning with the common fields; none where the kernel has no such event.
  func bytes(of event: Event) -> [UInt8] {
    guard let kind = event.kind.tracepoint, let format = formats[kind] else { return [] }
    var entry = Entry(format, event)
    for field in kind.tracepoint.fields { if let slot = field.slot { put(event, field, slot, into: &entry) } }
    addConstants(event, to: &entry)
    return entry.bytes
  }

  private func put(_ event: Event, _ field: Tracepoint.Field, _ slot: EventBody.Slot, into entry: inout Entry) {
    let number = event.body[bits: slot]
    switch field.form {
    case .plain where slot == .name: entry.put(field.name, recording.names[event.name])
    case .plain: entry.put(field.name, number)
    case .inetAddresses: if let flow = recording.flows[FlowID(slotBits: number)] { entry.put(flow) }
    case .socketAddresses: if let flow = recording.flows[FlowID(slotBits: number)] { entry.putEnds(flow) }
    case .header, .line: break
    }
  }

  /// What the kernel writes besides, and nobody reads.
  private func addConstants(_ event: Event, to entry: inout Entry) {
    switch event.kind {
    case .irqHandlerExit: entry.put("ret", 1)
    case .groEntry, .netifRxEntry, .kfreeSkb: entry.put("protocol", 0x0800)
    case .skDataReady: entry.put("ip", SymbolList.dataReady)
    case .schedWaking:
      entry.put("prio", 120)
      entry.put("target_cpu", UInt64(truncatingIfNeeded: event.cpu))
    case .schedSwitch:
      entry.put("prev_comm", recording.tasks[event.schedSwitch.previous] ?? "swapper/\(event.cpu)")
      entry.put("prev_prio", 120)
      entry.put("next_prio", 120)
    default: break
    }
  }
}

/// One entry while it is written.
private struct Entry {
  private(set) var bytes: [UInt8]
  private let format: EventFormat

  init(_ format: EventFormat, _ event: Event) {
    self.format = format
    bytes = Array(repeating: 0, count: max(format.size, 8))
    put(UInt64(format.id), at: 0, 2)
    bytes[2] = event.flags.rawValue
    put(UInt64(UInt32(bitPattern: event.pid)), at: 4, 4)
  }

  private mutating func put(_ value: UInt64, at offset: Int, _ size: Int) {
    for index in 0..<size { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index))) }
  }

  mutating func put(_ name: String, _ value: UInt64) {
    if let field = format.field(name) { put(value, at: field.offset, field.size) }
  }

  /// A string: in place, or behind the fields where the field tells its place.
  mutating func put(_ name: String, _ text: String) {
    guard let field = format.field(name) else { return }
    if field.type.hasPrefix("__data_loc") {
      let content = Array(text.utf8) + [0]
      put(UInt64(bytes.count) | UInt64(content.count) << 16, at: field.offset, 4)
      bytes += content
    } else {
      for (index, byte) in text.utf8.prefix(field.size - 1).enumerated() { bytes[field.offset + index] = byte }
    }
  }

  private mutating func putAddress(_ name: String, _ end: Endpoint, at extra: Int = 0) {
    guard let field = format.field(name) else { return }
    for index in 0..<4 { bytes[field.offset + extra + index] = UInt8(truncatingIfNeeded: end.low >> UInt64(24 - 8 * index)) }
  }

  /// Ports and addresses in fields of their own.
  mutating func put(_ flow: Flow) {
    put("family", 2)
    put("sport", UInt64(flow.local.port))
    put("dport", UInt64(flow.remote.port))
    putAddress("saddr", flow.local)
    putAddress("daddr", flow.remote)
    // An IPv4 address as IPv6 has it: ::ffff:a.b.c.d
    for (name, end) in [("saddr_v6", flow.local), ("daddr_v6", flow.remote)] {
      guard let field = format.field(name) else { continue }
      bytes[field.offset + 10] = 0xff
      bytes[field.offset + 11] = 0xff
      putAddress(name, end, at: 12)
    }
  }

  /// `struct sockaddr_in`: family, big-endian port, address.
  mutating func putEnds(_ flow: Flow) {
    put("family", 2)
    put("sport", UInt64(flow.local.port))
    put("dport", UInt64(flow.remote.port))
    for (name, end) in [("saddr", flow.local), ("daddr", flow.remote)] {
      guard let field = format.field(name) else { continue }
      bytes[field.offset] = 2
      bytes[field.offset + 2] = UInt8(truncatingIfNeeded: end.port >> 8)
      bytes[field.offset + 3] = UInt8(truncatingIfNeeded: end.port)
      putAddress(name, end, at: 4)
    }
  }
}

/// The kernel's symbols, as kallsyms has them.
enum SymbolList {
  static let dataReady: UInt64 = 0xffff_ffff_8170_0000

  static var text: String {
    var lines = ["\(String(dataReady, radix: 16)) T sock_def_readable"]
    for location in KernelLocation.allCases { lines.append("\(String(location.address - 0x42, radix: 16)) T \(location.rawValue)") }
    return lines.joined(separator: "\n") + "\n"
  }
}
