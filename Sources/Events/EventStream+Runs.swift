internal import Bytes
internal import Decoding

/// Events that are decoded where they lie: one loop for those of ring buffers, of a perf.data, and for one by itself.
extension EventStream {
  /// Decodes the events of `begin`, and of the runs behind it, as far as there is room.
  mutating func decode(_ begin: Run) {
    if first == nil { first = recording.withEntries { entries, _, _ in entries[0].time } }
    var run: Run? = begin
    while let next = run {
      let done = Self.decode(&run, &recording, next.format, decoders[next.format], &names, &flows, &ready)
      recordCount &+= done.count
      last = max(last, done.time)
      if let outcome = done.outcome, let record = done.record { take(outcome, record, next.format) }
    }
  }

  /// Decodes `record`, an event that does not come in a run.
  mutating func decode(_ record: Record) {
    let format = recording.formatIndex(ofStream: record.stream)
    if let outcome = Self.decode(record, recording, decoders[format], &names, &flows, &ready) { take(outcome, record, format) }
  }

  // The bytes of events are borrowed from the recording, so it comes as a parameter beside the tables that decoding writes.

  /// How far runs were decoded.
  private struct Done {
    /// So many events were decoded, and the last had this time.
    var count = 0
    var time: UInt64 = 0
    /// What the last one turned out to be if it needs more than decoding.
    var outcome: EventDecoder.Outcome?
    var record: Record?
  }

  /// Decodes the events of `run`, and of the runs behind it as far as format `format` describes them and there is room, up to the first one
  /// that needs more than that. A run that another format describes replaces `run`.
  private static func decode(
    _ run: inout Run?, _ recording: inout Recording, _ format: Int, _ decoder: EventDecoder, _ names: inout NameTable,
    _ flows: inout FlowTable, _ batch: inout EventBatch
  ) -> Done {
    var done = Done()
    while let current = run, current.format == format {
      let (count, part, outcome) = recording.withEntries { entries, parts, buffers in
        decode(entries, parts, buffers, decoder, &names, &flows, &batch)
      }
      done.count &+= count
      done.time = max(done.time, recording.take(count, of: current))
      if let outcome {
        done.outcome = outcome
        done.record = recording.withEntries { entries, parts, _ in parts[part].record(entries[count &- 1]) }
        run = nil
        return done
      }
      run = batch.room > 0 ? recording.nextRun(limit: batch.room) : nil
    }
    return done
  }

  /// Decodes the entries of a run, of which `parts` says where they lie; how many were decoded, and in which part the last one is.
  @inline(__always)
  private static func decode(
    _ entries: Span<Entry>, _ parts: Span<RunPart>, _ buffers: borrowing ByteBuffers, _ decoder: EventDecoder,
    _ names: inout NameTable, _ flows: inout FlowTable, _ batch: inout EventBatch
  ) -> (count: Int, part: Int, outcome: EventDecoder.Outcome?) {
    var place = BatchPlace(batch)
    var events = batch.events.mutableSpan
    var (count, part) = (0, -1)
    while place.last == nil, part &+ 1 < parts.count {
      part &+= 1
      let (entries, cpu) = (entries.extracting(parts[part].entries), parts[part].cpu)
      let bytes = buffers.bytes(Int(parts[part].buffer))
      count &+= decode(entries.count, decoder, &names, &flows, &events, &place) { index, schemas, layouts, names, flows, event in
        let raw = bytes.slice(entries[index].offset, entries[index].length)
        return decoder.decode(entries[index].time, cpu, raw, schemas, layouts, &names, &flows, into: &event)
      }
    }
    batch.count = place.filled
    return (count, part, place.last)
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
}
