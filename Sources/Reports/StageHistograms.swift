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

  private var rows: [(pair: Pair, histogram: DurationHistogram)] = []
  /// Where in `rows` each pair is, or -1.
  private var places = [Int16](repeating: -1, count: Self.width * Self.width)
  /// More than there are stages.
  private static let width = 32

  var isEmpty: Bool { rows.isEmpty }

  /// All pairs in the order of the path.
  var inOrder: [(pair: Pair, histogram: DurationHistogram)] { rows.sorted { $0.pair < $1.pair } }

  /// Takes in the steps of a journey from stage `first` of its order up to stage `last`.
  mutating func add(_ stages: StageTimes, from first: Int, to last: Int) {
    // An inline array is copied for each look at it.
    let (names, times) = (stages.stages.span, stages.times.span)
    var index = first
    while index < last {
      let row = row(names[index], names[index &+ 1])
      rows[row].histogram.add(times[index &+ 1] &- times[index])
      index &+= 1
    }
  }

  /// Takes in everything of `other`.
  mutating func add(_ other: StageHistograms) {
    for entry in other.rows { rows[row(entry.pair.from, entry.pair.to)].histogram.add(entry.histogram) }
  }

  @inline(__always)
  private mutating func row(_ from: Stage, _ to: Stage) -> Int {
    let place = Int(from.rawValue) &* Self.width &+ Int(to.rawValue)
    return places[place] >= 0 ? Int(places[place]) : newRow(Pair(from: from, to: to), place)
  }

  private mutating func newRow(_ pair: Pair, _ place: Int) -> Int {
    places[place] = Int16(truncatingIfNeeded: rows.count)
    rows.append((pair, DurationHistogram()))
    return rows.count - 1
  }
}
