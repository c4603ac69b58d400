internal import Events

/// Many scenarios, each held against what really happened.
public struct SeriesCheck {
  /// What failed: the seed that shows it, made as small as it still fails, and the first difference.
  public private(set) var failures: [String] = []
  /// Every difference, with the seed that shows it, and those that are left open.
  public private(set) var details: [String] = []
  /// How much was compared.
  public private(set) var summary = ""
  public private(set) var packets = 0
  public private(set) var undecided = 0
  /// Packets whose journey differs from what happened.
  public private(set) var wrong = 0

  /// Packets that the recording leaves open in some way, as their journeys say.
  public private(set) var concessions = Concessions()

  public init(_ name: String, seeds: ClosedRange<UInt64>, _ kernel: Kernel, hasProbes: Bool = false, hasDetails: Bool = false) {
    var events = 0
    for seed in seeds {
      var scenario = Scenario(name, seed: seed)
      scenario.kernel = kernel
      scenario.hasProbes = hasProbes
      let outcome = scenario.play()
      let check = TruthCheck(outcome, kernel)
      events += outcome.recording.events.count
      packets += check.count
      undecided += check.undecided
      wrong += check.wrong
      concessions.add(check.concessions)
      if hasDetails {
        details += check.differences.map { "seed \(seed): \($0)" } + check.open.map { "seed \(seed), left open: \($0)" }
      }
      if !check.differences.isEmpty { failures.append(Self.smallest(scenario, check)) }
    }
    summary =
      "\(name), kernel \(kernel.release)\(hasProbes ? " with probes" : ""): \(seeds.count) scenarios, \(failures.count) with differences; \(events) events, "
      + "\(packets) packets, \(wrong) of which are told wrong, \(undecided) of which the kernel shows no end, "
      + "\(concessions.count) left open (\(concessions.description))"
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
