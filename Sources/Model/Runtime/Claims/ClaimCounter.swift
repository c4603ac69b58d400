internal import Events
internal import Journeys

/// Counts, in a recording, the cases for and against the claims that a recording can decide.
struct ClaimCounter: Sendable {
  private let claims: [Claim]
  private(set) var interrupts = InterruptClaims()
  private(set) var packets = PacketClaims()

  /// Counts for the claims of `model`.
  init(_ model: ReferenceModel) { claims = model.claims }

  mutating func observe(_ e: Event, _ engine: borrowing JourneyEngine) {
    interrupts.observe(e)
    packets.observe(e, engine)
  }

  /// Takes in a complete journey.
  mutating func judge(_ journey: Journey) { packets.judge(journey) }

  /// A result for every claim; `seen` tells which events the recording has.
  func results(seen: (EventKind) -> Bool) -> [ClaimResult] {
    claims.map { claim in
      guard claim.methods.contains(.trace) else {
        let method: Claim.Method = claim.methods.contains(.structure) ? .structure : .live
        let how = method == .live ? "an experiment on a running kernel decides it (verify --live)" : "the kernel's own types decide it (BTF)"
        return .unobserved(claim, by: method, because: how)
      }
      let missing = claim.needs.filter { !seen($0) }
      guard missing.isEmpty else {
        return .unobserved(claim, by: .trace, because: "not in this recording: " + missing.map(\.name).joined(separator: ", "))
      }
      return ClaimRegistry.trace[claim.id]?(self, claim) ?? .unobserved(claim, by: .trace, because: "no case was seen")
    }
  }
}

/// The first few packets that show something.
struct Examples: Sendable {
  private(set) var ids: [Int] = []

  mutating func add(_ id: Int) { if ids.count < 3, id > 0 { ids.append(id) } }
}
