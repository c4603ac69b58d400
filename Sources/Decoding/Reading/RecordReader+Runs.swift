internal import Bytes

/// Events that come one after another from ring buffers or one perf.data, to be decoded where they lie.
///
/// CPUs come by turns, every few events. What a turn costs is more than what an event does, so that many turns are gathered for one run.
extension RecordReader {
  /// The events that come next and that one catalog describes, at most `limit`, or nil if something else does. They and their bytes are valid
  /// until the next call; before it, `take` tells how many were taken.
  mutating func nextRun(limit: Int) -> Run? {
    guard !streams.rings.isEmpty || !streams.perfs.isEmpty, let first = nextStream() else { return nil }
    switch streams.place(first) {
    case .ring: return isAtEvent(first) ? ringRun(first, limit: limit) : nil
    case .text: return nil
    case .perf(let index): return perfRun(first, index, limit: limit)
    }
  }

  private func isAtEvent(_ stream: Int32) -> Bool { Int(stream) < streams.rings.count && streams.rings[Int(stream)].head == .event }

  /// A run of ring buffers, `first` first. It ends where one has to look up further entries, for they replace those that it has.
  private mutating func ringRun(_ first: Int32, limit: Int) -> Run {
    let catalog = streams.rings[Int(first)].catalog
    // Taken out of `self` for the time, so that nothing is checked for each event.
    var places: [Entry] = []
    var parts: [RunPart] = []
    swap(&places, &table.entries)
    swap(&parts, &table.parts)
    parts.removeAll(keepingCapacity: true)
    let end = min(limit, table.patience, places.count)
    var entries = places.mutableSpan
    var count = 0
    while count < end, let stream = merger.next(), isAtEvent(stream), streams.rings[Int(stream)].catalog == catalog {
      let index = Int(stream)
      let (start, turn, begin) = (streams.rings[index].nextEntry, merger.turn, count)
      count = streams.rings[index].copy(upTo: max(merger.latest ?? 0, streams.rings[index].headTime), to: &entries, from: count, end)
      parts.append(
        RunPart(stream: stream, cpu: streams.rings[index].cpu, buffer: stream, entries: begin..<count, first: start, turn: turn))
      merger.stays(at: streams.rings[index].move(to: start &+ count &- begin &- 1))
      guard let next = streams.rings[index].step() else {
        hasMoved = false
        break
      }
      merger.advanced(to: next)
    }
    swap(&places, &table.entries)
    swap(&parts, &table.parts)
    table.patience = min(table.patience &* 2, RunTable.limit)
    return Run(stream: first, format: catalog, count: count)
  }

  /// A run of samples of a perf.data; nil if it is at something else.
  private mutating func perfRun(_ stream: Int32, _ index: Int, limit: Int) -> Run? {
    guard let count = streams.perfs[index].run(stream, upTo: merger.latest ?? 0, limit: min(limit, RunTable.limit), &table) else { return nil }
    hasMoved = false
    return Run(stream: stream, format: streams.perfs[index].catalog, count: count)
  }

  /// The first `count` events of `run`, the last one, were taken, one at least; the time of the last of them.
  @inline(__always)
  mutating func take(_ count: Int, of run: Run) -> UInt64 {
    let rings = streams.rings.count
    if Int(run.stream) >= rings {
      streams.perfs[Int(run.stream) - rings - streams.texts.count].take(count, of: run.count, table.parts)
      merger.stays(at: table.entries[count &- 1].time)
    } else if count < run.count {
      putBack(from: count)
    }
    return table.entries[count &- 1].time
  }

  /// The last run, of ring buffers, ends before its event `end`: all of them go back to where they were then.
  @inline(never)
  private mutating func putBack(from end: Int) {
    // Where one event stops a run, others may be near.
    table.patience = max(end, 8)
    guard let last = table.parts.firstIndex(where: { $0.entries.contains(end &- 1) }) else { return }
    var turns: [Int32: UInt64] = [:]
    for part in table.parts[(last + 1)...].reversed() {
      _ = streams.rings[Int(part.stream)].move(to: part.first)
      turns[part.stream] = part.turn
    }
    let part = table.parts[last]
    let time = streams.rings[Int(part.stream)].move(to: part.first &+ end &- 1 &- part.entries.lowerBound)
    merger.goBack(to: part.stream, max(part.turn, time), turns)
    hasMoved = false
  }
}
