/// Durations in nanoseconds, counted in buckets of three significant digits, as an HDR histogram (hdrhistogram.org) does it with 2,048
/// sub-buckets: exact below 2,048 ns, and above that each power of two in 1,024 steps. The table grows to the largest duration seen.
struct DurationHistogram {
  private var counts: [UInt32] = []
  private(set) var count = 0
  private(set) var sum: UInt64 = 0
  private(set) var min = UInt64.max
  private(set) var max: UInt64 = 0

  /// Durations of more than an hour count as an hour.
  private static let longest: UInt64 = 3_600_000_000_000
  /// Buckets that each power of two is divided into.
  private static let steps = 1024

  @inline(__always)
  mutating func add(_ duration: UInt64) {
    count &+= 1
    sum &+= duration
    min = Swift.min(min, duration)
    max = Swift.max(max, duration)
    let place = Self.place(of: Swift.min(duration, Self.longest))
    if place >= counts.count { grow(to: place) }
    counts[place] &+= 1
  }

  /// Takes in all durations of `other`.
  mutating func add(_ other: DurationHistogram) {
    count += other.count
    sum &+= other.sum
    min = Swift.min(min, other.min)
    max = Swift.max(max, other.max)
    if other.counts.count > counts.count { grow(to: other.counts.count - 1) }
    for place in other.counts.indices { counts[place] &+= other.counts[place] }
  }

  var mean: UInt64 { count == 0 ? 0 : sum / UInt64(count) }

  /// The value that `percentile` percent of the durations do not exceed, to three digits.
  func value(_ percentile: Double) -> UInt64 {
    guard count > 0, percentile < 100 else { return max }
    // One step down, so that rounding cannot lead into the next bucket before the number is rounded up.
    let wanted = Swift.max(UInt64((percentile.nextDown * Double(count) / 100).rounded(.up)), 1)
    var passed: UInt64 = 0
    for place in Self.place(of: Swift.min(min, Self.longest))..<counts.count {
      passed += UInt64(counts[place])
      if passed >= wanted { return Swift.max(Swift.min(Self.largest(in: place), max), min) }
    }
    return max
  }

  private static func place(of duration: UInt64) -> Int {
    // What is below 2,048 is not shifted.
    let shift = 53 &- (duration | 1024).leadingZeroBitCount
    return shift &* steps &+ Int(truncatingIfNeeded: duration &>> UInt64(shift))
  }

  /// The largest duration that is counted at `place`.
  private static func largest(in place: Int) -> UInt64 {
    let shift = Swift.max(place / steps - 1, 0)
    return (UInt64(place - shift * steps) + 1) << UInt64(shift) - 1
  }

  @inline(never)
  private mutating func grow(to place: Int) {
    let size = (place / Self.steps + 1) * Self.steps
    counts.append(contentsOf: repeatElement(0, count: size - counts.count))
  }
}
