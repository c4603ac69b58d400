import Dispatch
import Events
import Journeys
import Reports
import Synchronization

/// Follows journeys on a thread of its own while this one reads, decodes and reports: batches of events go over, and come back with the
/// journeys that ended in them, to be filled again.
final class Follower: Sendable {
  /// Events, and the journeys that ended with them once they are looked at.
  private struct Load {
    var events: EventBatch
    var journeys: [Journey] = []
  }

  /// Nil while somebody works with it.
  private let engine: Mutex<JourneyEngine?>
  /// Batches to be looked at, and those that were, oldest first. An empty one is the last.
  private let filled = Mutex<[Load]>([])
  private let emptied: Mutex<[Load]>
  /// How many there are of either.
  private let (toFollow, toFill): (DispatchSemaphore, DispatchSemaphore)
  private let done = DispatchSemaphore(value: 0)

  /// Two batches for each side, of a quarter of a megabyte.
  private static let batches = 4
  private static let capacity = 4096

  /// Follows with `engine`.
  init(_ engine: consuming JourneyEngine) {
    self.engine = Mutex(engine)
    emptied = Mutex((0..<Self.batches).map { _ in Load(events: EventBatch(capacity: Self.capacity)) })
    (toFollow, toFill) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    for _ in 0..<Self.batches { toFill.signal() }
  }

  /// Takes all events of `stream` and adds their journeys to `report`; the engine at the end.
  func follow(_ stream: inout EventStream, _ report: inout LatencyReport) -> JourneyEngine {
    DispatchQueue.global(qos: .userInitiated).async { [self] in work() }
    var isMore = true
    while isMore {
      toFill.wait()
      var load = emptied.withLock { $0.removeFirst() }
      Self.drain(&load.journeys, &report)
      isMore = stream.next(&load.events)
      let next = load
      filled.withLock { $0.append(next) }
      toFollow.signal()
    }
    done.wait()
    var rest = emptied.withLock { $0 }
    for index in rest.indices { Self.drain(&rest[index].journeys, &report) }
    guard var engine = engine.withLock({ $0.take() }) else { fatalError("the thread that follows gives the engine back") }
    engine.finish()
    Self.drain(&engine.finished, &report)
    return engine
  }

  private func work() {
    guard var engine = engine.withLock({ $0.take() }) else { return }
    while true {
      toFollow.wait()
      var load = filled.withLock { $0.removeFirst() }
      guard load.events.count > 0 else { break }
      engine.consume(load.events)
      swap(&engine.finished, &load.journeys)
      let looked = load
      emptied.withLock { $0.append(looked) }
      toFill.signal()
    }
    give(back: engine)
    done.signal()
  }

  private func give(back used: consuming JourneyEngine) {
    var used: JourneyEngine? = consume used
    engine.withLock { swap(&$0, &used) }
  }

  private static func drain(_ journeys: inout [Journey], _ report: inout LatencyReport) {
    for journey in journeys { report.add(journey) }
    journeys.removeAll(keepingCapacity: true)
  }
}
