import Bytes
import Simulator
import Testing

/// Scenarios drawn from seeds, each held against what really happened in the simulated machine. SIMULATE=10000 in the environment
/// plays that many of each. A failure names its seed: `wakepath simulate SCENARIO --seed SEED -o FILE` plays it again.
@Suite struct PropertyTests {
  private static let count = Environment.number("SIMULATE") ?? 100

  /// Where the kernel's events leave nothing open, every journey is what happened.
  @Test(arguments: ["udp", "tcp-bulk", "ksoftirqd"])
  func journeysAreWhatHappened(scenario: String) {
    let check = SeriesCheck(scenario, seeds: 1...UInt64(Self.count), .v6_12)
    #expect(check.packets > Self.count)
    #expect(check.failures.isEmpty, "\(check.summary)\n\(check.failures.prefix(5).joined(separator: "\n"))")
  }

  /// The same, for datagrams that their reader frees without an event (6.18).
  @Test func datagramsFreedSilentlyAreRead() {
    let check = SeriesCheck("udp", seeds: 1...UInt64(Self.count), .v6_18)
    #expect(check.wrong * 50 < check.packets, "\(check.summary)\n\(check.failures.prefix(5).joined(separator: "\n"))")
  }

  /// Where segments wait silently in backlogs between others, or out of order, order is all there is, and it misleads now and then.
  @Test(arguments: ["gro", "backlog", "low-water", "handshake", "rps", "busy-reader", "random"])
  func fewJourneysAreMisled(scenario: String) {
    let check = SeriesCheck(scenario, seeds: 1...UInt64(Self.count), .v6_12)
    #expect(check.wrong * 50 < check.packets, "\(check.wrong) of \(check.packets): \(check.failures.prefix(3).joined(separator: "\n"))")
  }

  /// The same seed plays the same.
  @Test(arguments: Scenario.catalog.map(\.name))
  func seedsReproduce(scenario: String) {
    let first = Scenario(scenario, seed: 7).play()
    let second = Scenario(scenario, seed: 7).play()
    let other = Scenario(scenario, seed: 8).play()
    #expect(first.recording.events.count > 20)
    #expect(first.recording.events.map(\.time) == second.recording.events.map(\.time))
    #expect(first.recording.events.map(\.time) != other.recording.events.map(\.time))
  }

  /// A scenario that is to break a rule differs from the one that keeps it.
  @Test(arguments: Deviation.allCases)
  func deviationsHappen(deviation: Deviation) {
    let happened = (1...20).contains { seed in
      var scenario = Scenario(deviation == .mergedBytes ? "gro" : "tcp-bulk", seed: UInt64(seed))
      let kept = scenario.play().recording.events.map { "\($0.body)" }
      scenario.deviation = deviation
      return kept != scenario.play().recording.events.map { "\($0.body)" }
    }
    #expect(happened)
  }
}
