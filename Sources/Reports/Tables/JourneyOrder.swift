internal import HeapModule
public import Journeys

/// Hands out journeys in the order of their first event. A journey waits until every earlier one has ended; so that a packet nobody ever
/// reads cannot make memory grow with the recording, at most a fixed number waits, and then the earliest goes.
public struct JourneyOrder {
  private struct Waiting: Comparable {
    var journey: Journey
    static func < (a: Waiting, b: Waiting) -> Bool { a.journey.id < b.journey.id }
    static func == (a: Waiting, b: Waiting) -> Bool { a.journey.id == b.journey.id }
  }

  private var waiting = Heap<Waiting>()
  private static let limit = 100_000

  /// An order of no journey yet.
  public init() {}

  /// Takes in a journey that has ended.
  public mutating func add(_ journey: Journey) { waiting.insert(Waiting(journey: journey)) }

  /// The next journey, if no journey that is still under way is older than it: `oldest` is the least id in flight, nil if none is.
  public mutating func next(oldest: Int?) -> Journey? {
    guard let least = waiting.min else { return nil }
    guard oldest.map({ least.journey.id < $0 }) ?? true || waiting.count > Self.limit else { return nil }
    return waiting.popMin()?.journey
  }
}
