internal import Events
internal import Journeys

/// Counts, in a recording, the cases for and against the claims that a recording can decide.
struct ClaimCounter: Sendable {
  private var interrupts = InterruptClaims()
  private var packets = PacketClaims()

  mutating func observe(_ e: Event, _ engine: borrowing JourneyEngine) {
    interrupts.observe(e)
    packets.observe(e, engine)
  }

  /// Takes in a complete journey.
  mutating func judge(_ journey: Journey) { packets.judge(journey) }

  /// A result for every claim; `seen` tells which events the recording has.
  func results(seen: (EventKind) -> Bool) -> [ClaimResult] {
    Claim.all.map { claim in
      guard claim.methods.contains(.trace) else {
        let method: Claim.Method = claim.methods.contains(.structure) ? .structure : .live
        let how = method == .live ? "an experiment on a running kernel decides it (verify --live)" : "the kernel's own types decide it (BTF)"
        return .unobserved(claim, by: method, because: how)
      }
      let missing = Self.needs(claim.id).filter { !seen($0) }
      guard missing.isEmpty else {
        return .unobserved(claim, by: .trace, because: "not in this recording: " + missing.map(\.name).joined(separator: ", "))
      }
      return interrupts.result(claim) ?? packets.result(claim) ?? .unobserved(claim, by: .trace, because: "no case was seen")
    }
  }

  /// The events without which a recording says nothing of claim `id`.
  private static func needs(_ id: String) -> [EventKind] {
    switch id {
    case "S1": [.netDevQueue, .netDevStartXmit, .netDevXmit, .sockSendLength]
    case "S2a": [.dmaMapPage, .irqHandlerEntry]
    case "S2b": [.irqHandlerEntry, .irqHandlerExit, .softirqEntry, .netifReceiveSkb]
    case "S3": [.irqHandlerEntry, .irqHandlerExit, .softirqRaise]
    case "S4": [.softirqRaise, .softirqEntry, .softirqExit]
    case "S6a": [.irqHandlerEntry, .irqHandlerExit, .softirqEntry, .softirqExit]
    case "S7": [.skDataReady, .schedWaking, .schedSwitch]
    case "S8": [.inetSockSetState, .schedWaking]
    case "S9": [.flow, .skDataReady]
    default: []
    }
  }
}

/// The first few packets that show something.
struct Examples: Sendable {
  private(set) var ids: [Int] = []

  mutating func add(_ id: Int) { if ids.count < 3, id > 0 { ids.append(id) } }
}
