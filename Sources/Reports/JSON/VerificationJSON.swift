internal import Decoding
public import Events
public import Model

/// A verification as one JSON document.
public enum VerificationJSON {
  /// Appends `verification` of `stream` to `output`, with what came of the user's `expectations`, nil if there are none.
  public static func write(
    _ verification: Verification, _ expectations: [ExpectationResult]?, _ stream: borrowing EventStream, to output: inout TextOutput
  ) {
    var json = JSONWriter()
    let devices = verification.deviations.map { $0.device == .none ? nil : stream.names[$0.device] }
    let kernel = stream.recording.info.kernel
    json.object { json in
      json.field("model", verification.model.version)
      json.field("kernel", kernel)
      journeys(verification, &json)
      json.array("deviations", zip(verification.deviations, devices)) { deviation(&$0, $1.0, $1.1, verification.model) }
      json.array("unexplained", verification.unexplained) { json, group in
        json.object { json in
          json.field("what", group.reason.what)
          json.field("count", group.count)
          json.array("packets", group.packets) { $0.integer($1) }
        }
      }
      json.array("rules", verification.rules) { rule(&$0, $1) }
      json.array("claims", verification.claims) { claim(&$0, $1) }
      if let expectations { json.array("expectations", expectations) { expectation(&$0, $1) } }
    }
    output.bytes.append(contentsOf: json.bytes)
    output.endLine()
  }

  private static func journeys(_ verification: Verification, _ json: inout JSONWriter) {
    json.object("journeys") { json in
      json.field("conforming", verification.journeys.conforming)
      json.field("deviating", verification.journeys.deviating)
      json.field("unexplained", verification.journeys.unexplained)
      json.field("skipped", verification.journeys.skipped)
    }
  }

  private static func deviation(_ json: inout JSONWriter, _ deviation: Deviation, _ device: String?, _ model: ReferenceModel) {
    json.object { json in
      json.field("rule", deviation.rule.rawValue)
      json.array("packets", deviation.packets) { $0.integer($1) }
      json.field("count", deviation.count)
      json.field("what", deviation.what)
      json.field("seen", deviation.seen)
      json.field("expected", deviation.expected)
      json.field("device", device)
      json.field("time", deviation.time)
      json.field("cpu", deviation.cpu)
      json.field("advice", model.rule(deviation.rule)?.advice)
    }
  }

  private static func rule(_ json: inout JSONWriter, _ result: RuleResult) {
    json.object { json in
      json.field("id", result.rule.id.rawValue)
      json.field("checked", result.checked)
      json.field("excused", result.excused)
      json.field("broken", result.broken)
      json.field("unchecked", result.uncheckedBecause)
    }
  }

  private static func expectation(_ json: inout JSONWriter, _ result: ExpectationResult) {
    json.object { json in
      json.field("expectation", result.expectation.title)
      json.field("says", result.expectation.says)
      json.field("verdict", result.verdict.rawValue)
      json.field("matched", result.matched)
      json.field("judged", result.judged)
      json.field("failing", result.failing)
      json.array("packets", result.packets) { $0.integer($1) }
      json.field("detail", result.detail)
    }
  }

  /// Appends one result as an object; experiments and type checks print theirs with it, too.
  static func claim(_ json: inout JSONWriter, _ result: ClaimResult) {
    json.object { json in
      json.field("id", result.claim.id)
      json.field("says", result.claim.says)
      json.field("expected", result.claim.expected.rawValue)
      json.field("verdict", result.verdict.rawValue)
      json.field("for", result.for)
      json.field("against", result.against)
      json.array("example", result.examples) { $0.integer($1) }
      json.field("source", result.claim.source)
      json.field("method", result.method.rawValue)
      json.field("detail", result.detail)
    }
  }
}
