public import Events
internal import Journeys

/// Holds a stream of events, and the journeys that an engine makes of them, against the reference model.
public struct Verifier: ~Copyable {
  private var engine: JourneyEngine
  private var checker: Checker

  /// A verifier for recordings with these capabilities, of the kernel release `kernel` if it is known.
  public init(_ capabilities: Capabilities, kernel: String?) {
    engine = JourneyEngine(capabilities)
    checker = Checker(kernel: kernel)
  }

  /// Takes in the next event in time order.
  public mutating func observe(_ event: Event) {
    engine.consume(event)
    checker.observe(event, engine)
    judge()
  }

  /// Ends what is under way; the verdict.
  public mutating func finish() -> Verification {
    engine.finish()
    judge()
    return checker.finish()
  }

  private mutating func judge() {
    guard !engine.finished.isEmpty else { return }
    for journey in engine.finished { checker.judge(journey) }
    engine.finished.removeAll(keepingCapacity: true)
  }
}
