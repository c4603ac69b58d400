/// What a machine allows, printed; `Text/` and `JSON/` have a form each.
public enum DoctorReport {
  /// One thing that was looked at.
  public struct Row: Sendable {
    /// What it belongs to: `tracing`, `events`, ….
    public var area: String
    /// What it is called, for an event `system:name`.
    public var name: String
    /// `ok`, `missing` or `denied`.
    public var state: String
    /// Whether nothing is wrong with it.
    public var isFine: Bool
    /// What was found.
    public var found: String
    /// What cannot be shown or done without it.
    public var cost: String
    /// Whether nothing can be recorded without it.
    public var isEssential: Bool

    /// A row of these columns.
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
}
