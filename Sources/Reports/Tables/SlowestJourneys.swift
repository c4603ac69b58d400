internal import HeapModule
public import Journeys

/// Keeps the journeys that took longest.
public struct SlowestJourneys: Sendable {
  /// Journeys are too large to be moved around for their places.
  private struct Entry: Comparable {
    /// Nanoseconds.
    var total: UInt64
    /// Where in `kept` the journey is.
    var place: Int
    static func < (a: Entry, b: Entry) -> Bool { (a.total, a.place) < (b.total, b.place) }
  }

  private var heap = Heap<Entry>()
  private var kept: [Journey] = []
  private let limit: Int

  /// Keeps `limit` journeys at most.
  public init(limit: Int) { self.limit = max(limit, 1) }

  /// Takes in a journey by its time from first sign to read; one that nobody read has none and is passed over.
  public mutating func add(_ journey: Journey) {
    if let total = journey.total { add(journey, UInt64(bitPattern: total)) }
  }

  /// Takes in a journey that took `total` nanoseconds.
  mutating func add(_ journey: Journey, _ total: UInt64) {
    if kept.count < limit {
      heap.insert(Entry(total: total, place: kept.count))
      kept.append(journey)
    } else if let least = heap.min, least.total < total {
      heap.replaceMin(with: Entry(total: total, place: least.place))
      kept[least.place] = journey
    }
  }

  /// The slowest `count` of those kept, slowest first, and those of equal time in the order in which they came.
  func first(_ count: Int) -> [(total: UInt64, journey: Journey)] {
    let order = heap.unordered.sorted { $0.total != $1.total ? $0.total > $1.total : kept[$0.place].id < kept[$1.place].id }
    return order.prefix(count).map { ($0.total, kept[$0.place]) }
  }

  /// Those kept, slowest first.
  public var inOrder: [Journey] { first(limit).map(\.journey) }
}
