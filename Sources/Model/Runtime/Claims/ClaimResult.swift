/// A claim and what one observation, of whatever method, says of it.
public struct ClaimResult: Sendable {
  /// The claim.
  public let claim: Claim
  /// How it was observed.
  public let method: Claim.Method
  /// What the observation says.
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
