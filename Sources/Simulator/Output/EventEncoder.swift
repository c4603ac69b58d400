internal import Events

/// Writes events as the ring buffer's entries hold them.
struct EventEncoder {
  private let formats: [String: EventFormat]
  private let recording: EventRecording

  init(_ recording: EventRecording, _ formats: [EventFormat]) {
    self.recording = recording
    self.formats = Dictionary(formats.map { ($0.name, $0) }) { first, _ in first }
  }

  /// The bytes of an entry, beginning with the common fields.
  func bytes(of event: Event) -> [UInt8] {
    let (name, values) = values(event)
    guard let format = formats[name] else { return [] }
    var entry = Entry(format, event)
    for (field, value) in values {
      switch value {
      case .number(let number): entry.put(field, number)
      case .text(let id): entry.put(field, recording.names[id])
      case .task(let pid): entry.put(field, recording.tasks[pid] ?? "swapper/\(event.cpu)")
      case .flow(let id): if let flow = recording.flows[id] { entry.put(flow) }
      case .ends(let id): if let flow = recording.flows[id] { entry.putEnds(flow) }
      }
    }
    return entry.bytes
  }

  private enum Value {
    case number(UInt64), text(NameID), task(Int32), flow(FlowID), ends(FlowID)
  }

  private func signed<T: BinaryInteger>(_ value: T) -> Value { .number(UInt64(truncatingIfNeeded: value)) }

  private func values(_ event: Event) -> (String, [(String, Value)]) {
    switch event.body {
    case .irqHandlerEntry(let irq, let name): ("irq_handler_entry", [("irq", signed(irq)), ("name", .text(name))])
    case .irqHandlerExit(let irq): ("irq_handler_exit", [("irq", signed(irq)), ("ret", .number(1))])
    case .softirqRaise(let vector): ("softirq_raise", [("vec", signed(vector))])
    case .softirqEntry(let vector): ("softirq_entry", [("vec", signed(vector))])
    case .softirqExit(let vector): ("softirq_exit", [("vec", signed(vector))])
    case .napiPoll(let napi, let device, let work, let budget):
      ("napi_poll", [("napi", .number(napi)), ("dev_name", .text(device)), ("work", signed(work)), ("budget", signed(budget))])
    case .groEntry(let arrival): ("napi_gro_receive_entry", values(arrival))
    case .groExit(let result): ("napi_gro_receive_exit", [("ret", signed(result))])
    case .netifRxEntry(let arrival): ("netif_rx_entry", values(arrival))
    case .netifReceiveSkb(let skb, let length, let device): ("netif_receive_skb", values(skb, length, device))
    case .netDevQueue(let skb, let length, let device): ("net_dev_queue", values(skb, length, device))
    case .netDevStartXmit(let skb, let length, let device): ("net_dev_start_xmit", values(skb, length, device))
    case .netDevXmit(let skb, let length, let rc, let device): ("net_dev_xmit", values(skb, length, device) + [("rc", signed(rc))])
    case .kfreeSkb(let skb, let location, let reason):
      ("kfree_skb", [("skbaddr", .number(skb)), ("location", .number(location)), ("reason", signed(reason)), ("protocol", .number(0x0800))])
    case .consumeSkb(let skb, let location): ("consume_skb", [("skbaddr", .number(skb)), ("location", .number(location))])
    case .skbCopyDatagram(let skb, let length): ("skb_copy_datagram_iovec", [("skbaddr", .number(skb)), ("len", signed(length))])
    default: socketValues(event)
    }
  }

  private func socketValues(_ event: Event) -> (String, [(String, Value)]) {
    switch event.body {
    case .skDataReady(let socket, let family, let number):
      (
        "sk_data_ready",
        [("skaddr", .number(socket)), ("family", signed(family)), ("protocol", signed(number)), ("ip", .number(SymbolList.dataReady))]
      )
    case .sockRecvLength(let socket, let family, let number, let result, _): ("sock_recv_length", values(socket, family, number, result))
    case .sockSendLength(let socket, let family, let number, let result): ("sock_send_length", values(socket, family, number, result))
    case .inetSockSetState(let socket, let old, let new, let number, let flow):
      (
        "inet_sock_set_state",
        [
          ("skaddr", .number(socket)), ("oldstate", signed(old)), ("newstate", signed(new)), ("protocol", signed(number)), ("", .flow(flow))
        ]
      )
    case .tcpProbe(let skb, let socket, let cookie, let flow, let length):
      (
        "tcp_probe",
        [
          ("skbaddr", .number(skb)), ("skaddr", .number(socket)), ("sock_cookie", .number(cookie)), ("data_len", signed(length)),
          ("", .ends(flow))
        ]
      )
    case .tcpRcvSpaceAdjust(let socket, let cookie, let flow):
      ("tcp_rcv_space_adjust", [("skaddr", .number(socket)), ("sock_cookie", .number(cookie)), ("", .flow(flow))])
    case .tcpDestroySock(let socket, let cookie): ("tcp_destroy_sock", [("skaddr", .number(socket)), ("sock_cookie", .number(cookie))])
    case .schedWaking(let pid, let comm):
      ("sched_waking", [("comm", .text(comm)), ("pid", signed(pid)), ("prio", .number(120)), ("target_cpu", signed(event.cpu))])
    case .schedSwitch(let previous, let state, let next, let comm):
      (
        "sched_switch",
        [
          ("prev_comm", .task(previous)), ("prev_pid", signed(previous)), ("prev_prio", .number(120)), ("prev_state", signed(state)),
          ("next_comm", .text(comm)), ("next_pid", signed(next)), ("next_prio", .number(120))
        ]
      )
    default: ("", [])
    }
  }

  private func values(_ arrival: Arrival) -> [(String, Value)] {
    [
      ("skbaddr", .number(arrival.skb)), ("name", .text(arrival.device)), ("napi_id", signed(arrival.napi)), ("len", signed(arrival.length)),
      ("protocol", .number(0x0800))
    ]
  }

  private func values(_ skb: UInt64, _ length: UInt32, _ device: NameID) -> [(String, Value)] {
    [("skbaddr", .number(skb)), ("len", signed(length)), ("name", .text(device))]
  }

  private func values(_ socket: UInt64, _ family: UInt16, _ number: UInt16, _ result: Int32) -> [(String, Value)] {
    [("sk", .number(socket)), ("family", signed(family)), ("protocol", signed(number)), ("ret", signed(result))]
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
