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
  /// How many there are of either, and how many there ever were.
  private let (toFollow, toFill): (DispatchSemaphore, DispatchSemaphore)
  private let followed = Atomic<Int>(0)
  private let filledSoFar = Atomic<Int>(0)
  private let done = DispatchSemaphore(value: 0)

  /// Two batches for each side, of a quarter of a megabyte.
  private static let batches = 4
  private static let capacity = 4096
  /// A thread looks so often for the next batch before it sleeps, for some fifty microseconds: to be woken takes longer than most waits,
  /// and who sleeps may come back on the CPU of the other.
  private static let looks = 100_000

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
    var (isMore, taken) = (true, 0)
    while isMore {
      // The first ones were there from the beginning.
      Self.look { followed.load(ordering: .acquiring) + Self.batches > taken }
      toFill.wait()
      taken += 1
      var events = emptied.withLock { $0.removeFirst() }
      isMore = stream.next(&events)
      let next = events
      filled.withLock { $0.append(next) }
      filledSoFar.add(1, ordering: .releasing)
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
      var taken = 0
      while true {
        Self.look { filledSoFar.load(ordering: .acquiring) > taken }
        toFollow.wait()
        taken += 1
        let events = filled.withLock { $0.removeFirst() }
        guard events.count > 0 else { break }
        own.engine.consume(events)
        own.drain()
        emptied.withLock { $0.append(events) }
        followed.add(1, ordering: .releasing)
        toFill.signal()
      }
    }
    done.signal()
  }

  /// Returns as soon as `isThere`, or when it has been asked often enough.
  @inline(__always)
  private static func look(_ isThere: () -> Bool) {
    for _ in 0..<looks where isThere() { return }
  }
}
