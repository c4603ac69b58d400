import Decoding
import Events
import Foundation
import Journeys
import Model
import Support

/// The events of a recording in memory, to be changed and held against the model.
struct Replay {
  var events: [Event] = []
  var capabilities: Capabilities
  let kernel: String?

  /// Reads `Traces/NAME/trace.dat`.
  init(_ name: String) throws {
    let recording = try Recording(paths: [Repository.root.appendingPathComponent("Traces/\(name)/trace.dat").path])
    var stream = EventStream(recording)
    while let event = stream.next() { events.append(event) }
    capabilities = stream.capabilities
    kernel = stream.recording.info.kernel
  }

  /// What the model says of the events as they are now.
  func verify() -> Verification {
    var verifier = Verifier(capabilities, kernel: kernel)
    for event in events { verifier.observe(event) }
    return verifier.finish()
  }

  /// The place of the `nth` event that fits.
  func place(nth: Int = 0, _ fits: (Int, Event) -> Bool) -> Int? {
    var left = nth
    for (index, event) in events.enumerated() where fits(index, event) {
      if left == 0 { return index }
      left -= 1
    }
    return nil
  }

  /// The next event of the CPU of event `index`.
  func nextOnCPU(_ index: Int) -> Event? { events[(index + 1)...].first { $0.cpu == events[index].cpu } }
}

extension Verification {
  /// The rules that were broken.
  var broken: Set<RuleID> { Set(deviations.map(\.rule)) }

  func result(_ claim: String) -> ClaimResult? { claims.first { $0.claim.id == claim } }

  func result(_ rule: RuleID) -> RuleResult? { rules.first { $0.rule.id == rule } }
}
