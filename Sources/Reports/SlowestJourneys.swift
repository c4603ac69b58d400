internal import HeapModule
public import Journeys

/// Keeps the journeys that took longest from first sign to read.
public struct SlowestJourneys: Sendable {
  private struct Entry: Comparable {
    var total: Int64
    var journey: Journey
    static func < (a: Entry, b: Entry) -> Bool { a.total < b.total }
    static func == (a: Entry, b: Entry) -> Bool { a.total == b.total }
  }

  private var heap = Heap<Entry>()
  private let limit: Int

  /// Keeps `limit` journeys at most.
  public init(limit: Int) { self.limit = max(limit, 1) }

  /// Takes in a journey; one that nobody read has no total and is passed over.
  public mutating func add(_ journey: Journey) {
    guard let total = journey.total else { return }
    if heap.count < limit {
      heap.insert(Entry(total: total, journey: journey))
    } else if let least = heap.min, least.total < total {
      heap.replaceMin(with: Entry(total: total, journey: journey))
    }
  }

  /// Those kept, slowest first.
  public var inOrder: [Journey] { heap.unordered.sorted(by: >).map(\.journey) }
}
