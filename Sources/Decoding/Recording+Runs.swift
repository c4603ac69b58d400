public import Bytes

/// Events that come one after another from ring buffers or one perf.data, to be decoded where they lie.
extension Recording {
  /// The events of ring buffers that come next, at most `limit`, or nil if something else does. They and their bytes are valid until the next call;
  /// before it, `take(_:_:)` tells how many were taken.
  ///
  /// CPUs come by turns, every few events. What a turn costs is more than what an event does, so that many turns are gathered for one run. It ends
  /// where a ring buffer has to look up further entries, for they replace those that it has.
  public mutating func nextRun(limit: Int) -> RingRun? {
    guard !rings.isEmpty else { return nil }
    if !hasMoved, let last = merger.next() { merger.advanced(to: advance(Int(last))) }
    hasMoved = true
    guard let first = merger.next(), isAtEvent(first) else { return nil }
    let catalog = catalogOfStream[Int(first)]
    // Taken out of `self` for the time, so that nothing is checked for each event.
    var table: [RingEntry] = []
    var parts: [RingPart] = []
    swap(&table, &ringEntries)
    swap(&parts, &ringParts)
    parts.removeAll(keepingCapacity: true)
    let end = min(limit, ringLimit, table.count)
    var entries = table.mutableSpan
    var count = 0
    while count < end, let stream = merger.next(), isAtEvent(stream), catalogOfStream[Int(stream)] == catalog {
      let index = Int(stream)
      let (start, turn, begin) = (rings[index].nextEntry, merger.turn, count)
      count = rings[index].copy(upTo: max(merger.latest ?? 0, rings[index].headTime), to: &entries, from: count, end)
      parts.append(RingPart(stream: stream, cpu: rings[index].cpu, entries: begin..<count, first: start, turn: turn))
      merger.stays(at: rings[index].move(to: start &+ count &- begin &- 1))
      guard let next = rings[index].step() else {
        hasMoved = false
        break
      }
      merger.advanced(to: next)
    }
    swap(&table, &ringEntries)
    swap(&parts, &ringParts)
    ringLimit = min(ringLimit &* 2, Self.ringLimit)
    return RingRun(stream: first, count: count)
  }

  /// So many events at most make a run.
  static let ringLimit = 1024

  private func isAtEvent(_ stream: Int32) -> Bool { Int(stream) < rings.count && rings[Int(stream)].head == .event }

  /// The first `count` events of `run`, the last one, were taken, one at least; the time of the last of them.
  @inline(__always)
  public mutating func take(_ run: RingRun, _ count: Int) -> UInt64 {
    if count < run.count { putBack(from: count) }
    return ringEntries[count &- 1].time
  }

  /// The last run ends before its event `end`: all ring buffers go back to where they were then.
  @inline(never)
  private mutating func putBack(from end: Int) {
    // Where one event stops a run, others may be near.
    ringLimit = max(end, 8)
    guard let last = ringParts.firstIndex(where: { $0.entries.contains(end &- 1) }) else { return }
    var turns: [Int32: UInt64] = [:]
    for part in ringParts[(last + 1)...].reversed() {
      _ = rings[Int(part.stream)].move(to: part.first)
      turns[part.stream] = part.turn
    }
    let part = ringParts[last]
    let time = rings[Int(part.stream)].move(to: part.first &+ end &- 1 &- part.entries.lowerBound)
    merger.goBack(to: part.stream, max(part.turn, time), turns)
    hasMoved = false
  }

  /// Shows `body` the entries of `run`, the last one, which of them lie in which ring buffer, part by part, and the buffers' bytes.
  public func withEntries<Result>(of run: RingRun, _ body: (Span<RingEntry>, Span<RingPart>, borrowing ByteBuffers) -> Result) -> Result {
    let (entries, parts) = (ringEntries, ringParts)
    return body(entries.span, parts.span, buffers)
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
