internal import Layouts

/// The code that decides each claim, by its id: the one place where a claim's id means something to the program. What is said, expected and
/// needed stands in the model's file.
enum ClaimRegistry {
  typealias TraceEvaluator = @Sendable (ClaimCounter, Claim) -> ClaimResult
  typealias StructureEvaluator = @Sendable (StructureClaims) throws(LayoutError) -> [StructureClaims.Case?]

  /// By cases in a recording.
  static let trace: [String: TraceEvaluator] = [
    "S1": { $0.packets.sending($1) },
    "S2a": { $0.packets.posting($1) },
    "S2b": { $0.packets.announcing($1) },
    "S3": { $0.interrupts.handlers($1) },
    "S4": { $0.interrupts.requests($1) },
    "S5": { $0.packets.parsing($1) },
    "S6a": { $0.interrupts.times($1) },
    "S7": { $0.packets.waking($1) },
    "S8": { $0.packets.handshaking($1) },
    "S9": { $0.packets.pushing($1) }
  ]

  /// By the kernel's own types.
  static let structure: [String: StructureEvaluator] = [
    "S1": { types throws(LayoutError) in try types.sending() },
    "S11": { types throws(LayoutError) in try types.files() },
    "S13": { types throws(LayoutError) in try types.sockets() },
    "S14": { types throws(LayoutError) in try types.packets() }
  ]

  /// By experiments on a running kernel, which the target Experiments makes.
  static let live: Set<String> = ["S6b", "S8", "S9", "S10", "S11", "S12"]

  static func decides(_ id: String, by method: Claim.Method) -> Bool {
    switch method {
    case .trace: trace[id] != nil
    case .structure: structure[id] != nil
    case .live: live.contains(id)
    }
  }
}
