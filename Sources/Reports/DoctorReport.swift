/// What a machine allows, printed.
public enum DoctorReport {
  /// One thing that was looked at.
  public struct Row: Sendable {
    public var area: String
    public var name: String
    /// `ok`, `missing` or `denied`.
    public var state: String
    public var isFine: Bool
    public var found: String
    /// What cannot be shown or done without it.
    public var cost: String
    /// Whether nothing can be recorded without it.
    public var isEssential: Bool

    public init(area: String, name: String, state: String, isFine: Bool, found: String, cost: String, isEssential: Bool) {
      self.area = area
      self.name = name
      self.state = state
      self.isFine = isFine
      self.found = found
      self.cost = cost
      self.isEssential = isEssential
    }
  }

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

  /// Writes `rows` as JSON.
  public static func writeJSON(_ rows: [Row], to output: inout TextOutput) {
    var json = JSONWriter()
    json.object { json in
      json.array("checks", rows) { json, row in
        json.object { json in
          json.field("area", row.area)
          json.field("name", row.name)
          json.field("state", row.state)
          json.field("found", row.found)
          json.field("cost", row.cost)
          json.key("essential")
          json.raw(row.isEssential ? "true" : "false")
        }
      }
    }
    output.bytes.append(contentsOf: json.bytes)
    output.endLine()
    output.flush()
  }
}
