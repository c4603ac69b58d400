public import Model

extension ClaimResult {
  /// One result for each claim of which `results` speak, in the textbook's order: what different methods say of it together.
  public static func merged(_ results: [ClaimResult]) -> [ClaimResult] {
    ReferenceModel.linux.claims.compactMap { claim in
      let all = results.filter { $0.claim.id == claim.id }
      let observed = all.filter { $0.verdict != .unobserved }
      guard let first = observed.first ?? all.first else { return nil }
      let used = observed.isEmpty ? all : observed
      if used.count == 1 { return first }
      let verdict = used.allSatisfy { $0.verdict == first.verdict } ? first.verdict : .mixed
      return ClaimResult(
        claim, by: first.method, verdict, for: used.reduce(0) { $0 + $1.for }, against: used.reduce(0) { $0 + $1.against },
        examples: used.flatMap(\.examples), detail: used.map { "\($0.method.words): \($0.detail)" }.joined(separator: "; "))
    }
  }
}

extension Claim.Method {
  fileprivate var words: String {
    switch self {
    case .live: "by experiment"
    case .trace: "in the recording"
    case .structure: "in the kernel's types"
    }
  }
}
