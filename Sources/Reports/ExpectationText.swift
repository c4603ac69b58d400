internal import Model

/// What came of a user's expectations, for people.
enum ExpectationText {
  /// Appends `results` to `output`: a line for each, with what was seen; nothing where nothing was expected.
  static func write(_ results: [ExpectationResult], _ style: Style, to output: inout TextOutput) {
    guard !results.isEmpty else { return }
    output.line(style.dim("expected besides"))
    for result in results {
      output.line(verdict(result, style) + style.bold(result.expectation.title) + ": " + result.expectation.says)
      output.line(style.dim("           \(result.detail)"))
      guard result.verdict == .broken else { continue }
      let more = result.failing > result.packets.count ? ", …" : ""
      output.line("           packets \(result.packets.map { String($0) }.joined(separator: ", "))\(more)")
    }
    output.line()
  }

  private static func verdict(_ result: ExpectationResult, _ style: Style) -> String {
    switch result.verdict {
    case .met: style.accent("met        ")
    case .broken: style.warning(style.bold("broken     "))
    case .open: style.warning("not judged ")
    }
  }
}
