internal import Events

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
  public enum Quantifier: String, Sendable, CaseIterable {
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
  /// Whether one case against it refutes it.
  public let quantifier: Quantifier
  /// What counts as a case for it and what against it.
  public let decidedBy: String
  /// What the kernel's source leads us to expect.
  public let expected: Verdict
  /// Why, and with which exceptions.
  public let because: String
  /// The kernel functions and files the expectation comes from.
  public let source: String
  /// The events without which a recording says nothing of it.
  let needs: [EventKind]
  /// Where the file says so.
  let line: Int

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

extension Claim {
  private static let keys = ["claim", "says", "holds", "methods", "decided by", "needs", "expected", "because", "source"]

  /// What the file says of one claim.
  init(_ piece: Piece) throws(ModelError) {
    let fields = try piece.fields(Self.keys)
    id = try fields.text("claim")
    says = try fields.text("says")
    quantifier = try fields.piece("holds").choice("way in which a claim holds")
    var methods: Set<Method> = []
    for method in try fields.list("methods", of: "a method") { methods.insert(try method.choice("method")) }
    guard !methods.isEmpty else { throw piece.error("claim \(id) has no method that decides it") }
    self.methods = methods
    decidedBy = try fields.text("decided by")
    needs = try fields.events("needs")
    expected = try fields.piece("expected").choice("verdict")
    because = try fields.text("because")
    source = try fields.text("source")
    line = piece.line
    if let method = Method.allCases.first(where: { methods.contains($0) && !ClaimRegistry.decides(id, by: $0) }) {
      throw piece.error("claim \(id) has no code: nothing decides it by \(method.rawValue)")
    }
  }
}
