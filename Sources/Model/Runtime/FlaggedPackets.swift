/// A few rules of a model, by their places in it.
struct RuleSet: OptionSet, Sendable {
  let rawValue: UInt64

  /// A model has so many rules at most.
  static let limit = 64

  init(rawValue: UInt64) { self.rawValue = rawValue }

  init(_ rule: Int) { rawValue = 1 << UInt64(rule) }

  /// Their places, in order.
  var rules: [Int] { (0..<Self.limit).filter { contains(RuleSet($0)) } }
}

/// Packets in flight that broke a rule; they leave when their journeys end.
struct FlaggedPackets: Sendable {
  private var rules: [Int: RuleSet] = [:]
  /// Packets whose journeys are already judged stay: this bounds them.
  private static let limit = 65_536

  /// `packet` broke rule number `rule`.
  mutating func flag(_ packet: Int, _ rule: Int) {
    guard packet > 0 else { return }
    if rules.count >= Self.limit { rules.removeAll(keepingCapacity: true) }
    rules[packet, default: []].insert(RuleSet(rule))
  }

  /// What packet `id` broke; asked once, when its journey ends.
  mutating func take(_ id: Int) -> RuleSet { rules.isEmpty ? [] : rules.removeValue(forKey: id) ?? [] }
}
