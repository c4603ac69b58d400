internal import Events
internal import Journeys

/// The names by which a model's file speaks of what the code knows: stages, events of the kernel, causes.
enum Vocabulary {
  static let stages: [(name: String, value: Stage)] = Stage.allCases.map { ($0.id, $0) }

  /// Events of the kernel by their names, alone or with their system: `napi_poll` or `napi:napi_poll`.
  static let events: [(name: String, value: EventKind)] =
    EventKind.allCases.filter { $0 != .print }.flatMap { kind in
      [(kind.name, kind), ("\(kind.tracepoint.system):\(kind.name)", kind)]
    }

  static let causes: [(name: String, value: Cause)] = Cause.allCases.map { ($0.id, $0) }

  /// What the engine notices about a journey, in words.
  static let conditions: [(name: String, value: Conditions)] = [
    ("held by GRO", .held), ("in ksoftirqd", .ksoftirqd), ("time limit", .timeLimit), ("budget used up", .budget),
    ("softirq busy", .softirqBusy), ("unannounced", .unannounced), ("driver busy", .driverBusy)
  ]

  static let contexts: [(name: String, value: ExecutionContext)] = [
    ("hard interrupt", .hardirq), ("soft interrupt", .softirq), ("process", .process)
  ]
}

extension Fields {
  /// The stages that the list `key` names.
  func stages(_ key: String) throws(ModelError) -> [Stage] {
    var stages: [Stage] = []
    for piece in try list(key, of: "a stage") { stages.append(try piece.choice("stage", from: Vocabulary.stages)) }
    return stages
  }

  /// The events of the kernel that the list `key` names; none where it is absent.
  func events(_ key: String) throws(ModelError) -> [EventKind] {
    var kinds: [EventKind] = []
    for piece in try list(key, of: "an event") { kinds.append(try piece.choice("event", from: Vocabulary.events)) }
    return kinds
  }
}
