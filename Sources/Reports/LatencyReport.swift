internal import Decoding
internal import Events
public import Journeys

/// The latency breakdown of a recording: durations per stage, the tail, drops, interrupts and what is missing.
public struct LatencyReport: Sendable {
  /// Steps of complete journeys that an application read, from the first sign of the packet on.
  private(set) var delivered = StageHistograms()
  /// Steps of complete journeys of packets that were sent.
  private(set) var sent = StageHistograms()
  /// Steps of complete journeys that are in neither.
  private var others = StageHistograms()
  /// Times from the queue to the device's completion.
  private(set) var sendTime = DurationHistogram()
  /// Times from first stage to read, by first stage.
  private var totalsByStage = HistogramTable(count: Stage.allCases.count)
  /// Waits of complete journeys by cause: how many packets waited for it, and how long together in nanoseconds.
  private var causes = [(packets: Int, time: UInt64)](repeating: (0, 0), count: Cause.allCases.count)
  private var slowest = SlowestJourneys(limit: Self.slowestLimit)
  /// Times of complete journeys by device and protocol.
  private(set) var paths = PathHistograms()
  /// Counts of the journeys that were taken in, where only some are wanted.
  private var selected: PathStatistics?

  /// Whether the recording's clock counts nanoseconds, without which there are no latencies.
  private let hasTime: Bool

  /// So many of the slowest are kept whole: one in a hundred, of a hundred thousand.
  private static let slowestLimit = 1000

  /// Said in place of what was received where nothing that is wanted was found.
  public var whyEmpty: String?
  /// Which events a recording has that shows no packet at all.
  public var census: EventCensus?

  /// Whether only some journeys are wanted.
  var isSelective: Bool { selected != nil }

  /// A report of every journey, or (`isSelective`) of those alone that are taken in: counts and drops, too, are theirs then.
  /// Without `hasTime` journeys are only counted.
  public init(isSelective: Bool = false, hasTime: Bool = true) {
    self.hasTime = hasTime
    if isSelective { selected = PathStatistics() }
  }

  /// What is to be counted, given what `engine` counted.
  func statistics(_ engine: borrowing JourneyEngine) -> PathStatistics {
    selected.map { engine.statistics.withPackets(of: $0) } ?? engine.statistics
  }

  /// Takes in a journey that has ended.
  public mutating func add(_ journey: Journey) {
    selected?.add(journey)
    guard hasTime, journey.completeness == .complete else { return }
    var stages = StageTimes()
    journey.read(into: &stages)
    let last = stages.count - 1
    journey.forEachWait { wait in
      causes[Int(wait.cause.rawValue)].packets += 1
      causes[Int(wait.cause.rawValue)].time &+= wait.time
    }
    if journey.direction == .tx {
      sent.add(stages, from: 0, to: last)
      if let queue = journey.stages[.queue], let complete = journey.stages[.complete] {
        sendTime.add(complete.time.since(queue.time))
        paths.add(journey, complete.time.since(queue.time))
      }
      return
    }
    guard journey.outcome == .delivered, let read = journey.stages[.read] else { return others.add(stages, from: 0, to: last) }
    let arrival = stages.arrival
    if arrival > 0 { others.add(stages, from: 0, to: arrival) }
    delivered.add(stages, from: arrival, to: last)
    let total = read.time.since(stages.times[arrival])
    totalsByStage.add(total, to: Int(stages.stages[arrival].rawValue))
    paths.add(journey, total)
    slowest.add(journey, total)
  }

  /// Steps of every complete journey, whatever became of it.
  var all: StageHistograms {
    var all = others
    all.add(delivered)
    all.add(sent)
    return all
  }

  /// Times from first stage to read, by first stage in the order of the path.
  var totals: [(from: Stage, histogram: DurationHistogram)] {
    Stage.allCases.map { ($0, totalsByStage[Int($0.rawValue)]) }.filter { $0.histogram.count > 0 }
  }

  /// The causes of waits, the one that cost most first.
  var causesByTime: [(cause: Cause, packets: Int, time: UInt64)] {
    let rows = Cause.allCases.map { (cause: $0, packets: causes[Int($0.rawValue)].packets, time: causes[Int($0.rawValue)].time) }
    return rows.filter { $0.packets > 0 }.sorted { ($0.time, $0.cause.rawValue) > ($1.time, $1.cause.rawValue) }
  }

  /// The total of the journeys that most begin like: from which stage, and its durations.
  var total: (from: Stage, histogram: DurationHistogram)? {
    totals.max { $0.histogram.count != $1.histogram.count ? $0.histogram.count < $1.histogram.count : $0.from.rawValue > $1.from.rawValue }
  }

  /// The slowest hundredth of the delivered journeys, slowest first.
  var tail: [(total: UInt64, journey: Journey)] {
    let count = totals.reduce(0) { $0 + $1.histogram.count }
    return slowest.first(max((count + 99) / 100, 1))
  }

  /// How the time of the tail divides among pairs of stages, largest first; shares add up to 1.
  var tailShares: [(pair: StageHistograms.Pair, share: Double)] {
    var sums: [StageHistograms.Pair: UInt64] = [:]
    for slow in tail {
      let stages = slow.journey.stagesSinceArrival
      for (a, b) in zip(stages, stages.dropFirst()) {
        sums[.init(from: a.stage, to: b.stage), default: 0] &+= b.mark.time.since(a.mark.time)
      }
    }
    let whole = Double(max(sums.values.reduce(0, +), 1))
    return sums.sorted { $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key }.map { ($0.key, Double($0.value) / whole) }
  }
}
