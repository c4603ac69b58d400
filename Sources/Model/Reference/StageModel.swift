public import Events

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
  public let stage: Stage
  /// The events it is seen by.
  public let evidence: String
  /// What it means, in a sentence.
  public let meaning: String
  /// Whether a journey may begin here, and when.
  public let begins: String?
  /// Where in the kernel it happens.
  public let source: String

  init(_ stage: Stage, seenBy evidence: String, means meaning: String, begins: String? = nil, source: String) {
    self.stage = stage
    self.evidence = evidence
    self.meaning = meaning
    self.begins = begins
    self.source = source
  }
}

/// An allowed step from one stage to the next one seen.
public struct Step: Sendable {
  /// Whether a step may lead to another CPU.
  public enum CPURule: Sendable, Equatable {
    case same
    /// It may change, and why.
    case mayChange(String)
  }

  public let from: Stage
  public let to: Stage
  /// The contexts in which `to` may happen.
  public let contexts: [StepContext]
  public let cpu: CPURule
  /// What makes the kernel take it.
  public let because: String
  /// Whether it is the ordinary way, as the textbook draws it; the others are shortcuts and detours.
  public let isOrdinary: Bool

  init(
    _ from: Stage, _ to: Stage, in contexts: [StepContext], cpu: CPURule = .same, ordinary: Bool = false, _ because: String
  ) {
    self.from = from
    self.to = to
    self.contexts = contexts
    self.cpu = cpu
    self.because = because
    isOrdinary = ordinary
  }
}
