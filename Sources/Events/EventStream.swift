internal import Bytes
public import Decoding

/// The events of a recording in time order, decoded; memory does not depend on how many there are.
public struct EventStream {
  /// What is read.
  public private(set) var recording: Recording
  /// The strings that events name by id.
  public private(set) var names = NameTable()
  /// The flows that events name by id.
  public private(set) var flows = FlowTable()
  /// What the recording can show.
  public let capabilities: Capabilities
  /// Records read so far, those that are not of the network path included.
  public private(set) var recordCount = 0
  /// Times of the first and last record, in nanoseconds.
  public private(set) var first: UInt64?
  public private(set) var last: UInt64 = 0
  /// Every loss met so far.
  public private(set) var gaps: [Gap] = []
  /// The windows of a recording with pauses, in nanoseconds; empty where it has none. The last ends with the recording if its end is not in it.
  public internal(set) var windows: [Range<UInt64>] = []
  /// In a pause: where among the events that are ready those of the pause begin.
  var paused: Int?

  private let dropReasons: [Int32: String]
  private var decoders: [EventDecoder]
  private var text = TextEventDecoder()
  /// Records of the function tracers that mark no step.
  private var functionCount = 0
  var readable = ReadableAddresses()
  /// Events that are decoded, and which of them comes next.
  var ready = EventBatch()
  private(set) var nextReady = 0
  /// Whether there were stacks.
  var hasStacks = false
  /// Events that wait for the stack of a wakeup among them.
  var held: [Event] = []

  /// The events of `recording`.
  public init(_ recording: Recording) {
    self.recording = recording
    decoders = recording.formats.map { EventDecoder($0) }
    dropReasons = Self.dropReasons(recording.formats)
    capabilities = Capabilities(decoders, recording)
  }

  /// The next event of the network path, or nil at the end.
  public mutating func next() -> Event? {
    if nextReady == ready.count {
      ready.before &+= UInt32(truncatingIfNeeded: ready.count)
      (nextReady, ready.count) = (0, 0)
      guard refill() else { return nil }
    }
    nextReady &+= 1
    return ready[nextReady &- 1]
  }

  /// Replaces `events` by the next ones; false at the end. Not to be mixed with `next()`, which reads ahead.
  public mutating func next(_ events: inout EventBatch) -> Bool {
    // The buffer of the other way to read stays empty.
    swap(&ready, &events)
    defer {
      swap(&ready, &events)
      ready.before = events.before &+ UInt32(truncatingIfNeeded: events.count)
    }
    (ready.count, ready.before) = (0, events.before)
    return refill()
  }

  /// Fills `ready`, which is empty; false at the end.
  private mutating func refill() -> Bool {
    takeHeld()
    keepPaused()
    // A record makes one event at most.
    while ready.room > 0 {
      if let run = recording.nextRun(limit: ready.room) {
        decode(run)
      } else if let run = recording.nextSamples(limit: ready.room) {
        decode(run)
      } else if !fill() {
        break
      }
      dropPaused()
    }
    holdBack()
    return ready.count > 0
  }

  /// Adds what the next record is to the events that are ready; false at the end.
  private mutating func fill() -> Bool {
    guard let record = recording.next() else {
      if functionCount > 0 {
        recording.note(.functionRecords, "\(functionCount) records")
        functionCount = 0
      }
      return false
    }
    if record.kind == .gap {
      let gap = recording.gap
      if gaps.count < Self.gapLimit { gaps.append(gap) }
      text.forget(cpu: gap.cpu)
      ready.append(Event(time: gap.after, cpu: gap.cpu, pid: 0, flags: [], body: .gap(before: gap.before, events: gap.events)))
      return true
    }
    if record.kind == .stack {
      take(stack: record)
      return true
    }
    recordCount &+= 1
    if first == nil { first = record.time }
    last = max(last, record.time)
    if record.kind == .line { decodeLine(record) } else { decode(record) }
    return true
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

  private mutating func decode(_ record: Record) {
    let format = recording.formatIndex(ofStream: record.stream)
    if let outcome = Self.decode(record, recording, decoders[format], &names, &flows, &ready) { take(outcome, record, format) }
  }

  /// Decodes the events of `begin`, and of the runs behind it, as far as there is room.
  private mutating func decode(_ begin: RingRun) {
    if first == nil { first = recording.withEntries(of: begin) { entries, _, _ in entries[0].time } }
    var run: RingRun? = begin
    while let next = run {
      let format = recording.formatIndex(ofStream: next.stream)
      note(Self.decode(&run, &recording, format, decoders[format], &names, &flows, &ready), format)
    }
  }

  /// The same for the samples of a perf.data.
  private mutating func decode(_ begin: PerfRun) {
    if first == nil { first = recording.withEntries(of: begin) { entries, parts, _ in entries[parts[0].entries.lowerBound].time } }
    var run: PerfRun? = begin
    while let next = run {
      let format = recording.formatIndex(ofStream: next.stream)
      note(Self.decode(&run, &recording, format, decoders[format], &names, &flows, &ready), format)
    }
  }

  /// Takes in what runs were decoded to, as format `format` describes them.
  private mutating func note(_ place: Place, _ format: Int) {
    recordCount &+= place.count
    last = max(last, place.time)
    if let outcome = place.outcome, let record = place.record { take(outcome, record, format) }
  }

  /// Takes in what decoding could not: `record` is `outcome`, and its event the next in `ready`, or already there.
  private mutating func take(_ outcome: EventDecoder.Outcome, _ record: Record, _ format: Int) {
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

  private static func dropReasons(_ catalogs: [FormatCatalog]) -> [Int32: String] {
    var names: [Int32: String] = [:]
    for catalog in catalogs {
      guard let format = catalog.format(system: "skb", name: "kfree_skb") else { continue }
      for (number, name) in catalog.symbols(ofField: "reason", in: format) { names[Int32(truncatingIfNeeded: number)] = name }
    }
    return names
  }

  // The bytes of a record are borrowed from the recording, so it comes as a parameter beside the tables that decoding writes.

  /// Where the decoding of runs has ended.
  private struct Place {
    /// So many events were decoded, and the last had this time.
    var count = 0
    var time: UInt64 = 0
    /// What the last one turned out to be if it needs more than decoding.
    var outcome: EventDecoder.Outcome?
    var record: Record?
  }

  /// Decodes the entries of `run`, and of the runs behind it as far as format `format` describes them and there is room, up to the first one
  /// that needs more than that. A run that another format describes replaces `run`.
  private static func decode(
    _ run: inout RingRun?, _ recording: inout Recording, _ format: Int, _ decoder: EventDecoder, _ names: inout NameTable, _ flows: inout FlowTable,
    _ batch: inout EventBatch
  ) -> Place {
    var place = Place()
    while let current = run, recording.formatIndex(ofStream: current.stream) == format {
      let (count, part, outcome) = recording.withEntries(of: current) { entries, parts, buffers in
        decode(entries, parts, buffers, decoder, &names, &flows, &batch)
      }
      place.count &+= count
      place.time = max(place.time, recording.take(current, count))
      if let outcome {
        place.outcome = outcome
        place.record = recording.withEntries(of: current) { entries, parts, _ in parts[part].record(entries[count &- 1]) }
        run = nil
        return place
      }
      run = batch.room > 0 ? recording.nextRun(limit: batch.room) : nil
    }
    return place
  }

  /// The same for samples of a perf.data.
  private static func decode(
    _ run: inout PerfRun?, _ recording: inout Recording, _ format: Int, _ decoder: EventDecoder, _ names: inout NameTable, _ flows: inout FlowTable,
    _ batch: inout EventBatch
  ) -> Place {
    var place = Place()
    while let current = run, recording.formatIndex(ofStream: current.stream) == format {
      let (count, last, outcome) = recording.withEntries(of: current) { entries, parts, buffers in
        decode(entries, parts, buffers, decoder, &names, &flows, &batch)
      }
      place.count &+= count
      place.time = max(place.time, recording.take(current, count))
      if let outcome {
        place.outcome = outcome
        place.record = recording.withEntries(of: current) { entries, parts, _ in current.record(entries[last.place], parts[last.part]) }
        run = nil
        return place
      }
      run = batch.room > 0 ? recording.nextSamples(limit: batch.room) : nil
    }
    return place
  }

  /// Decodes the entries of a run, of which `parts` says in which ring buffers they lie; how many were decoded, and of which part the last one is.
  @inline(__always)
  private static func decode(
    _ entries: Span<RingEntry>, _ parts: Span<RingPart>, _ buffers: borrowing ByteBuffers, _ decoder: EventDecoder,
    _ names: inout NameTable, _ flows: inout FlowTable, _ batch: inout EventBatch
  ) -> (count: Int, part: Int, outcome: EventDecoder.Outcome?) {
    var place = BatchPlace(batch)
    var events = batch.events.mutableSpan
    var (count, part) = (0, -1)
    while place.last == nil, part &+ 1 < parts.count {
      part &+= 1
      let (entries, cpu) = (entries.extracting(parts[part].entries), parts[part].cpu)
      let bytes = buffers.bytes(Int(parts[part].stream))
      count &+= decode(entries.count, decoder, &names, &flows, &events, &place) { index, schemas, layouts, names, flows, event in
        let raw = bytes.slice(entries[index].offset, entries[index].length)
        return decoder.decode(entries[index].time, cpu, raw, schemas, layouts, &names, &flows, into: &event)
      }
    }
    batch.count = place.filled
    return (count, part, place.last)
  }

  /// Decodes the samples of a run, of which `parts` says where in `entries` they lie; how many were decoded, and where the last one lies.
  @inline(__always)
  private static func decode(
    _ entries: Span<PerfEntry>, _ parts: Span<PerfPart>, _ buffers: borrowing ByteBuffers, _ decoder: EventDecoder,
    _ names: inout NameTable, _ flows: inout FlowTable, _ batch: inout EventBatch
  ) -> (count: Int, last: (place: Int, part: Int), outcome: EventDecoder.Outcome?) {
    var place = BatchPlace(batch)
    var events = batch.events.mutableSpan
    var (count, part, last) = (0, -1, 0)
    while place.last == nil, part &+ 1 < parts.count {
      part &+= 1
      let entries = entries.extracting(parts[part].entries)
      let bytes = buffers.bytes(Int(parts[part].buffer))
      let end = decode(entries.count, decoder, &names, &flows, &events, &place) { index, schemas, layouts, names, flows, event in
        let raw = bytes.slice(UInt32(truncatingIfNeeded: entries[index].offset), UInt32(entries[index].size))
        return decoder.decode(entries[index].time, Int32(entries[index].cpu), raw, schemas, layouts, &names, &flows, into: &event)
      }
      count &+= end
      last = parts[part].entries.lowerBound &+ end &- 1
    }
    batch.count = place.filled
    return (count, (last, part), place.last)
  }

  /// Decodes one record.
  private static func decode(
    _ record: Record, _ recording: borrowing Recording, _ decoder: EventDecoder, _ names: inout NameTable, _ flows: inout FlowTable,
    _ batch: inout EventBatch
  ) -> EventDecoder.Outcome? {
    let bytes = recording.bytes(of: record)
    var place = BatchPlace(batch)
    var events = batch.events.mutableSpan
    _ = decode(1, decoder, &names, &flows, &events, &place) { _, schemas, layouts, names, flows, event in
      decoder.decode(record.time, record.cpu, bytes, schemas, layouts, &names, &flows, into: &event)
    }
    batch.count = place.filled
    return place.last
  }

  /// How far a batch is filled while a loop decodes into it.
  private struct BatchPlace {
    var filled: Int
    /// So many events came before the batch, and one.
    let before: UInt32
    /// What the last entry turned out to be if it needs more than decoding.
    var last: EventDecoder.Outcome?

    init(_ batch: EventBatch) { (filled, before) = (batch.count, batch.before &+ 1) }
  }

  /// Decodes entries `0 ..< count` with `next`, which takes the event to fill behind what is in `events`, up to the first that needs more than that
  /// or has its turn later (nil), as far as there is room; how many those were.
  @inline(__always)
  private static func decode(
    _ count: Int, _ decoder: EventDecoder, _ names: inout NameTable, _ flows: inout FlowTable, _ events: inout MutableSpan<Event>,
    _ place: inout BatchPlace,
    _ next: (Int, Span<Int16>, Span<EventLayout>, inout NameTable, inout FlowTable, inout Event) -> EventDecoder.Outcome?
  ) -> Int {
    let (schemas, layouts) = (decoder.schemaOfID.span, decoder.layouts.span)
    var (index, filled) = (0, place.filled)
    let end = min(count, events.count &- filled)
    decoding: while index < end, let outcome = next(index, schemas, layouts, &names, &flows, &events[filled]) {
      events[filled].order = place.before &+ UInt32(truncatingIfNeeded: filled)
      index &+= 1
      switch outcome {
      case .event: filled &+= 1
      case .other: break
      case .window, .function:
        filled &+= 1
        place.last = outcome
        break decoding
      case .tooShort, .stack:
        place.last = outcome
        break decoding
      }
    }
    place.filled = filled
    return index
  }

  private static func decode(
    _ record: Record, _ recording: inout Recording, _ text: inout TextEventDecoder, _ names: inout NameTable, _ flows: inout FlowTable
  ) -> TextEventDecoder.Outcome {
    var outcome = TextEventDecoder.Outcome.other
    recording.withLine(of: record) { line, bytes in outcome = text.decode(line, bytes, &names, &flows) }
    return outcome
  }

  /// A report lists so many losses one by one; the journeys know all of them.
  private static let gapLimit = 10_000

  /// The name of drop reason `number`, which differs from kernel to kernel and is taken from the event's own print format;
  /// nil where the kernel gave no reason.
  public func dropReason(_ number: Int32) -> String? {
    guard number >= 0 else { return nil }
    return (recording.info.isText ? names[number: number] : dropReasons[number]) ?? String(number)
  }

  /// The name of kernel code at `address`.
  public func symbol(at address: UInt64) -> String? {
    if recording.info.isText { return Int32(exactly: address).flatMap { names[number: $0] } }
    return recording.formats.lazy.compactMap { $0.symbol(at: address)?.name }.first
  }

  /// The name the recording's own table has for task `pid`.
  public func comm(_ pid: Int32) -> String? {
    recording.comm(pid) ?? recording.formats.lazy.map { $0.comm(pid) }.first { $0 != "<...>" } ?? text.comm(pid).map { names[$0] }
  }
}
