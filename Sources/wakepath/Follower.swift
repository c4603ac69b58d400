import Dispatch
import Events
import Journeys
import Reports
import Synchronization

/// Follows journeys on a thread of its own while this one still reads and decodes: batches of events go over, and come back to be filled
/// again.
final class Follower: Sendable {
  private struct State {
    var engine: JourneyEngine
    var report: LatencyReport
  }

  private let state: Mutex<State>
  /// Batches to be looked at, oldest first; an empty one is the last.
  private let filled = Mutex<[EventBatch]>([])
  private let emptied: Mutex<[EventBatch]>
  /// How many there are of either.
  private let (toFollow, toFill): (DispatchSemaphore, DispatchSemaphore)
  private let done = DispatchSemaphore(value: 0)

  /// Two batches for each side, of a quarter of a megabyte.
  private static let batches = 4
  private static let capacity = 4096

  /// Follows with `engine`, and adds journeys to `report`.
  init(_ engine: JourneyEngine, _ report: LatencyReport) {
    state = Mutex(State(engine: engine, report: report))
    emptied = Mutex((0..<Self.batches).map { _ in EventBatch(capacity: Self.capacity) })
    (toFollow, toFill) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    for _ in 0..<Self.batches { toFill.signal() }
  }

  /// Takes all events of `stream`; the engine and the report at the end.
  func follow(_ stream: inout EventStream) -> (JourneyEngine, LatencyReport) {
    DispatchQueue.global(qos: .userInitiated).async { [self] in work() }
    var isMore = true
    while isMore {
      toFill.wait()
      var batch = emptied.withLock { $0.removeLast() }
      isMore = stream.next(&batch)
      let last = batch
      filled.withLock { $0.append(last) }
      toFollow.signal()
    }
    done.wait()
    return state.withLock { ($0.engine, $0.report) }
  }

  private func work() {
    state.withLock { state in
      while true {
        toFollow.wait()
        let batch = filled.withLock { $0.removeFirst() }
        guard batch.count > 0 else { break }
        state.engine.consume(batch)
        Self.drain(&state)
        emptied.withLock { $0.append(batch) }
        toFill.signal()
      }
      state.engine.finish()
      Self.drain(&state)
    }
    done.signal()
  }

  private static func drain(_ state: inout State) {
    for journey in state.engine.finished { state.report.add(journey) }
    state.engine.finished.removeAll(keepingCapacity: true)
  }
}
