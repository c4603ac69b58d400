/// Finds samples whose time cannot be. A CPU's buffer is written in the order of time, but for what an interrupt writes while a sample is
/// being made, which takes no second.
///
///     times of one CPU    10  11  9000  12  13        9000 stands alone: it is damaged
///                         10  11     3  12  13        so is 3
///                         90  91     3   4   5        here somebody set the clock
struct PerfClocks {
  private struct Clock {
    /// The time of the last sample, and its number in the queue.
    var last: (time: UInt64, number: UInt32)?
    /// The time of the one before.
    var before: UInt64?
    /// A sample that is too early, until the next one tells why.
    var held: PerfEntry?
  }

  /// What is to be done with a sample.
  enum Verdict {
    case accepts
    /// It is kept here until the next one of its CPU.
    case holds
    /// It is sound, and the one before it was not, which is in the queue under a number.
    case rejectsLast(UInt32)
    /// It is sound, and the one that was kept is not.
    case rejectsHeld(PerfEntry)
    /// It is sound, and so is the one that was kept; the one before that is not.
    case rejectsFirst(UInt32, held: PerfEntry)
    /// It and the one that was kept are sound.
    case acceptsHeld(PerfEntry)
  }

  /// By CPU; the first is that of samples that do not name theirs.
  private var clocks: [Clock] = []

  /// In nanoseconds.
  static let tolerance: UInt64 = 1_000_000_000

  private static func isFarBefore(_ time: UInt64, _ other: UInt64) -> Bool { time < other && other - time > tolerance }

  /// Judges `entry`, the next sample of its CPU in the file.
  @inline(__always)
  mutating func judge(_ entry: PerfEntry) -> Verdict {
    let index = Int(entry.cpu) &+ 1
    while index >= clocks.count { clocks.append(Clock()) }
    if clocks[index].held == nil, entry.time &+ Self.tolerance >= clocks[index].last?.time ?? 0 { return .accepts }
    return judge(entry, &clocks[index])
  }

  private func judge(_ entry: PerfEntry, _ clock: inout Clock) -> Verdict {
    guard let last = clock.last else { return .accepts }
    if let held = clock.held {
      clock.held = nil
      if !Self.isFarBefore(entry.time, last.time) { return .rejectsHeld(held) }
      guard clock.before == nil, !Self.isFarBefore(entry.time, held.time) else { return .acceptsHeld(held) }
      clock.last = nil
      return .rejectsFirst(last.number, held: held)
    }
    guard Self.isFarBefore(entry.time, last.time) else { return .accepts }
    guard let before = clock.before, !Self.isFarBefore(entry.time, before) else {
      clock.held = entry
      return .holds
    }
    clock.last = (before, last.number)
    return .rejectsLast(last.number)
  }

  /// The last sample of `cpu`, of `time`, has `number` in the queue; the result is the time up to which its CPU has surely come.
  @inline(__always)
  mutating func took(_ cpu: Int16, _ time: UInt64, _ number: UInt32) -> UInt64 {
    let index = Int(cpu) &+ 1
    clocks[index].before = clocks[index].last?.time
    clocks[index].last = (time, number)
    return min(clocks[index].before ?? 0, time)
  }

  /// The last sample of one CPU, taken out of the clocks while many of its samples are read.
  struct Lane: BitwiseCopyable {
    var cpu: Int32 = -2
    var time: UInt64 = 0
    var before: UInt64 = 0
    var number: UInt32 = 0
    /// How many samples it has seen since it was taken out.
    var count = 0
  }

  /// The lane of `cpu`; nil where its next sample needs to be judged.
  func lane(_ cpu: Int32) -> Lane? {
    let index = Int(cpu) &+ 1
    guard index < clocks.count, clocks[index].held == nil, let last = clocks[index].last else { return nil }
    return Lane(cpu: cpu, time: last.time, number: last.number)
  }

  /// Puts a lane back that has seen samples.
  mutating func put(_ lane: Lane) {
    guard lane.count > 0 else { return }
    clocks[Int(lane.cpu) + 1].before = lane.before
    clocks[Int(lane.cpu) + 1].last = (lane.time, lane.number)
  }

  /// The time of the last sound sample of `cpu` before the one that was rejected.
  func lastSound(_ cpu: Int16) -> UInt64? { clocks[Int(cpu) + 1].last?.time }

  /// What is still kept: there will be no more samples.
  mutating func takeAll() -> [PerfEntry] {
    let held = clocks.compactMap(\.held)
    for index in clocks.indices { clocks[index].held = nil }
    return held
  }
}
