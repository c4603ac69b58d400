public import Events

/// Something that a rule of the model does not allow, and how often it was seen.
public struct Deviation: Sendable {
  public let rule: RuleID
  /// What was seen the first time.
  public let seen: String
  /// What the rule makes one expect instead.
  public let expected: String
  /// Ids of the first packets concerned, as `wakepath packets` prints them.
  public internal(set) var packets: [Int]
  public internal(set) var count = 1
  /// When and where it was seen first, in nanoseconds of the trace's clock.
  public let time: UInt64
  public let cpu: Int32
  /// The device concerned, or none.
  public let device: NameID

  /// Both in one sentence.
  public var what: String { "\(seen); expected \(expected)" }
}

/// The deviations of a recording, grouped by rule and kind; memory does not grow with their number.
struct DeviationLog: Sendable {
  private struct Key: Hashable {
    var rule: RuleID
    var kind: Int
  }

  private var groups: [Key: Deviation] = [:]
  private static let packetLimit = 8

  /// Notes that `rule` was broken at `event` in one of its ways, `kind`; the words are asked for only the first time.
  mutating func note(
    _ rule: RuleID, kind: Int = 0, at event: Event, packets: [Int] = [], device: NameID = .none, _ words: () -> (seen: String, expected: String)
  ) {
    let key = Key(rule: rule, kind: kind)
    if groups[key] == nil {
      let (seen, expected) = words()
      groups[key] = Deviation(
        rule: rule, seen: seen, expected: expected, packets: Array(packets.prefix(Self.packetLimit)), time: event.time, cpu: event.cpu,
        device: device)
      return
    }
    groups[key]?.count += 1
    for packet in packets where groups[key]?.packets.count ?? 0 < Self.packetLimit && groups[key]?.packets.contains(packet) == false {
      groups[key]?.packets.append(packet)
    }
  }

  /// Takes back what was noted of `rule`.
  mutating func remove(_ rule: RuleID) { groups = groups.filter { $0.key.rule != rule } }

  /// How often `rule` was broken.
  func count(_ rule: RuleID) -> Int { groups.values.reduce(0) { $0 + ($1.rule == rule ? $1.count : 0) } }

  /// In the order of the rules, and of their first time.
  var all: [Deviation] {
    groups.sorted { ($0.key.rule.index, $0.value.time, $0.key.kind) < ($1.key.rule.index, $1.value.time, $1.key.kind) }.map(\.value)
  }
}

/// How often a rule was put to the test.
struct RuleCount: Sendable {
  /// Cases in which it could have been broken.
  var checked = 0
  /// Cases in which a legal exception, or too little evidence, leaves it open.
  var excused = 0
}
