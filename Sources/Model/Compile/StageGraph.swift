internal import Events
internal import Journeys

/// A model's steps, compiled into one flat table: a step is judged by one lookup.
struct StageGraph: Sendable {
  /// What the model says of a step.
  enum Judgement {
    case allowed
    /// The model knows the step, but not in that context.
    case wrongContext
    /// The model knows the step, but only on one CPU.
    case wrongCPU
    /// The model does not know the step.
    case unknown
  }

  /// For each pair of stages a bit for each context, and one that lets the CPU change; 0 where there is no such step.
  private var table = [UInt8](repeating: 0, count: stageCount * stageCount)
  private var begins = [Bool](repeating: false, count: stageCount)
  /// For each outcome a bit for each last stage.
  private var ends = [UInt32](repeating: 0, count: Journey.Outcome.allCases.count)

  private static let stageCount = Stage.allCases.count
  private static let mayChangeCPU: UInt8 = 0x80

  /// The table of what a file says.
  init(_ definition: ModelDefinition) {
    for step in definition.steps {
      var cell: UInt8 = step.cpu == .same ? 0 : Self.mayChangeCPU
      for context in step.contexts { cell |= Self.bit(context.execution) }
      table[Self.cell(step.from, step.to)] = cell
    }
    for stage in definition.stages where stage.begins != nil { begins[Int(stage.stage.rawValue)] = true }
    for end in definition.ends {
      for stage in end.last { ends[Self.index(end.outcome)] |= 1 << UInt32(stage.rawValue) }
    }
  }

  func step(_ from: Stage, _ a: StageMark, _ to: Stage, _ b: StageMark) -> Judgement {
    let cell = table[Self.cell(from, to)]
    if cell == 0 { return .unknown }
    if cell & Self.bit(b.context) == 0 { return .wrongContext }
    return a.cpu == b.cpu || cell & Self.mayChangeCPU != 0 ? .allowed : .wrongCPU
  }

  func mayBegin(_ stage: Stage) -> Bool { begins[Int(stage.rawValue)] }

  func mayEnd(_ outcome: Journey.Outcome, _ last: Stage) -> Bool { ends[Self.index(outcome)] & 1 << UInt32(last.rawValue) != 0 }

  private static func cell(_ from: Stage, _ to: Stage) -> Int { Int(from.rawValue) * stageCount + Int(to.rawValue) }

  private static func bit(_ context: ExecutionContext) -> UInt8 { 1 << context.rawValue }

  private static func index(_ outcome: Journey.Outcome) -> Int { Journey.Outcome.allCases.firstIndex(of: outcome) ?? 0 }
}

extension StepContext {
  /// What an event written in this context says of itself. A NAPI thread is a task to its events.
  var execution: ExecutionContext {
    switch self {
    case .hardInterrupt: .hardirq
    case .softInterrupt: .softirq
    case .napiThread, .process: .process
    }
  }
}
