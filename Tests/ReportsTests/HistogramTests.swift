import Support
import Testing

@testable import Reports

/// Histograms against the durations themselves, sorted.
@Suite struct HistogramTests {
  /// Durations of all magnitudes, up to some beyond an hour.
  private static let durations: [UInt64] = {
    var random = SplitMix(state: 1)
    let some = (0..<20_000).map { _ in UInt64.random(in: 0...(1 << UInt64.random(in: 0...43, using: &random)), using: &random) }
    return some + [0, 1, 1023, 1024, 2047, 2048, 2049, 4095, 4096, .max]
  }()

  private static let longest: UInt64 = 3_600_000_000_000

  @Test("say of every percentile what the sorted durations say, to three digits", arguments: [50, 90, 99, 99.9, 100])
  func percentiles(percentile: Double) throws {
    var histogram = DurationHistogram()
    for duration in Self.durations { histogram.add(duration) }
    let sorted = Self.durations.sorted()
    let exact = sorted[max(Int((percentile * Double(sorted.count) / 100).rounded(.up)) - 1, 0)]
    let value = histogram.value(percentile)
    if exact <= Self.longest { #expect(value >= exact && Double(value) <= Double(exact) * 1.001) }
    #expect(histogram.count == sorted.count && histogram.min == sorted[0] && histogram.max == .max)
  }

  @Test("are the same side by side, in whatever order durations come to them")
  func sideBySide() {
    var table = HistogramTable(count: 3)
    table.append()
    var alone = (0..<4).map { _ in DurationHistogram() }
    var random = SplitMix(state: 2)
    for duration in Self.durations {
      let row = Int.random(in: 0..<4, using: &random)
      table.add(duration, to: row)
      alone[row].add(duration)
      if row == 1 { alone[0].add(duration) }
    }
    table.add(alone[1], to: 0)
    for row in 0..<table.count { Self.expectSame(table[row], alone[row]) }
  }

  @Test("count the steps between times up to one that has no histogram yet")
  func steps() {
    let times: [UInt64] = [100, 150, 3_000, 3_000, 900_000, 900_001]
    let rows = [0, 1, 0, -1, 1]
    var table = HistogramTable(count: 2)
    #expect(table.add(times.span, from: 0, to: 5) { rows[$0] } == 3)
    #expect(table.add(times.span, from: 4, to: 5) { rows[$0] } == 5)
    var alone = [DurationHistogram(), DurationHistogram()]
    for (row, duration) in [(0, 50), (1, 2_850), (0, 0), (1, 1)] as [(Int, UInt64)] { alone[row].add(duration) }
    for row in 0..<2 { Self.expectSame(table[row], alone[row]) }
  }

  private static func expectSame(_ a: DurationHistogram, _ b: DurationHistogram) {
    #expect(a.count == b.count && a.sum == b.sum && a.min == b.min && a.max == b.max)
    #expect([0.1, 1, 25, 50, 75, 99, 99.99, 100].allSatisfy { a.value($0) == b.value($0) })
  }
}
