internal import Bytes
public import Decoding

/// Prints records as `trace-cmd report` does, those of perf.data as `perf script` does, or all as JSON Lines.
public struct EventPrinter {
  private let isJSON: Bool
  private let names: Set<String>
  private let cpu: Int32?
  /// Losses that are printed before the next event of their CPU, as `trace-cmd report` has them.
  private var gaps: [Int32: Gap] = [:]
  /// A call of a function whose line is not complete.
  private var call: PendingCall?

  private struct PendingCall {
    let entry: [UInt8]
    let catalog: FormatCatalog
  }

  /// Prints all events, or those called one of `names` (`system:name` or `name`) or on CPU `cpu` only.
  public init(isJSON: Bool, names: [String] = [], cpu: Int32? = nil) {
    self.isJSON = isJSON
    self.names = Set(names)
    self.cpu = cpu
  }

  /// Prints every record of `recording`.
  public mutating func print(_ recording: inout Recording, to output: inout TextOutput) {
    var lines = TextBuffer()
    if !isJSON, names.isEmpty, cpu == nil, recording.info.eventNameWidth == nil, recording.info.cpus > 0 {
      output.line("cpus=\(recording.info.cpus)")
    }
    while !output.isClosed, let record = recording.next() {
      if let cpu, cpu != record.cpu { continue }
      switch record.kind {
      case .gap: gaps[record.cpu] = recording.gap
      case .line: line(record, recording, &output, &lines)
      case .event: event(record, recording, &output, &lines)
      case .stack: break
      }
      if lines.count >= Self.pieceSize { Self.write(&lines, to: &output) }
    }
    if let call {
      _ = call.catalog.appendCall(call.entry.view, before: nil, to: &lines)
      lines.append(10)
    }
    Self.write(&lines, to: &output)
  }

  /// So many bytes are written at once, or some more.
  private static let pieceSize = 1 << 16

  private static func write(_ lines: inout TextBuffer, to output: inout TextOutput) {
    output.bytes.append(lines)
    output.flush()
    lines.removeAll()
  }

  private mutating func event(_ record: Record, _ recording: borrowing Recording, _ output: inout TextOutput, _ lines: inout TextBuffer) {
    guard let catalog = recording.catalog(ofStream: record.stream) else { return }
    let entry = recording.bytes(of: record)
    if call != nil, finishCall(entry, catalog, &lines) { return }
    if !names.isEmpty {
      guard let format = catalog.format(id: EntryHead(entry, catalog).type) else { return }
      guard names.contains(format.name) || names.contains("\(format.system):\(format.name)") else { return }
    }
    if isJSON { return json(record, entry, catalog, sample: recording.sample(of: record), &output) }
    if let sample = recording.sample(of: record) {
      head(record, sample, width: recording.info.eventNameWidth ?? 0, &lines)
      catalog.describe(entry, time: record.time, cpu: record.cpu, into: &lines)
      return lines.append(10)
    }
    printGap(record.cpu, &lines)
    if let width = recording.info.bufferNameWidth { buffer(recording.buffer(ofStream: record.stream), width, &lines) }
    let isInSeconds = recording.info.isPrintedInSeconds
    guard catalog.appendLine(of: entry, time: record.time, cpu: record.cpu, isInSeconds: isInSeconds, to: &lines) else {
      call = PendingCall(entry: entry.array, catalog: catalog)
      return
    }
    // A stack ends its own last line.
    if lines.last != 10 { lines.append(10) }
  }

  /// Ends the line of a call; whether `entry`, if there is one, belongs to it.
  private mutating func finishCall(_ entry: RawSpan, _ catalog: FormatCatalog, _ lines: inout TextBuffer) -> Bool {
    guard let call else { return false }
    self.call = nil
    let isPart = call.catalog === catalog && call.catalog.appendCall(call.entry.view, before: entry, to: &lines)
    if call.catalog !== catalog { _ = call.catalog.appendCall(call.entry.view, before: nil, to: &lines) }
    lines.append(10)
    return isPart
  }

  private mutating func printGap(_ cpu: Int32, _ lines: inout TextBuffer) {
    guard !gaps.isEmpty, let gap = gaps.removeValue(forKey: cpu) else { return }
    lines.append("CPU:")
    lines.append(Array(String(cpu).utf8))
    lines.append(" [")
    if let events = gap.events {
      lines.appendDecimal(events)
      lines.append(32)
    }
    lines.append("EVENTS DROPPED]\n")
  }

  /// The name of the ring buffer, where there are several.
  private func buffer(_ name: String, _ width: Int, _ lines: inout TextBuffer) {
    lines.appendEscaped(Durations.right(name, width).keptBytes.view, keepsLines: false)
    lines.append(name.isEmpty ? "  " : ": ")
  }

  /// Everything before what the event says, as `perf script -F comm,tid,cpu,time,event,trace` has it.
  private func head(_ record: Record, _ sample: PerfSample, width: Int, _ lines: inout TextBuffer) {
    Self.append(sample.comm, width: 16, to: &lines)
    lines.append(32)
    Self.append(String(sample.tid), width: 5, to: &lines)
    if record.cpu >= 0 { lines.append(cpu: record.cpu) }
    let seconds = record.time / 1_000_000_000
    lines.append(32)
    lines.append(32, times: 5 - TextBuffer.decimalDigits(seconds))
    lines.appendDecimal(seconds)
    lines.append(UInt8(ascii: "."))
    lines.appendDecimal(record.time / 1000 % 1_000_000, digits: 6)
    lines.append(": ")
    Self.append(sample.event, width: width, to: &lines)
    lines.append(": ")
  }

  private static func append(_ text: String, width: Int, to lines: inout TextBuffer) {
    lines.append(32, times: width - text.count)
    lines.appendEscaped(text.keptBytes.view, keepsLines: false)
  }

  private func json(_ record: Record, _ entry: RawSpan, _ catalog: FormatCatalog, sample: PerfSample?, _ output: inout TextOutput) {
    let head = EntryHead(entry, catalog)
    let format = catalog.format(id: head.type)
    let comm = sample?.comm ?? catalog.comm(head.pid)
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

  private mutating func line(_ record: Record, _ recording: borrowing Recording, _ output: inout TextOutput, _ lines: inout TextBuffer) {
    let bytes = recording.bytes(of: record)
    let columns = recording.line(of: record)
    if columns.isFrame { return }
    let name = names.isEmpty && !isJSON ? "" : columns.name.bytes(of: bytes).text
    // Text does not say which system an event is of.
    if !names.isEmpty, !names.contains(where: { $0 == name || $0.hasSuffix(":\(name)") }) { return }
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
      output.endLine()
    } else {
      printGap(record.cpu, &lines)
      lines.appendEscaped(bytes)
      lines.append(10)
    }
  }
}
