/// Brings several streams, each in the order it was written, into one order of time.
///
///     CPU 0   ──1────4──5─────────9──
///     CPU 1   ────2──────────7───────      →   1 2 4 5 7 9
///
/// A stream is never re-sorted within itself: where a clock steps back, the entry keeps its place behind the one before it
/// (kernels before 5.10 give nested writers equal times, and mono may step back by a little).
/// Entries of equal time come in the order of the streams, as `trace-cmd report` has them.
struct RecordMerger {
  /// A stream and the time of the entry it is at.
  struct Candidate: Comparable {
    var time: UInt64
    var stream: Int32

    static func < (a: Candidate, b: Candidate) -> Bool { a.time != b.time ? a.time < b.time : a.stream < b.stream }
  }

  /// Every stream but the current one.
  private var waiting = LeastFirst<Candidate>()
  private var current: Candidate?

  /// Adds a stream that is at an entry of `time`.
  mutating func add(time: UInt64, stream: Int32) { waiting.insert(Candidate(time: time, stream: stream)) }

  /// The stream whose entry comes next, or nil at the end.
  mutating func next() -> Int32? {
    if current == nil {
      current = waiting.min
      waiting.removeMin()
    }
    return current?.stream
  }

  /// Up to which time the current stream's next entries come before those of all others; nil if not even an entry of time 0 does.
  var latest: UInt64? {
    guard let current, let least = waiting.min else { return .max }
    return least.stream > current.stream ? least.time : least.time > 0 ? least.time &- 1 : nil
  }

  /// By which time the current stream is.
  var turn: UInt64 { current?.time ?? 0 }

  /// Goes back to where stream `stream` was current by `time`, and those of `turns` waited by their times.
  mutating func goBack(to stream: Int32, _ time: UInt64, _ turns: [Int32: UInt64]) {
    let all = waiting.unordered + (current.map { [$0] } ?? [])
    waiting = LeastFirst(all.filter { $0.stream != stream }.map { Candidate(time: turns[$0.stream] ?? $0.time, stream: $0.stream) })
    current = Candidate(time: time, stream: stream)
  }

  /// The current stream has moved on to an entry of `time`, which is not behind `latest`; the ones before it were earlier or at the same time.
  mutating func stays(at time: UInt64) {
    guard let candidate = current else { return }
    current = Candidate(time: max(time, candidate.time), stream: candidate.stream)
  }

  /// The current stream has moved on to an entry of `time`, or to its end (nil).
  @inline(__always)
  mutating func advanced(to time: UInt64?) {
    guard let candidate = current else { return }
    guard let time else {
      current = nil
      return
    }
    let moved = Candidate(time: max(time, candidate.time), stream: candidate.stream)
    guard let least = waiting.min, least < moved else {
      current = moved
      return
    }
    waiting.replaceMin(with: moved)
    current = least
  }
}
