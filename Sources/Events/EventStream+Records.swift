internal import Bytes
internal import Decoding

/// Records that are taken in one by one: losses, stacks, lines of text, and events that need more than decoding.
extension EventStream {
  /// A report lists so many losses one by one; the journeys know all of them.
  private static let gapLimit = 10_000

  /// Adds what `record`, the last one, is to the events that are ready.
  mutating func take(_ record: Record) {
    switch record.kind {
    case .gap: takeGap()
    case .stack: take(stack: record)
    case .line, .event:
      recordCount &+= 1
      if first == nil { first = record.time }
      last = max(last, record.time)
      if record.kind == .line { decodeLine(record) } else { decode(record) }
    }
  }

  private mutating func takeGap() {
    let gap = recording.gap
    if gaps.count < Self.gapLimit { gaps.append(gap) }
    text.forget(cpu: gap.cpu)
    ready.append(Event(time: gap.after, cpu: gap.cpu, pid: 0, flags: [], body: .gap(before: gap.before, events: gap.events)))
  }

  private mutating func decodeLine(_ record: Record) {
    switch Self.decode(record, &recording, &text, &names, &flows) {
    case .event(let event): ready.append(event)
    case .window(let event):
      ready.append(event)
      noteWindow(event)
    case .stack(let event):
      recordCount &-= 1
      hasStacks = true
      announce(event.cpu) { $0.pid == event.pid }
    case .other: break
    case .function: functionCount &+= 1
    case .damaged(let wasUnderstood):
      recording.noteLine(record, "CPU \(record.cpu), time \(record.time) ns: a field is missing")
      if wasUnderstood { ready.append(Self.missing(record)) }
    }
  }

  /// Takes in what decoding could not: `record` is `outcome`, and its event the next in `ready`, or already there.
  mutating func take(_ outcome: EventDecoder.Outcome, _ record: Record, _ format: Int) {
    switch outcome {
    case .event, .other: break
    case .window: noteWindow(ready[ready.count &- 1])
    case .function(let address, let isTracer):
      if !isReadable(address, record.stream) {
        ready.count &-= 1
        if isTracer { functionCount &+= 1 }
      }
    case .stack:
      let pid = ready.events[ready.count].pid
      take(record, Self.stack(record, recording, decoders[format])) { $0.pid == pid }
    case .tooShort:
      recording.note(.eventShorterThanFormat, "CPU \(record.cpu), time \(record.time) ns")
      ready.append(Self.missing(record))
    }
  }

  private static func stack(_ record: Record, _ recording: borrowing Recording, _ decoder: EventDecoder) -> (offset: Int, size: Int)? {
    decoder.stack(recording.bytes(of: record))
  }

  /// Whether the function at `address` is sock_def_readable in the kernel that stream `stream` is of.
  private mutating func isReadable(_ address: UInt64, _ stream: Int32) -> Bool {
    guard let catalog = recording.catalog(ofStream: stream) else { return false }
    return readable.contains(address, recording.formatIndex(ofStream: stream), catalog)
  }

  /// `record` was an event, but nobody knows of what.
  private static func missing(_ record: Record) -> Event {
    Event(time: record.time, cpu: record.cpu, pid: 0, flags: [], body: .gap(before: record.time, events: nil))
  }

  // The bytes of a line are borrowed from the recording, so it comes as a parameter beside the tables that decoding writes.

  private static func decode(
    _ record: Record, _ recording: inout Recording, _ text: inout TextEventDecoder, _ names: inout NameTable, _ flows: inout FlowTable
  ) -> TextEventDecoder.Outcome {
    var outcome = TextEventDecoder.Outcome.other
    recording.withLine(of: record) { line, bytes in outcome = text.decode(line, bytes, &names, &flows) }
    return outcome
  }
}
