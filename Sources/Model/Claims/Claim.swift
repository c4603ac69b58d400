/// A statement of the textbook about Linux network I/O that an observed kernel can bear out or contradict.
public struct Claim: Sendable {
  /// What a claim is decided by.
  public enum Method: String, Sendable, CaseIterable {
    /// Cases for and against it are counted in a recording.
    case trace
    /// An experiment on the running kernel (`wakepath verify --live`).
    case live
    /// The kernel's own type information (BTF).
    case structure
  }

  /// How the counted cases make a verdict.
  public enum Quantifier: String, Sendable {
    /// It says "always": one case against refutes it.
    case always
    /// It says how things usually are: cases on both sides make it mixed.
    case usually
  }

  /// `S1`, `S2a`, …
  public let id: String
  /// What the textbook says.
  public let says: String
  /// The methods that can decide it.
  public let methods: Set<Method>
  public let quantifier: Quantifier
  /// What counts as a case for it and what against it.
  public let decidedBy: String
  /// What the kernel's source leads us to expect.
  public let expected: Verdict
  /// Why, and with which exceptions.
  public let because: String
  /// The kernel functions and files the expectation comes from.
  public let source: String

  /// The claim called `id`, or nil.
  public static func named(_ id: String) -> Claim? { all.first { $0.id == id } }

  /// The verdict that `supporting` cases for the claim and `opposing` cases against it make.
  ///
  /// A claim is put to the test only by a situation in which it could fail. Cases for a claim that is expected to fail do not confirm it:
  /// they say that the situation did not occur, and the claim stays unobserved.
  public func verdict(for supporting: Int, against opposing: Int) -> Verdict {
    if supporting == 0 && opposing == 0 { return .unobserved }
    switch quantifier {
    case .always:
      if opposing > 0 { return .refuted }
      return expected == .confirmed ? .confirmed : .unobserved
    case .usually:
      if supporting > 0 && opposing > 0 { return .mixed }
      if expected == .mixed { return .unobserved }
      return opposing > 0 ? .refuted : .confirmed
    }
  }
}

/// What an observation says of a claim.
public enum Verdict: String, Sendable, CaseIterable {
  case confirmed, refuted, mixed, unobserved
}

/// A claim and what one observation, of whatever method, says of it.
public struct ClaimResult: Sendable {
  public let claim: Claim
  public let method: Claim.Method
  public let verdict: Verdict
  /// Cases for the claim.
  public let `for`: Int
  /// Cases against it.
  public let against: Int
  /// Ids of packets that show it, as `wakepath packets` prints them: first those that decided. Empty where no packet is concerned.
  public let examples: [Int]
  /// One sentence: what was seen, with the numbers that matter.
  public let detail: String

  /// A result whose verdict follows from its counts.
  public init(_ claim: Claim, by method: Claim.Method, for supporting: Int, against: Int, examples: [Int] = [], detail: String) {
    let verdict = claim.verdict(for: supporting, against: against)
    self.init(claim, by: method, verdict, for: supporting, against: against, examples: examples, detail: detail)
  }

  /// A result whose verdict was reached otherwise than by counting, such as by comparing two times.
  public init(
    _ claim: Claim, by method: Claim.Method, _ verdict: Verdict, for supporting: Int, against: Int, examples: [Int] = [], detail: String
  ) {
    self.claim = claim
    self.method = method
    self.verdict = verdict
    self.for = supporting
    self.against = against
    self.examples = examples
    self.detail = detail
  }

  /// A result for a claim that could not be put to the test, and why.
  public static func unobserved(_ claim: Claim, by method: Claim.Method, because detail: String) -> ClaimResult {
    ClaimResult(claim, by: method, .unobserved, for: 0, against: 0, detail: detail)
  }

  /// Whether a verdict was reached and is not the expected one.
  public var isUnexpected: Bool { verdict != .unobserved && verdict != claim.expected }
}
