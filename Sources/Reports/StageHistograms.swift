internal import Events
internal import Histogram
internal import Journeys

/// Durations of one pair of stages, in nanoseconds.
struct DurationHistogram {
  // 1 ns to an hour with three digits.
  private var histogram = Histogram<UInt32>(highestTrackableValue: 3_600_000_000_000, numberOfSignificantValueDigits: .three)
  private(set) var count = 0
  private(set) var sum: UInt64 = 0
  private(set) var min = UInt64.max
  private(set) var max: UInt64 = 0

  mutating func add(_ duration: UInt64) {
    count += 1
    sum &+= duration
    min = Swift.min(min, duration)
    max = Swift.max(max, duration)
    histogram.record(Swift.min(duration, 3_600_000_000_000))
  }

  var mean: UInt64 { count == 0 ? 0 : sum / UInt64(count) }

  /// The value that `percentile` percent of the durations do not exceed, to three digits.
  func value(_ percentile: Double) -> UInt64 {
    count == 0 ? 0 : Swift.max(Swift.min(histogram.valueAtPercentile(percentile), max), min)
  }
}

/// Durations of every adjacent pair of stages that occurred.
struct StageHistograms {
  /// Two stages that follow one another in a journey.
  struct Pair: Hashable, Comparable {
    var from: Stage
    var to: Stage

    static func < (a: Pair, b: Pair) -> Bool {
      a.from != b.from ? a.from.rawValue < b.from.rawValue : a.to.rawValue < b.to.rawValue
    }
  }

  private(set) var pairs: [Pair: DurationHistogram] = [:]

  mutating func add(_ stages: [(stage: Stage, mark: StageMark)]) {
    for (a, b) in zip(stages, stages.dropFirst()) {
      pairs[Pair(from: a.stage, to: b.stage), default: DurationHistogram()].add(b.mark.time &- a.mark.time)
    }
  }

  /// All pairs in the order of the path.
  var inOrder: [(pair: Pair, histogram: DurationHistogram)] { pairs.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
}
