internal import Decoding
internal import Events
internal import HeapModule
public import Journeys

/// The latency breakdown of a recording: durations per stage, the tail, drops, interrupts and what is missing.
public struct LatencyReport {
  /// A slow journey that is kept whole.
  struct Slow: Comparable {
    var total: UInt64
    var journey: Journey

    static func < (a: Slow, b: Slow) -> Bool { a.total < b.total }
    static func == (a: Slow, b: Slow) -> Bool { a.total == b.total }
  }

  /// Every complete journey, whatever became of it.
  var all = StageHistograms()
  /// Complete journeys that an application read.
  var delivered = StageHistograms()
  /// Times from first stage to read, by first stage.
  var totals: [Stage: DurationHistogram] = [:]
  private var slowest = Heap<Slow>()

  /// So many of the slowest are kept whole: one in a hundred, of a hundred thousand.
  private static let slowestLimit = 1000

  public init() {}

  /// Takes in a journey that has ended.
  public mutating func add(_ journey: Journey) {
    guard journey.completeness == .complete else { return }
    let stages = journey.stages.inOrder
    all.add(stages)
    guard journey.outcome == .delivered, let first = stages.first, let read = journey.stages[.read] else { return }
    delivered.add(stages)
    let total = read.time &- first.mark.time
    totals[first.stage, default: DurationHistogram()].add(total)
    if slowest.count < Self.slowestLimit {
      slowest.insert(Slow(total: total, journey: journey))
    } else if let least = slowest.min, least.total < total {
      slowest.replaceMin(with: Slow(total: total, journey: journey))
    }
  }

  /// The total of the journeys that most begin like: from which stage, and its durations.
  var total: (from: Stage, histogram: DurationHistogram)? {
    totals.max { $0.value.count != $1.value.count ? $0.value.count < $1.value.count : $0.key.rawValue > $1.key.rawValue }
      .map { ($0.key, $0.value) }
  }

  /// The slowest hundredth of the delivered journeys, slowest first.
  var tail: [Slow] {
    let count = totals.values.reduce(0) { $0 + $1.count }
    return Array(slowest.unordered.sorted(by: >).prefix(max((count + 99) / 100, 1)))
  }

  /// How the time of the tail divides among pairs of stages, largest first; shares add up to 1.
  var tailShares: [(pair: StageHistograms.Pair, share: Double)] {
    var sums: [StageHistograms.Pair: UInt64] = [:]
    for slow in tail {
      let stages = slow.journey.stages.inOrder
      for (a, b) in zip(stages, stages.dropFirst()) {
        sums[.init(from: a.stage, to: b.stage), default: 0] += b.mark.time &- a.mark.time
      }
    }
    let whole = Double(max(sums.values.reduce(0, +), 1))
    return sums.sorted { $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key }.map { ($0.key, Double($0.value) / whole) }
  }
}
