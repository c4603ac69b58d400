/// The code that holds a rule which no state machine can, by the name under which a model's file asks for it; with the numbers that it reads.
enum RuleCode: String, CaseIterable, Sendable {
  /// R1: what polls count and hand over (`PollCheck`).
  case pollWork = "poll-work"
  /// R2: what GRO holds and lets go (`GROCheck`).
  case groLengths = "gro-lengths"
  /// R3: what TCP takes in and announces (`StreamCheck`).
  case announcedData = "announced-data"
  /// R6: what TCP takes in and applications read (`StreamCheck`).
  case bytesRead = "bytes-read"
  /// G1 and G2: the contexts and CPUs of a journey's steps (`Checker`).
  case stepContext = "step-context"
  case stepCPU = "step-cpu"

  var numbers: [String] {
    switch self {
    case .pollWork:
      ["least balanced polls", "habit is one in", "least balanced polls of a backlog", "habit of a backlog is one in"]
    case .groLengths: ["least merged headers", "most merged headers"]
    case .announcedData: ["longest probed packet"]
    case .bytesRead: ["headers of a handshake", "a count wraps at"]
    case .stepContext, .stepCPU: []
    }
  }
}

/// When nothing can be said of a rule that a machine holds, by name; with the numbers that it reads.
enum RuleCondition: String, CaseIterable, Sendable {
  /// Tasks were at work without a switch to them more often than as an exception (`MachineRunner`).
  case missingSwitches = "switches are missing"
  /// The kernel is a real-time kernel, or deviations are so many that it behaves as one.
  case preemptedSoftInterrupts = "soft interrupts are preempted"

  var numbers: [String] {
    switch self {
    case .missingSwitches: ["missing switches are one in", "missing switches of one CPU at least", "missing switches of other tasks"]
    case .preemptedSoftInterrupts: ["habit at least", "habit is one in"]
    }
  }
}
