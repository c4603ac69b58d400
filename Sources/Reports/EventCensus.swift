internal import Bytes
public import Decoding
internal import Events

/// The events of a recording by name, for those who ask why it shows no packet.
public struct EventCensus: Sendable {
  private var counts: [String: Int] = [:]
  /// Names kept at most: a file may have any.
  private static let limit = 4096

  /// Counts every event of `recording`.
  public init(_ recording: consuming Recording) {
    while let record = recording.next() {
      guard let name = Self.name(of: record, recording) else { continue }
      if counts.count < Self.limit || counts[name] != nil { counts[name, default: 0] += 1 }
    }
  }

  private static func name(of record: Record, _ recording: borrowing Recording) -> String? {
    switch record.kind {
    case .event:
      guard let catalog = recording.catalog(ofStream: record.stream) else { return nil }
      return catalog.format(id: EntryHead(recording.bytes(of: record), catalog).type)?.name
    case .line:
      let columns = recording.line(of: record)
      return columns.isFrame ? nil : columns.name.bytes(of: recording.bytes(of: record)).text
    case .gap, .stack: return nil
    }
  }

  /// Each event's name and how often it came, the most frequent first.
  var rows: [(name: String, count: Int)] {
    counts.map { (name: $0.key, count: $0.value) }.sorted { ($1.count, $0.name) < ($0.count, $1.name) }
  }

  /// The events that `wakepath record` asks for and that did not come, with what cannot be said without them; of several with the same words
  /// the first.
  var missing: [(name: String, cost: String)] {
    var said: Set<String> = []
    return EventKind.allCases.compactMap { kind in
      let tracepoint = kind.tracepoint
      guard case .always = tracepoint.recording, counts[tracepoint.name] == nil, said.insert(tracepoint.cost).inserted else { return nil }
      return (tracepoint.name, tracepoint.cost)
    }
  }
}

extension EventCensus {
  /// What was recorded, what is missing for which answer, and how to record it.
  func write(_ style: Style, to output: inout TextOutput) {
    let names = rows.prefix(8).map { "\(Durations.count($0.count)) \($0.name)" }
    let others = rows.count > 8 ? " and \(LatencyReport.plural(rows.count - 8, "kind")) more" : ""
    output.line(style.bold("Events    ") + (names.isEmpty ? "none" : names.joined(separator: ", ") + others))
    let missing = missing
    for (index, row) in missing.filter({ Self.chief.contains($0.name) }).enumerated() {
      output.line(style.bold(index == 0 ? "Missing   " : "          ") + "\(row.name): \(row.cost)")
    }
    if missing.count > Self.chief.count { output.line("          and others, for steps between these (--json has all)") }
    output.line(
      style.bold("Record    ") + "wakepath record COMMAND, or trace-cmd record -e net -e napi -e irq -e skb -e sock -e tcp -e sched:sched_switch"
        + " -e sched:sched_waking COMMAND")
  }

  /// What tells that there is a packet, what became of it, and who read it.
  private static let chief = [EventKind.netifReceiveSkb, .skDataReady, .skbCopyDatagram, .sockRecvLength, .consumeSkb, .kfreeSkb].map(\.name)

  /// The same as two arrays of objects.
  func write(_ json: inout JSONWriter) {
    json.array("recorded", rows) { json, row in
      json.object { json in
        json.field("event", row.name)
        json.field("count", row.count)
      }
    }
    json.array("missing", missing) { json, row in
      json.object { json in
        json.field("event", row.name)
        json.field("cost", row.cost)
      }
    }
  }
}
