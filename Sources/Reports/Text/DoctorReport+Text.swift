extension DoctorReport {
  /// Writes `rows` for people: area by area; of the events only those that are missing, unless `isVerbose`.
  public static func writeText(_ rows: [Row], _ style: Style, isVerbose: Bool, to output: inout TextOutput) {
    var area = ""
    let width = rows.map(\.name.count).max() ?? 0
    for row in rows {
      if row.area != area {
        if !area.isEmpty { output.line() }
        area = row.area
        let inArea = rows.filter { $0.area == area }
        output.line(style.bold(area) + style.dim("  \(inArea.filter(\.isFine).count) of \(inArea.count) ok"))
      }
      if row.area == "events", row.isFine, !isVerbose { continue }
      let sign = row.isFine ? style.accent("✓") : row.isEssential ? style.warning("✗") : style.warning("–")
      let state = row.isFine ? "" : "\(row.state)  "
      output.line("  \(sign) \(Durations.left(row.name, width))  \(state)\(row.found)")
      if !row.isFine { output.line("    " + style.dim("costs: \(row.cost)")) }
    }
    output.line()
    let missing = rows.filter { $0.isEssential && !$0.isFine }
    output.line(
      missing.isEmpty
        ? style.bold("wakepath record works here.")
        : style.warning("wakepath record does not work here: \(missing.map(\.name).joined(separator: ", "))."))
    output.flush()
  }
}
