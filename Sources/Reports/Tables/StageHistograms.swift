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

  private var pairs: [Pair] = []
  /// Their histograms, in the order of `pairs`.
  private var table = HistogramTable()
  /// Which of them each pair has, or -1.
  private var places = [Int16](repeating: -1, count: Self.width * Self.width)
  /// More than there are stages.
  private static let width = 32

  var isEmpty: Bool { pairs.isEmpty }

  /// All pairs in the order of the path.
  var inOrder: [(pair: Pair, histogram: DurationHistogram)] {
    pairs.indices.map { (pairs[$0], table[$0]) }.sorted { $0.pair < $1.pair }
  }

  /// Takes in the steps of a journey from stage `first` of its order up to stage `last`.
  mutating func add(_ stages: borrowing StageTimes, from first: Int, to last: Int) {
    // An inline array is copied for each look at it.
    let (names, times) = (stages.stages.span, stages.times.span)
    var index = first
    while index < last {
      index = Self.add(names, times, from: index, to: last, places, &table)
      if index < last { makeRow(names[index], names[index &+ 1]) }
    }
  }

  /// Takes in steps up to the first whose pair has no row; where that is.
  @inline(__always)
  private static func add(
    _ names: Span<Stage>, _ times: Span<UInt64>, from first: Int, to last: Int, _ places: [Int16], _ table: inout HistogramTable
  ) -> Int {
    let places = places.span
    return table.add(times, from: first, to: last) { index in Int(places[place(names[index], names[index &+ 1])]) }
  }

  /// Takes in everything of `other`.
  mutating func add(_ other: StageHistograms) {
    for (pair, histogram) in other.inOrder {
      let place = Self.place(pair.from, pair.to)
      if places[place] < 0 { makeRow(pair.from, pair.to) }
      table.add(histogram, to: Int(places[place]))
    }
  }

  @inline(__always)
  private static func place(_ from: Stage, _ to: Stage) -> Int { Int(from.rawValue) &* width &+ Int(to.rawValue) }

  private mutating func makeRow(_ from: Stage, _ to: Stage) {
    places[Self.place(from, to)] = Int16(truncatingIfNeeded: pairs.count)
    pairs.append(Pair(from: from, to: to))
    table.append()
  }
}
