internal import Bytes

/// Reads the streams of a recording as one, in time order: record by record (`next`), or events in runs (`nextRun`).
struct RecordReader {
  var streams: StreamSet
  /// What was wrong with what was read so far.
  var diagnostics: Diagnostics
  /// The loss that the last record of kind `gap` stands for.
  private(set) var gap = Gap(cpu: 0, after: 0, before: 0, events: nil)
  /// By stream; those of a perf.data come behind them as it needs them.
  var buffers = ByteBuffers()
  var merger = RecordMerger()
  /// Whether the stream that the last record came from is past it.
  var hasMoved = true
  var table = RunTable()

  /// A reader at the beginning of `streams`, whose opening met `diagnostics`.
  init(_ streams: StreamSet, _ diagnostics: Diagnostics) {
    self.streams = streams
    self.diagnostics = diagnostics
    for _ in 0..<streams.count { buffers.append(ByteBuffer(capacity: 1)) }
    for index in 0..<streams.count {
      if index < streams.rings.count { self.streams.rings[index].open(&self.diagnostics) }
      if let time = advance(index) { merger.add(time: time, stream: Int32(index)) }
    }
  }

  /// Where the last of the ring buffers of `cpus` begins, in nanoseconds; asked before anything is read.
  func latestStart(of cpus: Set<Int32>) -> UInt64 {
    streams.rings.lazy.filter { $0.head != .end && cpus.contains($0.cpu) }.map(\.headTime).max() ?? 0
  }

  /// Moves stream `index` on; the time of its next entry, or nil at its end.
  @inline(__always)
  mutating func advance(_ index: Int) -> UInt64? {
    if index < streams.rings.count, let time = streams.rings[index].step() { return time }
    return advanceFar(index)
  }

  /// The same where it takes more than a step within a page.
  @inline(never)
  private mutating func advanceFar(_ stream: Int) -> UInt64? {
    switch streams.place(Int32(stream)) {
    case .ring(let index):
      streams.rings[index].advance(&buffers, stream, &diagnostics)
      return streams.rings[index].head == .end ? nil : streams.rings[index].headTime
    case .text(let index):
      streams.texts[index].advance(&buffers, stream, &diagnostics)
      return streams.texts[index].head == .end ? nil : streams.texts[index].headTime
    case .perf(let index):
      streams.perfs[index].advance(&buffers, &diagnostics)
      return streams.perfs[index].head == .end ? nil : streams.perfs[index].headTime
    }
  }

  /// Moves the stream of the last record past it; the stream whose entry comes next, or nil at the end.
  @inline(__always)
  mutating func nextStream() -> Int32? {
    if !hasMoved, let last = merger.next() { merger.advanced(to: advance(Int(last))) }
    hasMoved = true
    return merger.next()
  }

  /// The next record in time order, or nil at the end. Its bytes are valid until the next call.
  mutating func next() -> Record? {
    guard let stream = nextStream() else {
      hasMoved = false
      return nil
    }
    hasMoved = false
    switch streams.place(stream) {
    case .ring(let index): return ringRecord(stream, index)
    case .text(let index): return textRecord(stream, index)
    case .perf(let index): return perfRecord(stream, index)
    }
  }

  private mutating func ringRecord(_ stream: Int32, _ index: Int) -> Record {
    guard streams.rings[index].head == .event else {
      if let found = streams.rings[index].gap { gap = found }
      return Record(
        time: streams.rings[index].headTime, cpu: streams.rings[index].cpu, stream: stream, offset: 0, length: 0, buffer: stream, kind: .gap)
    }
    let part = RunPart(stream: stream, cpu: streams.rings[index].cpu, buffer: stream, entries: 0..<1)
    return part.record(streams.rings[index].entries[streams.rings[index].nextEntry])
  }

  private mutating func textRecord(_ stream: Int32, _ index: Int) -> Record {
    let isGap = streams.texts[index].head == .gap
    if isGap, let found = streams.texts[index].gap { gap = found }
    return Record(
      time: streams.texts[index].headTime, cpu: streams.texts[index].headCPU, stream: stream,
      offset: Int32(truncatingIfNeeded: streams.texts[index].headOffset),
      length: isGap ? 0 : Int32(truncatingIfNeeded: streams.texts[index].headLength), buffer: stream, kind: isGap ? .gap : .line)
  }

  private mutating func perfRecord(_ stream: Int32, _ index: Int) -> Record {
    if streams.perfs[index].head == .gap, let found = streams.perfs[index].gap { gap = found }
    return Record(
      time: streams.perfs[index].headTime, cpu: streams.perfs[index].headCPU, stream: stream, offset: streams.perfs[index].headOffset,
      length: streams.perfs[index].headLength, buffer: streams.perfs[index].headBuffer, kind: streams.perfs[index].head.kind)
  }
}
