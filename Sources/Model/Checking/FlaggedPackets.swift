/// A few rules of the model.
struct RuleSet: OptionSet, Sendable {
  let rawValue: UInt16

  init(rawValue: UInt16) { self.rawValue = rawValue }

  init(_ rule: RuleID) { rawValue = 1 << UInt16(rule.index) }

  var rules: [RuleID] { RuleID.allCases.filter { contains(RuleSet($0)) } }
}

/// Packets in flight that broke a rule; they leave when their journeys end.
struct FlaggedPackets: Sendable {
  private var rules: [Int: RuleSet] = [:]
  /// Packets whose journeys are already judged stay: this bounds them.
  private static let limit = 65_536

  mutating func flag(_ packet: Int, _ rule: RuleID) {
    guard packet > 0 else { return }
    if rules.count >= Self.limit { rules.removeAll(keepingCapacity: true) }
    rules[packet, default: []].insert(RuleSet(rule))
  }

  /// What packet `id` broke; asked once, when its journey ends.
  mutating func take(_ id: Int) -> RuleSet { rules.isEmpty ? [] : rules.removeValue(forKey: id) ?? [] }
}
