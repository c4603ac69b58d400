/// Histograms side by side: what counts for a journey's steps goes into one array, whatever their number.
struct HistogramTable {
  /// What a histogram is known by without its buckets, and where those lie.
  private struct Row {
    var summary = DurationHistogram.Summary()
    var start = 0
    var size = 0
  }

  private var rows: [Row]
  private var buckets: [UInt32] = []

  /// A table of `count` histograms of no duration yet.
  init(count: Int = 0) { rows = Array(repeating: Row(), count: count) }

  /// How many histograms there are.
  var count: Int { rows.count }

  /// Adds a histogram; its number is the count before.
  mutating func append() { rows.append(Row()) }

  /// Histogram `row`.
  subscript(row: Int) -> DurationHistogram {
    let (start, size) = (rows[row].start, rows[row].size)
    return DurationHistogram(rows[row].summary, buckets[start..<start + size])
  }

  /// Counts `duration` in histogram `row`.
  @inline(__always)
  mutating func add(_ duration: UInt64, to row: Int) {
    let place = DurationHistogram.place(counting: duration)
    if place >= rows[row].size { grow(row, to: place) }
    rows[row].summary.add(duration)
    buckets[rows[row].start &+ place] &+= 1
  }

  /// Counts the time from each of `times` to the next, from `first` up to `last`, in the histogram whose number `row` has for the earlier one's
  /// place, for as long as it has one; where that ended.
  @inline(__always)
  mutating func add(_ times: Span<UInt64>, from first: Int, to last: Int, _ row: (Int) -> Int) -> Int {
    var index = first
    while index < last {
      let stop = Self.count(times, index, last, &rows, &buckets, row)
      if stop == last || row(stop) < 0 { return stop }
      // Its row is too short.
      add(times[stop &+ 1] &- times[stop], to: row(stop))
      index = stop &+ 1
    }
    return index
  }

  /// The same up to the first that has no histogram or no bucket yet.
  @inline(__always)
  private static func count(
    _ times: Span<UInt64>, _ first: Int, _ last: Int, _ rows: inout [Row], _ buckets: inout [UInt32], _ row: (Int) -> Int
  ) -> Int {
    var rows = rows.mutableSpan
    var buckets = buckets.mutableSpan
    var index = first
    while index < last {
      let row = row(index)
      let duration = times[index &+ 1] &- times[index]
      let place = DurationHistogram.place(counting: duration)
      guard row >= 0, place < rows[row].size else { break }
      rows[row].summary.add(duration)
      buckets[rows[row].start &+ place] &+= 1
      index &+= 1
    }
    return index
  }

  /// Takes in everything of `other` in histogram `row`.
  mutating func add(_ other: DurationHistogram, to row: Int) {
    var whole = self[row]
    whole.add(other)
    move(row, toEndWith: whole.counts.count)
    rows[row].summary = whole.summary
    for place in whole.counts.indices { buckets[rows[row].start + place] = whole.counts[place] }
  }

  @inline(never)
  private mutating func grow(_ row: Int, to place: Int) { move(row, toEndWith: DurationHistogram.size(for: place)) }

  /// Moves the buckets of histogram `row` behind all others, where there is room for `size` of them. What they leave stays unused: a histogram
  /// grows a few times, while the longest durations come.
  private mutating func move(_ row: Int, toEndWith size: Int) {
    guard size > rows[row].size else { return }
    let old = rows[row].start..<rows[row].start + rows[row].size
    (rows[row].start, rows[row].size) = (buckets.count, size)
    buckets.append(contentsOf: repeatElement(0, count: size))
    for (place, bucket) in old.enumerated() { buckets[rows[row].start + place] = buckets[bucket] }
  }
}
