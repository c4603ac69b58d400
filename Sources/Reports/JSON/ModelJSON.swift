internal import Events
internal import Journeys
public import Model

/// A model as one JSON document.
public enum ModelJSON {
  /// Appends `model` to `output`.
  public static func write(_ model: ReferenceModel, to output: inout TextOutput) {
    var json = JSONWriter()
    json.object { json in
      json.field("model", model.version)
      json.array("stages", model.stages) { stage(&$0, $1) }
      json.array("steps", model.steps) { step(&$0, $1) }
      json.array("ends", model.ends) { json, end in
        json.object { json in
          json.field("outcome", end.outcome.rawValue)
          json.array("last", end.last) { $0.string($1.id) }
          json.field("because", end.because)
        }
      }
      json.array("rules", model.rules) { rule(&$0, $1) }
      json.array("claims", model.claims) { claim(&$0, $1) }
    }
    output.bytes.append(contentsOf: json.bytes)
    output.endLine()
  }

  private static func stage(_ json: inout JSONWriter, _ stage: StageModel) {
    json.object { json in
      json.field("id", stage.stage.id)
      json.field("evidence", stage.evidence)
      json.field("meaning", stage.meaning)
      json.field("begins", stage.begins)
      json.field("source", stage.source)
    }
  }

  private static func step(_ json: inout JSONWriter, _ step: Step) {
    json.object { json in
      json.field("from", step.from.id)
      json.field("to", step.to.id)
      json.array("contexts", step.contexts) { $0.string($1.rawValue) }
      switch step.cpu {
      case .same:
        json.field("cpu", "same")
        json.null("why")
      case .mayChange(let why):
        json.field("cpu", "any")
        json.field("why", why)
      }
      json.field("because", step.because)
    }
  }

  private static func rule(_ json: inout JSONWriter, _ rule: Rule) {
    json.object { json in
      json.field("id", rule.id.rawValue)
      json.field("title", rule.title)
      json.field("says", rule.says)
      json.array("exceptions", rule.exceptions) { $0.string($1) }
      json.array("constants", rule.constants) { $0.string($1) }
      json.array("needs", rule.needs) { $0.string($1.name) }
      json.field("source", rule.source)
      json.field("advice", rule.advice)
    }
  }

  private static func claim(_ json: inout JSONWriter, _ claim: Claim) {
    json.object { json in
      json.field("id", claim.id)
      json.field("says", claim.says)
      json.field("expected", claim.expected.rawValue)
      json.field("because", claim.because)
      json.field("decidedBy", claim.decidedBy)
      json.array("methods", Claim.Method.allCases.filter(claim.methods.contains)) { $0.string($1.rawValue) }
      json.field("source", claim.source)
    }
  }
}
