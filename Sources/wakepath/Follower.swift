import Dispatch
import Events
import Journeys
import Reports
import Synchronization

/// Follows journeys on a thread of its own, and reports them, while this one reads and decodes: batches of events go over, and come back to be
/// filled again.
final class Follower: Sendable {
  /// What the thread works with.
  private struct Work: ~Copyable {
    var engine: JourneyEngine
    var report: LatencyReport

    /// Reports what has ended.
    mutating func drain() {
      for journey in engine.finished { report.add(journey) }
      engine.finished.removeAll(keepingCapacity: true)
    }
  }

  private let work: Mutex<Work>
  /// Batches to be looked at, and those that were, oldest first. An empty one is the last.
  private let filled = Mutex<[EventBatch]>([])
  private let emptied: Mutex<[EventBatch]>
  /// How many there are of either.
  private let (toFollow, toFill): (DispatchSemaphore, DispatchSemaphore)
  private let done = DispatchSemaphore(value: 0)

  /// Two batches for each side, of a quarter of a megabyte.
  private static let batches = 4
  private static let capacity = 4096

  /// Follows with `engine`.
  init(_ engine: consuming JourneyEngine) {
    work = Mutex(Work(engine: engine, report: LatencyReport()))
    emptied = Mutex((0..<Self.batches).map { _ in EventBatch(capacity: Self.capacity) })
    (toFollow, toFill) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    for _ in 0..<Self.batches { toFill.signal() }
  }

  /// Takes all events of `stream`; the engine at the end, and in `report` the journeys.
  func follow(_ stream: inout EventStream, _ report: inout LatencyReport) -> JourneyEngine {
    DispatchQueue.global(qos: .userInitiated).async { [self] in follow() }
    var isMore = true
    while isMore {
      toFill.wait()
      var events = emptied.withLock { $0.removeFirst() }
      isMore = stream.next(&events)
      let next = events
      filled.withLock { $0.append(next) }
      toFollow.signal()
    }
    done.wait()
    var engine = JourneyEngine(stream.capabilities)
    work.withLock { own in
      own.engine.finish()
      own.drain()
      report = own.report
      swap(&engine, &own.engine)
    }
    return engine
  }

  private func follow() {
    work.withLock { own in
      while true {
        toFollow.wait()
        let events = filled.withLock { $0.removeFirst() }
        guard events.count > 0 else { break }
        own.engine.consume(events)
        own.drain()
        emptied.withLock { $0.append(events) }
        toFill.signal()
      }
    }
    done.signal()
  }
}
