internal import Bytes

/// Brings records into the order of time, as `perf` does: each round of reading the kernel's buffers ends with FINISHED_ROUND, and what a
/// round has not yet brought cannot be older than the newest record of the round before it.
///
///     round 1   ─1──3─4─┐           at the end of round 2, everything up to 4 can go: a buffer that was read early in round 1
///     round 2   ─2──5─7─┴─6─┐       may still have held 2, but round 2 has read it to its end
///
/// A round has the records of one CPU after those of another, each in order but for a few that an interrupt wrote. So what waits lies in
/// runs that are in order, side by side in one table, and only the runs are sorted:
///
///     table   1 3 4 │ 2 5 7 │ 6        run 1 goes up to 2, where run 2 begins; that one goes up to 3 …
struct PerfQueue {
  /// Entries in order, `start ..< end` of the table.
  private struct Sorted: Comparable {
    /// The time of the first.
    var time: UInt64
    var start: Int
    var end: Int

    static func < (a: Sorted, b: Sorted) -> Bool { a.time != b.time ? a.time < b.time : a.start < b.start }
  }

  /// What waits, and more room, so that a loop can fill it.
  private(set) var table: [PerfEntry] = []
  private var used = 0
  /// The runs but for the one that entries are being added to and the one that they are taken from.
  private var runs = LeastFirst<Sorted>()
  /// Where the run begins that entries are being added to, and the time of its last.
  private var openStart = 0
  private var openTime: UInt64 = 0
  /// What is left of the run that entries are taken from, and up to which time they come before those of all others.
  private var place = 0
  private var end = 0
  private var bound: UInt64 = 0
  /// How many entries have gone and still lie in the table.
  private var gone = 0

  private var count: UInt32 = 0
  /// Records up to this time can go.
  private(set) var released: UInt64 = 0
  /// Whether something may have come whose turn it is.
  private(set) var isDue = false
  /// The newest time of the rounds before, and of all.
  private var lastRound: UInt64 = 0
  private var newest: UInt64 = 0
  /// Records that turned out to be damaged while they waited.
  private var discarded: Set<UInt32> = []

  /// Adds a record and answers the number it is given here.
  @inline(__always) @discardableResult
  mutating func add(_ entry: PerfEntry) -> UInt32 {
    if entry.time < openTime { closeRun() }
    openTime = entry.time
    let number = count
    makeRoom(1)
    table[used] = entry
    table[used].number = number
    used &+= 1
    count &+= 1
    if entry.time <= released { isDue = true }
    return number
  }

  private mutating func makeRoom(_ wanted: Int) {
    guard used &+ wanted > table.count else { return }
    table.append(contentsOf: repeatElement(PerfEntry.none, count: max(wanted, table.count)))
  }

  /// Adds the samples of layout `layout` that `scan` finds, up to `wanted` of them.
  @inline(__always)
  mutating func add(_ scan: inout PerfScan, _ bytes: RawSpan, upTo wanted: Int, _ layout: Int, _ ids: PerfIDs) {
    makeRoom(wanted)
    let first = used
    (scan.latest, scan.released, scan.number) = (openTime, released, count)
    used = scan.run(bytes, into: &table, first, first &+ wanted, layout, ids)
    (openTime, count) = (scan.latest, scan.number)
    reach(scan.newest)
  }

  /// Ends the run if a sample of `time` does not belong to it.
  mutating func prepare(for time: UInt64) { if time < openTime { closeRun() } }

  /// Writes the samples of stream `stream` that come next and not after `latest` into `run`, at most `limit` with the record that was taken
  /// last; how many they are. `shared` gives the recording's number of each buffer.
  mutating func gather(_ stream: Int32, upTo latest: UInt64, limit: Int, _ shared: [Int32], into run: inout RunTable) -> Int {
    // Taken out of `run` for the time, so that nothing is checked for each part.
    var entries: [Entry] = []
    var parts: [RunPart] = []
    swap(&entries, &run.entries)
    swap(&parts, &run.parts)
    parts.removeAll(keepingCapacity: true)
    var output = entries.mutableSpan
    // What has been added since may come first.
    let isOnlyOne = openStart != used || !discarded.isEmpty
    let (latest, limit) = (min(latest, released), isOnlyOne ? 1 : limit)
    var count = 0
    repeat {
      let start = place &- 1
      let (cpu, buffer) = (Int32(table[start].cpu), shared[Int(table[start].buffer)])
      place = copy(start..<max(min(end, start &+ limit &- count), place), upTo: min(latest, bound), to: &output, at: count)
      let next = count &+ place &- start
      parts.append(RunPart(stream: stream, cpu: cpu, buffer: buffer, entries: count..<next, first: start))
      count = next
    } while count < limit && takeSample(upTo: latest)
    swap(&entries, &run.entries)
    swap(&parts, &run.parts)
    return count
  }

  /// Copies the first of `entries`, and those behind it that are samples of the same CPU in the same buffer up to `latest`; where they end.
  @inline(__always)
  private func copy(_ entries: Range<Int>, upTo latest: UInt64, to output: inout MutableSpan<Entry>, at begin: Int) -> Int {
    let source = table.span.extracting(entries)
    let lane = source[0].lane
    var count = 1
    while count < source.count, source[count].time <= latest, source[count].lane == lane, source[count].what == .sample { count &+= 1 }
    for index in 0..<count { output[begin &+ index] = Entry(source[index]) }
    return entries.lowerBound &+ count
  }

  /// Takes the next record if it is a sample up to `latest`.
  @inline(__always)
  private mutating func takeSample(upTo latest: UInt64) -> Bool {
    if place < end, table[place].time <= bound {
      guard table[place].time <= latest, table[place].what == .sample else { return false }
      place &+= 1
      return true
    }
    guard let next = runs.min, next.time <= latest, table[next.start].what == .sample else { return false }
    gone &+= place &- next.start
    if place < end { runs.replaceMin(with: Sorted(time: table[place].time, start: place, end: end)) } else { runs.removeMin() }
    takeFirst(of: next)
    return true
  }

  /// Of the samples that `gather` wrote into `parts`, only the first `count` were taken; the others wait again.
  mutating func putBack(_ parts: [RunPart], behind count: Int) {
    for part in parts where part.entries.upperBound > count {
      let start = part.first &+ max(count &- part.entries.lowerBound, 0)
      let end = part.first &+ part.entries.count
      runs.insert(Sorted(time: table[start].time, start: start, end: end))
      gone &-= end &- start
    }
    putBack()
  }

  /// Some CPU's samples have come to `time`. No sample says so alone: damage could make it any time, and let everything go at once.
  @inline(__always)
  mutating func reach(_ time: UInt64) { newest = max(newest, time) }

  /// Whether record `number`, which is about to go, is damaged; asked once.
  @inline(__always)
  mutating func isDiscarded(_ number: UInt32) -> Bool { !discarded.isEmpty && discarded.remove(number) != nil }

  /// Record `number` is damaged.
  mutating func discard(_ number: UInt32) { discarded.insert(number) }

  /// A round has ended.
  mutating func finishRound() {
    released = max(released, lastRound)
    lastRound = newest
    isDue = true
  }

  /// There will be no more records.
  mutating func finish() {
    released = .max
    isDue = true
  }

  /// The next record whose turn has come, or with `force` the next of all.
  @inline(__always)
  mutating func next(force: Bool) -> PerfEntry? {
    // What has been added since belongs to a run of its own, which may come first.
    if openStart == used, place < end {
      let time = table[place].time
      if time <= bound {
        guard force || time <= released else {
          isDue = false
          return nil
        }
        place &+= 1
        return table[place &- 1]
      }
    }
    return nextOfAll(force)
  }

  @inline(never)
  private mutating func nextOfAll(_ force: Bool) -> PerfEntry? {
    closeRun()
    // Most of what is there has gone.
    if (gone &+ place) &* 4 > used &* 3 {
      putBack()
      compact()
    }
    let rest = place < end ? Sorted(time: table[place].time, start: place, end: end) : nil
    let least = runs.min
    guard let first = rest.map({ rest in least.map { min($0, rest) } ?? rest }) ?? least, force || first.time <= released else {
      isDue = false
      return nil
    }
    gone &+= place
    if rest == nil { runs.removeMin() } else if let rest, first.start != rest.start { runs.replaceMin(with: rest) }
    gone &-= first.start
    takeFirst(of: first)
    return table[first.start]
  }

  /// Takes the first record of `run`, whatever the bound: it is the first of all.
  @inline(__always)
  private mutating func takeFirst(of run: Sorted) {
    (place, end, bound) = (run.start &+ 1, run.end, .max)
    if let other = runs.min { bound = other.start > run.start ? other.time : other.time &- 1 }
  }

  /// What comes from now on is a run of its own. It may come before what is taken now.
  private mutating func closeRun() {
    if openStart < used {
      runs.insert(Sorted(time: table[openStart].time, start: openStart, end: used))
      bound = 0
    }
    (openStart, openTime) = (used, 0)
  }

  private mutating func putBack() {
    gone &+= place
    if place < end { runs.insert(Sorted(time: table[place].time, start: place, end: end)) }
    (place, end) = (0, 0)
  }

  /// Moves what waits to the start of the table.
  private mutating func compact() {
    var kept = runs.unordered
    kept.sort { $0.start < $1.start }
    var target = 0
    for index in kept.indices {
      let (start, length) = (kept[index].start, kept[index].end &- kept[index].start)
      for step in 0..<length { table[target &+ step] = table[start &+ step] }
      (kept[index].start, kept[index].end) = (target, target &+ length)
      target &+= length
    }
    runs = LeastFirst(kept)
    (used, openStart, gone) = (target, target, 0)
  }
}
