import Decoding
import Events
import Journeys
import Model

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
    var events = EventBatch()
    let isWanted = found.isWanted
    while stream.next(&events) {
      guard isWanted else {
        engine.consume(events)
        if !drain(stream, &engine, each) { return }
        continue
      }
      for index in 0..<events.count {
        engine.consume(events[index])
        found.observe(events[index], engine)
        if !engine.finished.isEmpty, !drain(stream, &engine, each) { return }
      }
    }
    engine.finish()
    found.finish(engine)
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

/// The rules that packets broke, where they are asked for.
struct FoundDeviations {
  private var checker: Checker?
  private var rules: [Int: [String]] = [:]
  private static let limit = 65_536

  /// Collects nothing unless `isWanted`: checking costs time.
  init(_ stream: borrowing EventStream, isWanted: Bool) {
    if isWanted { checker = Checker(kernel: stream.recording.info.kernel) }
  }

  /// Whether anything is collected.
  var isWanted: Bool { checker != nil }

  /// Takes in an event that `engine` has consumed, with the journeys that ended with it.
  mutating func observe(_ event: Event, _ engine: borrowing JourneyEngine) {
    guard checker != nil else { return }
    checker?.observe(event, engine)
    finish(engine)
  }

  /// Takes in the journeys that have just ended.
  mutating func finish(_ engine: borrowing JourneyEngine) {
    guard checker != nil else { return }
    for journey in engine.finished {
      guard let broken = checker?.judge(journey), !broken.isEmpty, rules.count < Self.limit else { continue }
      rules[journey.id] = broken.map(\.rawValue)
    }
  }

  /// What packet `id` broke; asked once.
  mutating func take(_ id: Int) -> [String] { rules.isEmpty ? [] : rules.removeValue(forKey: id) ?? [] }
}
