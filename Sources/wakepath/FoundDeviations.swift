import Decoding
import Events
import Journeys
import Model

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
