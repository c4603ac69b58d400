internal import Bytes
public import Decoding

/// Prints records as `trace-cmd report` does, those of perf.data as `perf script` does, or all as JSON Lines.
public struct EventPrinter {
  private let isJSON: Bool
  private let names: Set<String>
  private let cpu: Int32?
  /// Losses that are printed before the next event of their CPU, as `trace-cmd report` has them.
  private var gaps: [Int32: Gap] = [:]

  /// Prints all events, or those called one of `names` (`system:name` or `name`) or on CPU `cpu` only.
  public init(isJSON: Bool, names: [String] = [], cpu: Int32? = nil) {
    self.isJSON = isJSON
    self.names = Set(names)
    self.cpu = cpu
  }

  /// Prints every record of `recording`.
  public mutating func print(_ recording: inout Recording, to output: inout TextOutput) {
    if !isJSON, names.isEmpty, cpu == nil, recording.info.eventNameWidth == nil, recording.info.cpus > 0 {
      output.line("cpus=\(recording.info.cpus)")
    }
    while !output.isClosed, let record = recording.next() {
      if let cpu, cpu != record.cpu { continue }
      switch record.kind {
      case .gap: gaps[record.cpu] = recording.gap
      case .line: line(record, recording, &output)
      case .event: event(record, recording, &output)
      case .stack: break
      }
    }
    output.flush()
  }

  private mutating func event(_ record: Record, _ recording: borrowing Recording, _ output: inout TextOutput) {
    guard let catalog = recording.catalog(ofStream: record.stream) else { return }
    let entry = recording.bytes(of: record)
    let head = EntryHead(entry, catalog)
    let format = catalog.format(id: head.type)
    if !names.isEmpty {
      guard let format, names.contains(format.name) || names.contains("\(format.system):\(format.name)") else { return }
    }
    if isJSON {
      let sample = recording.sample(of: record)
      json(record, entry, head, format, catalog, comm: sample?.comm ?? catalog.comm(head.pid), &output)
    } else if let sample = recording.sample(of: record) {
      text(record, sample, width: recording.info.eventNameWidth ?? 0, &output)
      catalog.describe(entry, time: record.time, cpu: record.cpu, into: &output.bytes)
      output.endLine()
    } else {
      printGap(record.cpu, &output)
      if let width = recording.info.bufferNameWidth {
        let name = recording.buffer(ofStream: record.stream)
        output.write(Durations.right(name, width) + (name.isEmpty ? "  " : ": "))
      }
      text(record, entry, head, format, catalog, inSeconds: recording.info.isPrintedInSeconds, &output)
    }
  }

  private mutating func printGap(_ cpu: Int32, _ output: inout TextOutput) {
    guard let gap = gaps.removeValue(forKey: cpu) else { return }
    output.line(gap.events.map { "CPU:\(cpu) [\($0) EVENTS DROPPED]" } ?? "CPU:\(cpu) [EVENTS DROPPED]")
  }

  private func text(
    _ record: Record, _ entry: RawSpan, _ head: EntryHead, _ format: EventFormat?, _ catalog: FormatCatalog, inSeconds: Bool,
    _ output: inout TextOutput
  ) {
    output.write(Durations.right(catalog.comm(head.pid), 16))
    output.write("-")
    output.write(Durations.left(String(head.pid), 5))
    output.write(" [\(Self.padded(record.cpu))]")
    if inSeconds {
      // Times near the end of 64 bits are damaged ones.
      let microseconds = record.time.addingReportingOverflow(500).partialValue / 1000
      let fraction = String(microseconds % 1_000_000)
      output.write(" " + Durations.right(String(microseconds / 1_000_000), 5))
      output.write("." + String(repeating: "0", count: 6 - fraction.count) + fraction + ": ")
    } else {
      output.write(Durations.right(String(record.time), 12) + ": ")
    }
    if let format {
      output.write(Durations.left(format.name + ":", 21) + " ")
      catalog.describe(entry, time: record.time, cpu: record.cpu, into: &output.bytes)
      // A stack ends its own last line.
      if output.bytes.last == 10 { output.bytes.removeLast() }
    } else {
      output.write("[UNKNOWN EVENT type \(head.type)]")
    }
    output.endLine()
  }

  /// Everything before what the event says, as `perf script -F comm,tid,cpu,time,event,trace` has it.
  private func text(_ record: Record, _ sample: PerfSample, width: Int, _ output: inout TextOutput) {
    let fraction = String(record.time / 1000 % 1_000_000)
    let time = "\(record.time / 1_000_000_000)." + String(repeating: "0", count: 6 - fraction.count) + fraction
    output.write(Durations.right(sample.comm, 16) + " " + Durations.right(String(sample.tid), 5))
    if record.cpu >= 0 { output.write(" [\(Self.padded(record.cpu))]") }
    output.write(" " + Durations.right(time, 12) + ": " + Durations.right(sample.event, width) + ": ")
  }

  private static func padded(_ cpu: Int32) -> String { String(repeating: "0", count: max(3 - String(cpu).count, 0)) + String(cpu) }

  private func json(
    _ record: Record, _ entry: RawSpan, _ head: EntryHead, _ format: EventFormat?, _ catalog: FormatCatalog, comm: String,
    _ output: inout TextOutput
  ) {
    var json = JSONWriter()
    json.object { json in
      json.field("time", record.time)
      json.field("cpu", record.cpu)
      json.field("pid", head.pid)
      json.field("comm", comm)
      json.field("flags", head.flags)
      json.field("system", format?.system)
      json.field("event", format?.name)
      json.object("fields") { json in
        for field in format?.fields ?? [] { FieldValue(field, entry, catalog).write(field.name, &json) }
      }
    }
    output.bytes.append(contentsOf: json.bytes)
    output.endLine()
  }

  private mutating func line(_ record: Record, _ recording: borrowing Recording, _ output: inout TextOutput) {
    let bytes = recording.bytes(of: record)
    let columns = recording.line(of: record)
    if columns.isFrame { return }
    let name = names.isEmpty && !isJSON ? "" : columns.name.bytes(of: bytes).text
    // Text does not say which system an event is of.
    if !names.isEmpty, !names.contains(where: { $0 == name || $0.hasSuffix(":\(name)") }) { return }
    if !isJSON { printGap(record.cpu, &output) }
    if isJSON {
      var json = JSONWriter()
      json.object { json in
        json.field("time", record.time)
        json.field("cpu", record.cpu)
        json.field("pid", columns.pid)
        json.field("comm", columns.comm.bytes(of: bytes).text)
        json.field("event", name.isEmpty ? nil : name)
        json.field("info", columns.info.bytes(of: bytes).text)
        json.field("line", bytes.text)
      }
      output.bytes.append(contentsOf: json.bytes)
    } else {
      output.bytes.append(contentsOf: bytes.array)
    }
    output.endLine()
  }
}
