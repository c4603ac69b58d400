internal import Events
internal import Journeys

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

  private typealias Row = (pair: Pair, histogram: DurationHistogram)
  private var rows: [Row] = []
  /// Where in `rows` each pair is, or -1.
  private var places = [Int16](repeating: -1, count: Self.width * Self.width)
  /// More than there are stages.
  private static let width = 32

  var isEmpty: Bool { rows.isEmpty }

  /// All pairs in the order of the path.
  var inOrder: [(pair: Pair, histogram: DurationHistogram)] { rows.sorted { $0.pair < $1.pair } }

  /// Takes in the steps of a journey from stage `first` of its order up to stage `last`.
  mutating func add(_ stages: borrowing StageTimes, from first: Int, to last: Int) {
    // An inline array is copied for each look at it.
    let (names, times) = (stages.stages.span, stages.times.span)
    var index = first
    while index < last {
      index = Self.add(names, times, from: index, to: last, places, &rows)
      if index < last { makeRow(names[index], names[index &+ 1]) }
    }
  }

  /// Takes in steps up to the first whose pair has no row; where that is.
  @inline(__always)
  private static func add(
    _ names: Span<Stage>, _ times: Span<UInt64>, from first: Int, to last: Int, _ places: [Int16], _ rows: inout [Row]
  ) -> Int {
    let places = places.span
    var rows = rows.mutableSpan
    var index = first
    while index < last {
      let row = Int(places[place(names[index], names[index &+ 1])])
      guard row >= 0 else { break }
      rows[row].histogram.add(times[index &+ 1] &- times[index])
      index &+= 1
    }
    return index
  }

  /// Takes in everything of `other`.
  mutating func add(_ other: StageHistograms) {
    for entry in other.rows {
      let place = Self.place(entry.pair.from, entry.pair.to)
      if places[place] < 0 { makeRow(entry.pair.from, entry.pair.to) }
      rows[Int(places[place])].histogram.add(entry.histogram)
    }
  }

  @inline(__always)
  private static func place(_ from: Stage, _ to: Stage) -> Int { Int(from.rawValue) &* width &+ Int(to.rawValue) }

  private mutating func makeRow(_ from: Stage, _ to: Stage) {
    places[Self.place(from, to)] = Int16(truncatingIfNeeded: rows.count)
    rows.append((Pair(from: from, to: to), DurationHistogram()))
  }
}
