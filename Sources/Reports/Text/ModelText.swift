internal import Events
internal import Journeys
public import Model

/// A model as people read it.
public enum ModelText {
  /// Appends the whole of `model` to `output`.
  public static func write(_ model: ReferenceModel, _ style: Style, to output: inout TextOutput) {
    let title = style.bold("The reference model, version \(model.version)")
    output.line(title + ": how Linux receives and sends packets, and what the textbook says about it")
    output.line()
    stages(model, style, &output)
    steps(model, style, &output)
    ends(model, style, &output)
    rules(model, style, &output)
    claims(model, style, &output)
  }

  private static func heading(_ text: String, _ style: Style, _ output: inout TextOutput) {
    output.line(style.bold(text.uppercased()))
    output.line()
  }

  private static func stages(_ model: ReferenceModel, _ style: Style, _ output: inout TextOutput) {
    heading("Stages", style, &output)
    for stage in model.stages {
      output.line(style.accent(Durations.left(stage.stage.id, 10)) + stage.meaning)
      output.line("          seen by " + stage.evidence)
      if let begins = stage.begins { output.line("          a journey begins here: " + begins) }
      output.line(style.dim("          " + stage.source))
    }
    output.line()
  }

  private static func steps(_ model: ReferenceModel, _ style: Style, _ output: inout TextOutput) {
    heading("Steps", style, &output)
    output.line("From one stage to the next one seen; * is the ordinary way. Any other step is unexplained; another context is G1, another CPU G2.")
    output.line()
    for step in model.steps {
      let arrow = "\(step.isOrdinary ? "*" : " ") \(Durations.left(step.from.id, 9)) → \(Durations.left(step.to.id, 9))"
      output.line("\(arrow)  \(step.because)")
      let contexts = step.contexts.map(\.rawValue).joined(separator: ", ")
      switch step.cpu {
      case .same: output.line(style.dim("                          in \(contexts); on the same CPU"))
      case .mayChange(let why): output.line(style.dim("                          in \(contexts); on any CPU: \(why)"))
      }
    }
    output.line()
  }

  private static func ends(_ model: ReferenceModel, _ style: Style, _ output: inout TextOutput) {
    heading("Ends", style, &output)
    for end in model.ends {
      output.line(Durations.left(end.outcome.rawValue, 10) + end.because)
      output.line(style.dim("          after " + end.last.map(\.id).joined(separator: ", ")))
    }
    output.line()
  }

  private static func rules(_ model: ReferenceModel, _ style: Style, _ output: inout TextOutput) {
    heading("Rules", style, &output)
    for rule in model.rules {
      output.line(style.accent(rule.id.rawValue) + "  " + style.bold(rule.title) + ": " + rule.says)
      for exception in rule.exceptions { output.line("    except   " + exception) }
      if !rule.constants.isEmpty { output.line("    numbers  " + rule.constants.joined(separator: ", ")) }
      output.line("    broken?  " + rule.advice)
      output.line(style.dim("    source   " + rule.source))
    }
    output.line()
  }

  private static func claims(_ model: ReferenceModel, _ style: Style, _ output: inout TextOutput) {
    heading("Claims of the textbook", style, &output)
    for claim in model.claims {
      output.line(style.accent(Durations.left(claim.id, 5)) + "“\(claim.says)”")
      output.line("     expected \(style.bold(claim.expected.rawValue)): \(claim.because)")
      output.line("     decided by \(claim.decidedBy) (\(methods(claim)))")
      output.line(style.dim("     source   " + claim.source))
    }
  }

  static func methods(_ claim: Claim) -> String { Claim.Method.allCases.filter(claim.methods.contains).map(\.rawValue).joined(separator: ", ") }
}
