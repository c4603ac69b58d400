internal import Events
internal import Journeys

/// Whether the parts of a model's file make sense together.
extension ModelDefinition {
  func check() throws(ModelError) {
    try unique(stages.map { ("stage", $0.stage.id, $0.line) })
    try unique(steps.map { ("step", "\($0.from.id) to \($0.to.id)", $0.line) })
    try unique(ends.map { ("end", $0.outcome.rawValue, $0.line) })
    try unique(machines.map { ("machine", $0.name, $0.line) })
    try unique(rules.map { ("rule", $0.id.rawValue, $0.line) })
    try unique(claims.map { ("claim", $0.id, $0.line) })
    try unique(causes.map { ("cause", $0.name, $0.line) })
    try unique(conditions.map { ("condition", $0.name, $0.line) })
    try unique(expectations.map { ("expectation", $0.title, $0.line) })
    try unique(rules.compactMap { rule in rule.code.map { ("code", $0.rawValue, rule.line) } })
    try checkEnds()
    try checkRules()
    try checkMachines()
  }

  /// An id names one thing.
  private func unique(_ ids: [(kind: String, id: String, line: Int)]) throws(ModelError) {
    var first: [String: Int] = [:]
    for (kind, id, line) in ids {
      if let before = first[id] { throw error(line, "\(kind) '\(id)' is there twice: it stands in line \(before), too") }
      first[id] = line
    }
  }

  private func checkEnds() throws(ModelError) {
    let known = Set(stages.map(\.stage))
    for end in ends {
      guard let missing = end.last.first(where: { !known.contains($0) }) else { continue }
      throw error(end.line, "unknown stage '\(missing.id)': the file does not describe it")
    }
  }

  private func checkRules() throws(ModelError) {
    guard rules.count <= RuleSet.limit else { throw error(rules[RuleSet.limit].line, "there are more than \(RuleSet.limit) rules") }
    for rule in rules where rule.code == nil {
      guard let machine = machines.first(where: { $0.name == rule.machine }) else {
        throw error(rule.line, "rule \(rule.id.rawValue) is held by machine '\(rule.machine ?? "")', which is not there")
      }
      guard machine.reactions.contains(where: { $0.breach?.rule == rule.id }) else {
        throw error(rule.line, "rule \(rule.id.rawValue) is held by machine '\(machine.name)', which never breaks it")
      }
    }
  }

  private func checkMachines() throws(ModelError) {
    let known = Set(rules.map(\.id))
    for machine in machines {
      for reaction in machine.reactions {
        for id in [reaction.checks, reaction.excuses, reaction.breach?.rule] {
          guard let id, !known.contains(id) else { continue }
          throw error(machine.line, "machine '\(machine.name)' speaks of rule \(id.rawValue), which is not there")
        }
        let usesStack = reaction.stack != nil || reaction.keep == .innermost || [.inside, .innermost].contains(reaction.condition)
        guard !usesStack || machine.subject == .cpu else {
          throw error(machine.line, "machine '\(machine.name)' has no stack: only one for each cpu has")
        }
      }
    }
  }

  private func error(_ line: Int, _ sentence: String) -> ModelError { ModelError(file: file, line: line, sentence: sentence) }
}

extension Machine {
  /// Everything that may happen, whatever the state.
  var reactions: [Reaction] { states.flatMap(\.reactions).flatMap(\.alternatives) }
}
