public import Events

/// The rules that a kernel keeps. R1 to R8 hold for the stream of events, G1 and G2 for the steps of each journey.
public enum RuleID: String, Sendable, CaseIterable {
  case r1 = "R1", r2 = "R2", r3 = "R3", r4 = "R4", r5 = "R5", r6 = "R6", r7 = "R7", r8 = "R8"
  case g1 = "G1", g2 = "G2"
}

/// A rule: what always holds, when it legally does not, and what to do if it does not.
public struct Rule: Sendable {
  public let id: RuleID
  /// What it is about, in two or three words.
  public let title: String
  /// What holds.
  public let says: String
  /// When it does not hold and nothing is wrong.
  public let exceptions: [String]
  /// The numbers behind it, as the kernel's source calls them.
  public let constants: [String]
  /// The kernel functions it comes from, and versions.
  public let source: String
  /// Where to look if it is broken.
  public let advice: String
  /// The events without which it cannot be checked.
  public let needs: [EventKind]
  /// Whether a deviation belongs to a packet; the others are of a poll or a CPU.
  public let isOfPacket: Bool

  /// The rule `id`.
  public static subscript(id: RuleID) -> Rule { all[id.index] }
}

extension RuleID {
  /// Its place in `Rule.all`.
  var index: Int {
    switch self {
    case .r1: 0
    case .r2: 1
    case .r3: 2
    case .r4: 3
    case .r5: 4
    case .r6: 5
    case .r7: 6
    case .r8: 7
    case .g1: 8
    case .g2: 9
    }
  }
}
