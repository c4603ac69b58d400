public import Events
public import Journeys

/// What a recording says about the model.
public struct Verification: Sendable {
  /// The model that it was held against.
  public let model: ReferenceModel
  /// How its journeys compare with the model.
  public let journeys: JourneyCounts
  /// Every rule, in the order of the model.
  public let rules: [RuleResult]
  /// What broke rules, in the same order.
  public let deviations: [Deviation]
  /// What the model has no words for.
  public let unexplained: [UnexplainedJourneys]
  /// Every claim, in the order of the textbook.
  public let claims: [ClaimResult]

  /// The kinds of event that the recording has, a bit for each.
  let seenKinds: UInt64

  /// Whether the recording has an event of this kind.
  public func hasSeen(_ kind: EventKind) -> Bool { seenKinds & 1 << UInt64(kind.rawValue) != 0 }

  /// Whether everything that was observed conforms to the model and no verdict is unexpected.
  public var isAsExpected: Bool {
    deviations.isEmpty && unexplained.isEmpty && journeys.deviating == 0 && !claims.contains { $0.isUnexpected }
  }
}

/// How journeys compare with the model.
public struct JourneyCounts: Sendable {
  /// Journeys that took a way of the model and broke no rule.
  public internal(set) var conforming = 0
  /// Journeys that broke a rule of a packet.
  public internal(set) var deviating = 0
  /// Journeys that broke no rule but took a way the model does not have.
  public internal(set) var unexplained = 0
  /// Journeys of which a part is missing, by what is the matter, in the order of `Journey.Completeness.allCases`.
  public internal(set) var skippedBy = [Int](repeating: 0, count: Journey.Completeness.allCases.count)

  /// All that were not judged.
  public var skipped: Int { skippedBy.reduce(0, +) }

  mutating func skip(_ completeness: Journey.Completeness) {
    skippedBy[Journey.Completeness.allCases.firstIndex(of: completeness) ?? 0] += 1
  }
}

/// How often a rule was put to the test, and how it fared.
public struct RuleResult: Sendable {
  /// The rule.
  public let rule: Rule
  /// Cases in which it could have been broken.
  public let checked: Int
  /// Cases left open by a legal exception or for want of evidence.
  public let excused: Int
  /// Cases in which it was broken.
  public let broken: Int
  /// Why it could not be checked at all, or nil.
  public let uncheckedBecause: String?
}

/// Journeys that the model cannot explain, for one reason.
public struct UnexplainedJourneys: Sendable {
  /// What the model has no words for.
  public let reason: Unexplained
  /// How many there are.
  public internal(set) var count = 0
  /// Ids of the first of them.
  public internal(set) var packets: [Int] = []
}

/// Why the model cannot explain a journey.
public enum Unexplained: Hashable, Sendable {
  case nothingSeen
  /// It begins with a stage at which journeys do not begin.
  case beginning(Stage)
  /// One stage followed another without a step from this to that.
  case step(Stage, Stage)
  /// It ended as journeys with this last stage do not end.
  case end(Journey.Outcome, Stage)

  /// In words.
  public var what: String {
    switch self {
    case .nothingSeen: "no stage was seen"
    case .beginning(let stage): "the first thing seen is \(stage.id)"
    case .step(let from, let to): "\(to.id) followed \(from.id), a step the model does not have"
    case .end(.unknown, let stage): "nothing was seen of it after \(stage.id)"
    case .end(let outcome, let stage): "it ended as \(outcome.rawValue) after \(stage.id)"
    }
  }
}

struct UnexplainedLog: Sendable {
  private var groups: [Unexplained: UnexplainedJourneys] = [:]

  mutating func note(_ reason: Unexplained, _ journey: Journey) {
    groups[reason, default: UnexplainedJourneys(reason: reason)].count += 1
    if groups[reason]?.packets.count ?? 0 < 8 { groups[reason]?.packets.append(journey.id) }
  }

  var all: [UnexplainedJourneys] { groups.values.sorted { ($1.count, $0.packets.first ?? 0) < ($0.count, $1.packets.first ?? 0) } }
}
