internal import HeapModule

/// Brings records into the order of time, as `perf` does: each round of reading the kernel's buffers ends with FINISHED_ROUND, and what a
/// round has not yet brought cannot be older than the newest record of the round before it.
///
///     round 1   ─1──3─4─┐           at the end of round 2, everything up to 4 can go: a buffer that was read early in round 1
///     round 2   ─2──5─7─┴─6─┐       may still have held 2, but round 2 has read it to its end
struct PerfQueue {
  /// A record that waits for its turn.
  struct Entry: Comparable {
    var time: UInt64
    /// Records of equal time stay in the order of the file.
    var number: UInt64
    /// The buffer that holds it, or for a loss the index of the loss.
    var buffer: Int32
    var offset: Int32
    var size: Int32
    var attribute: Int32
    var cpu: Int32
    var tid: Int32
    var what: What

    static func < (a: Entry, b: Entry) -> Bool { a.time != b.time ? a.time < b.time : a.number < b.number }
    static func == (a: Entry, b: Entry) -> Bool { a.number == b.number }
  }

  enum What: UInt8 {
    case sample
    case comm
    case fork
    case gap
  }

  private var waiting = Heap<Entry>()
  private var count: UInt64 = 0
  /// Records up to this time can go.
  private var released: UInt64 = 0
  /// The newest time of the rounds before, and of all.
  private var lastRound: UInt64 = 0
  private var newest: UInt64 = 0
  /// Records that turned out to be damaged while they waited.
  private var condemned: Set<UInt64> = []

  /// Adds a record and answers the number it is given here.
  @discardableResult
  mutating func add(_ entry: Entry) -> UInt64 {
    var numbered = entry
    numbered.number = count
    count += 1
    waiting.insert(numbered)
    return numbered.number
  }

  /// Some CPU's samples have come to `time`. No sample says so alone: damage could make it any time, and let everything go at once.
  @inline(__always)
  mutating func reach(_ time: UInt64) { newest = max(newest, time) }

  /// Whether record `number`, which is about to go, is damaged; asked once.
  @inline(__always)
  mutating func isCondemned(_ number: UInt64) -> Bool { !condemned.isEmpty && condemned.remove(number) != nil }

  /// Record `number` is damaged.
  mutating func condemn(_ number: UInt64) { condemned.insert(number) }

  /// A round has ended.
  mutating func finishRound() {
    released = max(released, lastRound)
    lastRound = newest
  }

  /// There will be no more records.
  mutating func finish() { released = .max }

  /// The next record whose turn has come, or with `force` the next of all.
  mutating func next(force: Bool) -> Entry? {
    guard let first = waiting.min, force || first.time <= released else { return nil }
    return waiting.popMin()
  }
}
