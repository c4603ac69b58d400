import Events
import Journeys
import Model
import Simulator
import Testing

/// A rule that a scenario breaks is the one that the model's checker finds, and nothing else is.
@Suite struct DeviationTests {
  private static let seeds: ClosedRange<UInt64> = 1...10

  /// What the checker says of a recording of `scenario`.
  private func verify(_ outcome: Scenario.Outcome, _ kernel: Kernel) -> Verification {
    var kinds: Set<EventKind> = Set(EventKind.allCases).subtracting([.flow, .flowSent, .flowUDP, .flowPulled])
    if !kernel.hasDataReady { kinds.subtract([.skDataReady, .sockRecvLength, .sockSendLength]) }
    var verifier = Verifier(Capabilities(kinds: kinds, probeNamesPacket: kernel.probeNamesPacket), kernel: kernel.release)
    for event in outcome.recording.events { verifier.observe(event) }
    return verifier.finish()
  }

  /// The rule that a deviation breaks, as the model says.
  private func rule(_ deviation: Simulator.Deviation) throws -> String {
    try #require(ReferenceModel.linux.rules.first { $0.simulation == deviation.rawValue }).id.rawValue
  }

  @Test func theModelNamesEveryDeviationOnce() {
    let named = ReferenceModel.linux.rules.compactMap(\.simulation)
    #expect(named.sorted() == Simulator.Deviation.allCases.map(\.rawValue).sorted())
  }

  /// The rules that can be broken in each scenario, in at least one of the seeds; of the others no recording shows it.
  private static let shown: [(scenario: String, rules: String)] = [
    ("udp", "14578"), ("tcp-bulk", "2345678"), ("gro", "2345678"), ("rps", "12345678"), ("ksoftirqd", "245678"), ("backlog", "134568"),
    ("handshake", "145678"), ("lossy", "2345678"), ("busy-reader", "12345678"), ("low-water", "145678"), ("random", "12345678")
  ]

  @Test(arguments: shown.map(\.scenario), ["6.6", "6.12", "6.18"])
  func theBrokenRuleIsFound(name: String, release: String) throws {
    let kernel = try #require(Kernel.all[release])
    let expected = try #require(Self.shown.first { $0.scenario == name }).rules
    for deviation in Simulator.Deviation.allCases {
      var found = 0
      for seed in Self.seeds {
        var scenario = Scenario(name, seed: seed)
        scenario.kernel = kernel
        scenario.deviation = deviation
        guard scenario.refusal == nil else { continue }
        let outcome = scenario.play()
        guard outcome.hasDeviated else { continue }
        found += 1
        let verification = verify(outcome, kernel)
        let broken = Set(verification.deviations.map(\.rule.rawValue))
        #expect(broken == [try rule(deviation)], "\(name), seed \(seed), \(release)")
        let isAsExpected = verification.isAsExpected
        #expect(!isAsExpected)
      }
      #expect((found > 0) == expected.contains(try rule(deviation).dropFirst()), "\(deviation.rawValue) in \(found) seeds of \(name), \(release)")
    }
  }

  @Test(arguments: Scenario.catalog.map(\.name), ["6.1", "6.6", "6.12", "6.18"])
  func unbrokenNothingIsFound(name: String, release: String) throws {
    let kernel = try #require(Kernel.all[release])
    for seed in Self.seeds {
      var scenario = Scenario(name, seed: seed)
      scenario.kernel = kernel
      let outcome = scenario.play()
      #expect(!outcome.hasDeviated)
      let verification = verify(outcome, kernel)
      #expect(verification.deviations.isEmpty, "\(name), seed \(seed), \(release): \(verification.deviations.map(\.what))")
    }
  }

  /// What a kernel cannot show is refused, and the rest is found there too.
  @Test(arguments: ["tcp-bulk", "rps", "handshake"]) func olderKernels(name: String) throws {
    for deviation in Simulator.Deviation.allCases {
      for seed in Self.seeds {
        var scenario = Scenario(name, seed: seed)
        scenario.kernel = .v6_1
        scenario.deviation = deviation
        if [.dataReady, .wakings, .copiedBytes].contains(deviation) { #expect(scenario.refusal != nil) }
        guard scenario.refusal == nil else { continue }
        let outcome = scenario.play()
        guard outcome.hasDeviated else { continue }
        #expect(Set(verify(outcome, .v6_1).deviations.map(\.rule.rawValue)) == [try rule(deviation)], "\(name), seed \(seed)")
      }
    }
  }

  @Test(arguments: [
    ("udp", Simulator.Deviation.mergedBytes), ("udp", .dataReady), ("udp", .copiedBytes), ("handshake", .dataReady), ("backlog", .nesting)
  ])
  func whatCannotBeBrokenIsRefused(name: String, deviation: Simulator.Deviation) {
    var scenario = Scenario(name)
    #expect(scenario.refusal == nil)
    scenario.deviation = deviation
    #expect(scenario.refusal != nil)
  }
}
