public import Events
public import Journeys

/// Holds a stream of events, and the journeys that an engine makes of them, against the reference model.
public struct Verifier: ~Copyable {
  private var engine: JourneyEngine
  private var checker: Checker

  /// A verifier of `model` for recordings with these capabilities, of the kernel release `kernel` if it is known.
  public init(_ capabilities: Capabilities, model: ReferenceModel = .linux, kernel: String?) {
    engine = JourneyEngine(capabilities)
    checker = Checker(model, kernel: kernel)
  }

  /// Takes in the next event in time order, and shows each journey that ends with it to `each`.
  public mutating func observe(_ event: Event, each: (Journey) -> Void = { _ in }) {
    engine.consume(event)
    checker.observe(event, engine)
    judge(each)
  }

  /// Ends what is under way, and shows the journeys to `each`; the verdict.
  public mutating func finish(each: (Journey) -> Void = { _ in }) -> Verification {
    engine.finish()
    judge(each)
    return checker.finish()
  }

  private mutating func judge(_ each: (Journey) -> Void) {
    guard !engine.finished.isEmpty else { return }
    for journey in engine.finished {
      checker.judge(journey)
      each(journey)
    }
    engine.finished.removeAll(keepingCapacity: true)
  }
}
