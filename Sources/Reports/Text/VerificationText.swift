internal import Decoding
public import Events
public import Model
internal import Journeys

/// A verification for people: how many journeys conform, what does not and what to do, the rules, and the verdicts on the textbook.
public enum VerificationText {
  /// Appends `verification` of `stream` to `output`, with what came of the user's `expectations`; with `isVerbose` also what conforms.
  public static func write(
    _ verification: Verification, _ expectations: [ExpectationResult], _ stream: borrowing EventStream, _ style: Style, isVerbose: Bool,
    to output: inout TextOutput
  ) {
    let info = stream.recording.info
    let kernel = info.kernel.map { "kernel \($0)" } ?? "kernel unknown"
    output.line(style.bold(info.files.joined(separator: " ")) + style.dim("  \(kernel) · model \(verification.model.version)"))
    output.line()
    summary(verification, style, &output)
    deviations(verification, stream, style, &output)
    unexplained(verification, style, &output)
    rules(verification, style, &output)
    claims(verification.claims, style, isVerbose: isVerbose, &output)
    ExpectationText.write(expectations, style, to: &output)
    ending(verification, expectations, style, &output)
  }

  private static func summary(_ verification: Verification, _ style: Style, _ output: inout TextOutput) {
    let journeys = verification.journeys
    let judged = journeys.conforming + journeys.deviating + journeys.unexplained
    var line = style.bold("Journeys  ") + "\(Durations.count(journeys.conforming)) of \(Durations.count(judged)) conform"
    if journeys.deviating > 0 { line += ", " + style.warning("\(Durations.count(journeys.deviating)) deviate") }
    if journeys.unexplained > 0 { line += ", " + style.warning("\(Durations.count(journeys.unexplained)) unexplained") }
    if judged == 0 { line = style.bold("Journeys  ") + "none in this recording to judge" }
    if journeys.skipped > 0 {
      let kinds = zip(Journey.Completeness.allCases, journeys.skippedBy).filter { $0.1 > 0 }.map { "\(Durations.count($0.1)) \($0.0.rawValue)" }
      line += style.dim("; skipped: \(kinds.joined(separator: ", "))")
    }
    output.line(line)
    output.line()
  }

  private static func deviations(
    _ verification: Verification, _ stream: borrowing EventStream, _ style: Style, _ output: inout TextOutput
  ) {
    for deviation in verification.deviations {
      guard let rule = verification.model.rule(deviation.rule) else { continue }
      let times = deviation.count > 1 ? ", \(Durations.count(deviation.count)) times" : ""
      let device = deviation.device == .none ? "" : " on \(stream.names[deviation.device])"
      output.line(style.warning(style.bold("\(rule.id.rawValue) broken")) + "  \(rule.says)")
      output.line("   seen      \(deviation.seen)\(device) at \(Durations.stamp(deviation.time))\(times)")
      output.line("   expected  \(deviation.expected)")
      if !deviation.packets.isEmpty { output.line("   packets   \(list(deviation.packets, of: deviation.count))") }
      output.line(style.dim("   source    \(rule.source)"))
      output.line("   advice    \(rule.advice)")
      output.line()
    }
  }

  private static func unexplained(_ verification: Verification, _ style: Style, _ output: inout TextOutput) {
    guard !verification.unexplained.isEmpty else { return }
    output.line(
      style.warning(style.bold("Unexplained")) + "  the model has no such way; a kernel feature it does not know, or events that were not recorded")
    for group in verification.unexplained {
      output.line("  \(Durations.right(Durations.count(group.count), 7))  \(group.reason.what): packets \(list(group.packets, of: group.count))")
    }
    output.line()
  }

  private static func list(_ packets: [Int], of count: Int) -> String {
    packets.map { String($0) }.joined(separator: ", ") + (count > packets.count ? ", …" : "")
  }

  private static func rules(_ verification: Verification, _ style: Style, _ output: inout TextOutput) {
    output.line(style.dim(Durations.left("rule", 46) + Durations.right("checked", 9) + Durations.right("excused", 9) + Durations.right("broken", 8)))
    for result in verification.rules {
      let name = Durations.left("\(result.rule.id.rawValue)  \(result.rule.title)", 46)
      if let reason = result.uncheckedBecause {
        output.line(style.dim(name + "       –  \(reason)"))
        continue
      }
      let broken = Durations.right(Durations.count(result.broken), 8)
      output.line(
        name + Durations.right(Durations.count(result.checked), 9) + Durations.right(Durations.count(result.excused), 9)
          + (result.broken > 0 ? style.warning(style.bold(broken)) : broken))
    }
    output.line()
  }

  /// The verdict table; `verify --live` prints its results with it, too.
  static func claims(_ results: [ClaimResult], _ style: Style, isVerbose: Bool, _ output: inout TextOutput) {
    output.line(style.dim(Durations.left("the textbook says", 46) + Durations.right("for", 9) + Durations.right("against", 9) + "  verdict"))
    var open: [String] = []
    for result in results {
      guard result.method == .trace || result.verdict != .unobserved else {
        open.append(result.claim.id)
        continue
      }
      for (index, line) in wrapped(result.claim.says, 40).enumerated() {
        guard index == 0 else {
          output.line("     " + line)
          continue
        }
        output.line(
          Durations.left("\(Durations.left(result.claim.id, 5))\(line)", 46) + Durations.right(Durations.count(result.for), 9)
            + Durations.right(Durations.count(result.against), 9) + "  " + verdict(result, style))
      }
      output.line(style.dim("     \(result.detail)\(examples(result))"))
      guard isVerbose || result.isUnexpected else { continue }
      output.line(style.dim("     expected \(result.claim.expected.rawValue): \(result.claim.because)"))
      output.line(style.dim("     source   \(result.claim.source)"))
    }
    if !open.isEmpty {
      output.line(style.dim("\(open.joined(separator: ", ")): a recording cannot tell; wakepath verify --live asks the running kernel"))
    }
    output.line()
  }

  private static func verdict(_ result: ClaimResult, _ style: Style) -> String {
    if result.verdict == .unobserved { return style.dim("unobserved") }
    if result.isUnexpected { return style.warning(style.bold("\(result.verdict.rawValue), expected \(result.claim.expected.rawValue)")) }
    return style.accent(result.verdict.rawValue)
  }

  private static func examples(_ result: ClaimResult) -> String {
    result.examples.isEmpty ? "" : " (packet \(result.examples.map { String($0) }.joined(separator: ", ")))"
  }

  private static func wrapped(_ text: String, _ width: Int) -> [String] {
    var lines: [String] = [""]
    for word in text.split(separator: " ") {
      let last = lines[lines.count - 1]
      if last.isEmpty {
        lines[lines.count - 1] = String(word)
      } else if last.count + 1 + word.count <= width {
        lines[lines.count - 1] += " \(word)"
      } else {
        lines.append(String(word))
      }
    }
    return lines
  }

  private static func ending(
    _ verification: Verification, _ expectations: [ExpectationResult], _ style: Style, _ output: inout TextOutput
  ) {
    let disappointed = expectations.filter { $0.verdict == .broken }
    let unexpected = verification.claims.filter { $0.isUnexpected }.map(\.claim.id)
    if verification.isAsExpected, disappointed.isEmpty { return output.line(style.bold("Everything observed conforms.")) }
    var parts: [String] = []
    let broken = verification.rules.filter { $0.broken > 0 }.map(\.rule.id.rawValue)
    if !broken.isEmpty { parts.append("rules broken: \(broken.joined(separator: ", "))") }
    if verification.journeys.unexplained > 0 { parts.append("\(Durations.count(verification.journeys.unexplained)) journeys unexplained") }
    if !unexpected.isEmpty { parts.append("unexpected verdicts: \(unexpected.joined(separator: ", "))") }
    if !disappointed.isEmpty { parts.append("expectations broken: \(disappointed.map(\.expectation.title).joined(separator: ", "))") }
    output.line(style.warning(style.bold("Not everything conforms: \(parts.joined(separator: "; ")).")))
  }
}
