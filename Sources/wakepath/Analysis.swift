import Events
import Journeys

/// Runs a recording through the engine.
enum Analysis {
  /// Hands every journey of `stream` to `each`, in the order in which they end; false from `each` stops.
  static func run(_ stream: inout EventStream, _ engine: inout JourneyEngine, _ each: (Journey, borrowing EventStream) -> Bool) {
    while let event = stream.next() {
      engine.consume(event)
      if !engine.finished.isEmpty, !drain(stream, &engine, each) { return }
    }
    engine.finish()
    _ = drain(stream, &engine, each)
  }

  private static func drain(
    _ stream: borrowing EventStream, _ engine: inout JourneyEngine, _ each: (Journey, borrowing EventStream) -> Bool
  ) -> Bool {
    defer { engine.finished.removeAll(keepingCapacity: true) }
    for journey in engine.finished { guard each(journey, stream) else { return false } }
    return true
  }
}
