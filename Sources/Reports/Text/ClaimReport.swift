public import Model

/// The textbook's statements and what experiments on a kernel say of each.
public enum ClaimReport {
  /// Writes `results`, one for each claim, as a table with a sentence under each row.
  public static func writeText(_ results: [ClaimResult], kernel: String, _ style: Style, to output: inout TextOutput) {
    output.line(style.bold("Experiments on kernel \(kernel)"))
    output.line()
    output.line(style.dim("claim  expected    verdict         for  against"))
    for result in results {
      let verdict = Durations.left(result.verdict.rawValue, 11)
      let colored = result.verdict == .unobserved ? style.dim(verdict) : result.isUnexpected ? style.warning(verdict) : style.accent(verdict)
      output.line(
        style.bold(Durations.left(result.claim.id, 7)) + Durations.left(result.claim.expected.rawValue, 12) + colored
          + Durations.right(Durations.count(result.for), 8) + Durations.right(Durations.count(result.against), 9))
      for line in wrapped("The textbook: \(result.claim.says)") { output.line("       " + line) }
      for line in wrapped(result.detail + examples(result)) { output.line("       " + style.dim(line)) }
      if result.isUnexpected {
        for line in wrapped("Expected otherwise: \(result.claim.because) (\(result.claim.source))") { output.line("       " + style.warning(line)) }
      }
    }
    output.line()
    output.line(ending(results, style))
    output.flush()
  }

  private static func ending(_ results: [ClaimResult], _ style: Style) -> String {
    let unexpected = results.filter(\.isUnexpected).map(\.claim.id)
    let unobserved = results.filter { $0.verdict == .unobserved }.map(\.claim.id)
    let open = unobserved.isEmpty ? "" : " Unobserved: \(unobserved.joined(separator: ", "))."
    return unexpected.isEmpty
      ? style.bold("Every observed verdict is the expected one.") + open
      : style.warning("Unexpected: \(unexpected.joined(separator: ", ")).") + open
  }

  private static func examples(_ result: ClaimResult) -> String {
    result.examples.isEmpty ? "" : " (packets \(result.examples.prefix(3).map { "\($0)" }.joined(separator: ", ")))"
  }

  /// `text` in lines of about 110 characters.
  private static func wrapped(_ text: String) -> [String] {
    var lines: [String] = [""]
    for word in text.split(separator: " ") {
      if lines[lines.count - 1].count + word.count > 110 { lines.append("") }
      lines[lines.count - 1] += (lines[lines.count - 1].isEmpty ? "" : " ") + word
    }
    return lines
  }

  /// Writes `results` as JSON, in the form of `verify --json`.
  public static func writeJSON(_ results: [ClaimResult], kernel: String, to output: inout TextOutput) {
    var json = JSONWriter()
    json.object { json in
      json.field("model", ReferenceModel.linux.version)
      json.field("kernel", kernel)
      json.array("claims", results) { json, result in VerificationJSON.claim(&json, result) }
    }
    output.bytes.append(contentsOf: json.bytes)
    output.endLine()
    output.flush()
  }
}
