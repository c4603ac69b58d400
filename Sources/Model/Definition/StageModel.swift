public import Events
public import Journeys

/// What the kernel is doing when it takes a step.
public enum StepContext: String, Sendable, CaseIterable {
  /// An interrupt handler runs.
  case hardInterrupt = "hard interrupt"
  /// A soft interrupt runs: at the end of an interrupt, where bottom halves are enabled again, or in ksoftirqd.
  case softInterrupt = "soft interrupt"
  /// A NAPI instance has a thread of its own (from 5.12).
  case napiThread = "NAPI thread"
  /// A task: the reader, the sender, one that holds a busy socket.
  case process = "process"
}

/// One stage of a packet's way.
public struct StageModel: Sendable {
  /// The stage.
  public let stage: Stage
  /// The events it is seen by, in words.
  public let evidence: String
  /// The events of the kernel of which any one can show it.
  public let events: [EventKind]
  /// What it means, in a sentence.
  public let meaning: String
  /// Whether a journey may begin here, and when.
  public let begins: String?
  /// Where in the kernel it happens.
  public let source: String
  /// Where the file says so.
  let line: Int
}

/// An allowed step from one stage to the next one seen.
public struct Step: Sendable {
  /// Whether a step may lead to another CPU.
  public enum CPURule: Sendable, Equatable {
    case same
    /// It may change, and why.
    case mayChange(String)
  }

  /// The stage seen before.
  public let from: Stage
  /// The stage seen next.
  public let to: Stage
  /// The contexts in which `to` may happen.
  public let contexts: [StepContext]
  /// Whether it may lead to another CPU.
  public let cpu: CPURule
  /// What makes the kernel take it.
  public let because: String
  /// Whether it is the ordinary way, as the textbook draws it; the others are shortcuts and detours.
  public let isOrdinary: Bool
  /// Where the file says so.
  let line: Int
}

/// A way in which a journey may end.
public struct JourneyEnd: Sendable {
  /// The outcome that has this end.
  public let outcome: Journey.Outcome
  /// The stages that may be the last one seen.
  public let last: [Stage]
  /// Why a journey ends so.
  public let because: String
  /// Where the file says so.
  let line: Int
}

/// Why a packet waits, or what is noticed about it, and the events without which a recording does not tell.
struct Sign<Value: Sendable>: Sendable {
  let value: Value
  let name: String
  let needs: [EventKind]
  let line: Int
}

extension StageModel {
  /// What the file says of one stage.
  init(_ piece: Piece) throws(ModelError) {
    let fields = try piece.fields(["stage", "means", "seen by", "events", "begins", "source"])
    stage = try fields.piece("stage").choice("stage", from: Vocabulary.stages)
    meaning = try fields.text("means")
    evidence = try fields.text("seen by")
    events = try fields.events("events")
    begins = try fields.textIfAny("begins")
    source = try fields.text("source")
    line = piece.line
  }
}

extension Step {
  /// What the file says of one step; `known` are the stages that it describes.
  init(_ piece: Piece, _ known: Set<Stage>) throws(ModelError) {
    let fields = try piece.fields(["from", "to", "in", "any cpu", "ordinary", "because"])
    from = try fields.piece("from").choice("stage", from: Vocabulary.stages)
    let target = try fields.piece("to")
    let name = try target.text()
    guard let stage = Vocabulary.stages.first(where: { $0.name == name })?.value, known.contains(stage) else {
      throw target.error("the step from \(from.id) leads nowhere: there is no stage '\(name)'")
    }
    to = stage
    guard known.contains(from) else { throw piece.error("unknown stage '\(from.id)': the file does not describe it") }
    var contexts: [StepContext] = []
    for context in try fields.piece("in").list(of: "a context") { contexts.append(try context.choice("context")) }
    guard !contexts.isEmpty else { throw piece.error("the step from \(from.id) to \(to.id) happens in no context") }
    self.contexts = contexts
    cpu = try fields.textIfAny("any cpu").map { .mayChange($0) } ?? .same
    isOrdinary = try fields.flag("ordinary")
    because = try fields.text("because")
    line = piece.line
  }
}

extension JourneyEnd {
  /// What the file says of one way to end.
  init(_ piece: Piece) throws(ModelError) {
    let fields = try piece.fields(["outcome", "last", "because"])
    outcome = try fields.piece("outcome").choice("outcome")
    last = try fields.stages("last")
    because = try fields.text("because")
    line = piece.line
  }
}

extension Sign {
  /// What the file says of one sign, a `kind` of those in `vocabulary`.
  init(_ piece: Piece, _ kind: String, _ vocabulary: [(name: String, value: Value)]) throws(ModelError) {
    let fields = try piece.fields([kind, "needs"])
    let sign = try fields.piece(kind)
    (name, value) = (try sign.text(), try sign.choice(kind, from: vocabulary))
    needs = try fields.events("needs")
    line = piece.line
  }
}
