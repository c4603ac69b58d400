/// Durations in nanoseconds, counted in buckets of three significant digits, as an HDR histogram (hdrhistogram.org) does it with 2,048
/// sub-buckets: exact below 2,048 ns, and above that each power of two in 1,024 steps. The table grows to the largest duration seen.
struct DurationHistogram {
  /// What is known without the buckets.
  struct Summary {
    var count = 0
    var sum: UInt64 = 0
    var min = UInt64.max
    var max: UInt64 = 0

    @inline(__always)
    mutating func add(_ duration: UInt64) {
      count &+= 1
      sum &+= duration
      min = Swift.min(min, duration)
      max = Swift.max(max, duration)
    }

    mutating func add(_ other: Summary) {
      count += other.count
      sum &+= other.sum
      min = Swift.min(min, other.min)
      max = Swift.max(max, other.max)
    }
  }

  private(set) var counts: [UInt32] = []
  private(set) var summary = Summary()

  /// Of no duration yet.
  init() {}

  /// Of durations that have been counted in `counts`.
  init(_ summary: Summary, _ counts: [UInt32]) {
    self.summary = summary
    self.counts = counts
  }

  var count: Int { summary.count }
  var sum: UInt64 { summary.sum }
  var min: UInt64 { summary.min }
  var max: UInt64 { summary.max }
  var mean: UInt64 { count == 0 ? 0 : sum / UInt64(count) }

  /// Durations of more than an hour count as an hour.
  private static let longest: UInt64 = 3_600_000_000_000
  /// Buckets that each power of two is divided into.
  static let steps = 1 << logOfSteps
  static let logOfSteps = 10

  mutating func add(_ duration: UInt64) {
    summary.add(duration)
    let place = Self.place(counting: duration)
    if place >= counts.count {
      counts.append(contentsOf: repeatElement(0, count: (place / Self.steps + 1) * Self.steps - counts.count))
    }
    counts[place] &+= 1
  }

  /// The value that `percentile` percent of the durations do not exceed, to three digits.
  func value(_ percentile: Double) -> UInt64 {
    guard count > 0, percentile < 100 else { return max }
    // One step down, so that rounding cannot lead into the next bucket before the number is rounded up.
    let wanted = Swift.max(UInt64((percentile.nextDown * Double(count) / 100).rounded(.up)), 1)
    var passed: UInt64 = 0
    for place in Self.place(counting: min)..<counts.count {
      passed += UInt64(counts[place])
      if passed >= wanted { return Swift.max(Swift.min(Self.largest(in: place), max), min) }
    }
    return max
  }

  /// Where `duration` is counted.
  @inline(__always)
  static func place(counting duration: UInt64) -> Int {
    let duration = Swift.min(duration, longest)
    // What is below 2,048 is not shifted.
    let shift = 53 &- (duration | 1024).leadingZeroBitCount
    return shift &* steps &+ Int(truncatingIfNeeded: duration &>> UInt64(shift))
  }

  /// The largest duration that is counted at `place`.
  private static func largest(in place: Int) -> UInt64 {
    let shift = Swift.max(place / steps - 1, 0)
    return (UInt64(place - shift * steps) + 1) << UInt64(shift) - 1
  }
}
