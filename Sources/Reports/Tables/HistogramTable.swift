/// Histograms side by side: what counts for a journey's steps goes into one array, whatever their number. Of each histogram those blocks of
/// buckets are there that a duration has fallen into; a block is a power of two.
struct HistogramTable {
  /// What each is known by without its buckets.
  private var summaries: [DurationHistogram.Summary]
  /// Where in `buckets` each block of each histogram begins, or -1.
  private var blocks: [Int32]
  private var buckets: [UInt32] = []

  private static let blockSize = DurationHistogram.steps
  private static let blockCount = block(DurationHistogram.place(counting: .max)) + 1

  /// Which block `place` is in, and where in it. Places are not negative, so that shifts do.
  private static func block(_ place: Int) -> Int { place >> DurationHistogram.logOfSteps }
  private static func offset(_ place: Int) -> Int { place & (blockSize &- 1) }

  /// A table of `count` histograms of no duration yet.
  init(count: Int = 0) {
    summaries = Array(repeating: .init(), count: count)
    blocks = Array(repeating: -1, count: count * Self.blockCount)
    // As many as a report of one path needs: memory that is not written to costs nothing.
    buckets.reserveCapacity(128 * Self.blockSize)
  }

  /// How many histograms there are.
  var count: Int { summaries.count }

  /// Adds a histogram; its number is the count before.
  mutating func append() {
    summaries.append(.init())
    blocks.append(contentsOf: repeatElement(-1, count: Self.blockCount))
  }

  /// Histogram `row`.
  subscript(row: Int) -> DurationHistogram {
    var counts: [UInt32] = []
    for block in 0..<Self.blockCount {
      let start = Int(blocks[row * Self.blockCount + block])
      guard start >= 0 else { continue }
      counts.append(contentsOf: repeatElement(0, count: block * Self.blockSize - counts.count))
      counts.append(contentsOf: buckets[start..<start + Self.blockSize])
    }
    return DurationHistogram(summaries[row], counts)
  }

  /// Counts `duration` in histogram `row`.
  mutating func add(_ duration: UInt64, to row: Int) {
    let place = DurationHistogram.place(counting: duration)
    let start = block(of: place, row)
    summaries[row].add(duration)
    buckets[start &+ Self.offset(place)] &+= 1
  }

  /// Counts the time from each of `times` to the next, from `first` up to `last`, in the histogram whose number `row` has for the earlier one's
  /// place, for as long as it has one; where that ended.
  @inline(__always)
  mutating func add(_ times: Span<UInt64>, from first: Int, to last: Int, _ row: (Int) -> Int) -> Int {
    var index = first
    while index < last {
      let stop = Self.count(times, index, last, &summaries, blocks, &buckets, row)
      if stop == last || row(stop) < 0 { return stop }
      add(times[stop &+ 1] &- times[stop], to: row(stop))
      index = stop &+ 1
    }
    return index
  }

  /// The same up to the first that has no histogram or no bucket yet.
  @inline(__always)
  private static func count(
    _ times: Span<UInt64>, _ first: Int, _ last: Int, _ summaries: inout [DurationHistogram.Summary], _ blocks: [Int32], _ buckets: inout [UInt32],
    _ row: (Int) -> Int
  ) -> Int {
    let blocks = blocks.span
    var summaries = summaries.mutableSpan
    var buckets = buckets.mutableSpan
    var index = first
    while index < last {
      let row = row(index)
      guard row >= 0 else { break }
      let duration = times[index &+ 1] &- times[index]
      let place = DurationHistogram.place(counting: duration)
      let start = Int(blocks[row &* blockCount &+ block(place)])
      guard start >= 0 else { break }
      summaries[row].add(duration)
      buckets[start &+ offset(place)] &+= 1
      index &+= 1
    }
    return index
  }

  /// Takes in everything of `other` in histogram `row`.
  mutating func add(_ other: DurationHistogram, to row: Int) {
    summaries[row].add(other.summary)
    for (place, count) in other.counts.enumerated() where count > 0 {
      let start = block(of: place, row)
      buckets[start + Self.offset(place)] &+= count
    }
  }

  /// Where the block of `place` in histogram `row` begins; it is made if it is not there.
  private mutating func block(of place: Int, _ row: Int) -> Int {
    let block = row * Self.blockCount + Self.block(place)
    if blocks[block] < 0 {
      blocks[block] = Int32(truncatingIfNeeded: buckets.count)
      buckets.append(contentsOf: repeatElement(0, count: Self.blockSize))
    }
    return Int(blocks[block])
  }
}
