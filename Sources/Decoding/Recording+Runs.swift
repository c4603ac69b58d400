public import Bytes

/// Events that come one after another from one ring buffer or perf.data, to be decoded where they lie.
extension Recording {
  /// The events of a ring buffer that come next, at most `limit`, or nil if something else does. They and their bytes are valid until the
  /// next call; before it, `take(_:upTo:)` tells how many were taken.
  public mutating func nextRun(limit: Int) -> RingRun? {
    guard !rings.isEmpty else { return nil }
    if !hasMoved, let last = merger.next() { merger.advanced(to: advance(Int(last))) }
    hasMoved = true
    guard let stream = merger.next(), Int(stream) < rings.count, rings[Int(stream)].head == .event else { return nil }
    hasMoved = false
    let index = Int(stream)
    let start = rings[index].nextEntry
    let end = min(rings[index].entryCount, start &+ limit)
    return RingRun(
      stream: stream, cpu: rings[index].cpu, latest: max(merger.latest ?? 0, rings[index].headTime), entries: start..<end)
  }

  /// The entries of `run`, the last one, were taken up to entry `end`, one at least; the time of the last of them.
  @inline(__always)
  public mutating func take(_ run: RingRun, upTo end: Int) -> UInt64 {
    let time = rings[Int(run.stream)].move(to: end &- 1)
    merger.stays(at: time)
    return time
  }

  /// Shows `body` the entries of the ring buffer that `run`, the last one, is of, and the bytes they lie in.
  public func withEntries<Result>(of run: RingRun, _ body: (Span<RingEntry>, RawSpan) -> Result) -> Result {
    let rings = rings.span
    return body(rings[Int(run.stream)].entries.span, buffers.bytes(Int(run.stream)))
  }

  /// The samples of a perf.data that come next, at most `limit`, or nil if something else does. As with `nextRun`, they are valid until the next
  /// call, and before it `take(_:_:)` tells how many were taken.
  public mutating func nextSamples(limit: Int) -> PerfRun? {
    guard !perfs.isEmpty else { return nil }
    if !hasMoved, let last = merger.next() { merger.advanced(to: advance(Int(last))) }
    hasMoved = true
    guard let stream = merger.next(), let index = perfIndex(stream), let run = perfs[index].run(stream, upTo: merger.latest ?? 0, limit: limit)
    else { return nil }
    hasMoved = false
    return run
  }

  /// Shows `body` the records that wait in the perf.data that `run`, the last one, is of, which of them the run consists of, part by part, and the
  /// buffers that they lie in.
  public func withEntries<Result>(of run: PerfRun, _ body: (Span<PerfEntry>, Span<PerfPart>, borrowing ByteBuffers) -> Result) -> Result {
    let index = Int(run.stream) - rings.count - texts.count
    let (entries, parts) = (perfs[index].queue.table, perfs[index].queue.parts)
    return body(entries.span, parts.span, buffers)
  }

  /// The first `count` samples of `run`, the last one, were taken, one at least; the time of the last of them.
  public mutating func take(_ run: PerfRun, _ count: Int) -> UInt64 {
    let time = perfs[Int(run.stream) - rings.count - texts.count].take(run, count)
    merger.stays(at: time)
    return time
  }
}
