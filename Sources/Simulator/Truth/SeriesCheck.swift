internal import Events

/// Many scenarios, each held against what really happened.
public struct SeriesCheck {
  /// What failed: the seed that shows it, made as small as it still fails, and the first difference.
  public private(set) var failures: [String] = []
  /// How much was compared.
  public private(set) var summary = ""
  public private(set) var packets = 0
  public private(set) var undecided = 0
  /// Packets whose journey differs from what happened.
  public private(set) var wrong = 0

  public init(_ name: String, seeds: ClosedRange<UInt64>, _ kernel: Kernel) {
    var events = 0
    for seed in seeds {
      var scenario = Scenario(name, seed: seed)
      scenario.kernel = kernel
      let outcome = scenario.play()
      let check = TruthCheck(outcome, kernel)
      events += outcome.recording.events.count
      packets += check.count
      undecided += check.undecided
      wrong += check.wrong
      if !check.differences.isEmpty { failures.append(Self.smallest(scenario, check)) }
    }
    summary =
      "\(name), kernel \(kernel.release): \(seeds.count) scenarios, \(failures.count) with differences; \(events) events, "
      + "\(packets) packets, \(wrong) of which are told wrong, \(undecided) of which the kernel shows no end"
  }

  /// Halves the traffic as long as the scenario still fails.
  private static func smallest(_ failing: Scenario, _ first: TruthCheck) -> String {
    var scenario = failing
    var check = first
    var smaller = scenario
    while smaller.share > 0.1 {
      smaller.share /= 2
      let next = TruthCheck(smaller.play(), smaller.kernel)
      if !next.differences.isEmpty { (scenario, check) = (smaller, next) }
    }
    let share = scenario.share < 1 ? " (with \(scenario.share) of its traffic)" : ""
    return "seed \(scenario.seed)\(share): \(check.differences.count) differences, the first: \(check.differences[0])"
  }
}
