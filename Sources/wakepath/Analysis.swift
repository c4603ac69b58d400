import Decoding
import Events
import Journeys
import Reports

/// Runs a recording through the engine.
enum Analysis {
  /// Hands every journey of `stream` to `each`, in the order in which they end; false from `each` stops.
  static func run(_ stream: inout EventStream, _ engine: inout JourneyEngine, _ each: (Journey, borrowing EventStream) -> Bool) {
    var found = FoundDeviations(stream, isWanted: false)
    run(&stream, &engine, &found, each)
  }

  /// The same, and collects which rules of the model the packets broke.
  static func run(
    _ stream: inout EventStream, _ engine: inout JourneyEngine, _ found: inout FoundDeviations,
    _ each: (Journey, borrowing EventStream) -> Bool
  ) {
    drive(&stream, &engine, &found) { engine, _, stream in
      for journey in engine.finished { guard each(journey, stream) else { return false } }
      return true
    }
  }

  /// Hands every journey to `each` in the order of their first events, with the rules that its packet broke. A journey waits for older ones that
  /// are under way (`JourneyOrder` says how many do).
  static func runInOrder(
    _ stream: inout EventStream, _ engine: inout JourneyEngine, _ found: inout FoundDeviations,
    _ each: (Journey, [String], borrowing EventStream) -> Bool
  ) {
    var order = JourneyOrder()
    var sinceLook = 0
    drive(&stream, &engine, &found) { engine, found, stream in
      for journey in engine.finished { order.add(journey) }
      sinceLook += engine.finished.count
      // Looking for the oldest packet in flight costs a walk over all of them.
      guard sinceLook >= 512 else { return true }
      sinceLook = 0
      let oldest = engine.oldestInFlight
      while let journey = order.next(oldest: oldest) { guard each(journey, found.take(journey.id), stream) else { return false } }
      return true
    }
    while let journey = order.next(oldest: nil) { guard each(journey, found.take(journey.id), stream) else { return } }
  }

  /// Feeds the engine, and calls `drain` whenever journeys have ended; they are forgotten afterwards.
  private static func drive(
    _ stream: inout EventStream, _ engine: inout JourneyEngine, _ found: inout FoundDeviations,
    _ drain: (borrowing JourneyEngine, inout FoundDeviations, borrowing EventStream) -> Bool
  ) {
    func hand(_ engine: inout JourneyEngine, _ found: inout FoundDeviations, _ stream: borrowing EventStream) -> Bool {
      if engine.finished.isEmpty { return true }
      defer { engine.finished.removeAll(keepingCapacity: true) }
      return drain(engine, &found, stream)
    }
    var events = EventBatch()
    let isWanted = found.isWanted
    while stream.next(&events) {
      guard isWanted else {
        engine.consume(events)
        if !hand(&engine, &found, stream) { return }
        continue
      }
      for index in 0..<events.count {
        engine.consume(events[index])
        found.observe(events[index], engine)
        if !hand(&engine, &found, stream) { return }
      }
    }
    engine.finish()
    found.finish(engine)
    _ = hand(&engine, &found, stream)
  }
}
