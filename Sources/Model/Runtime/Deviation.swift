public import Events

/// Something that a rule of the model does not allow, and how often it was seen.
public struct Deviation: Sendable {
  /// The rule that was broken.
  public let rule: RuleID
  /// What was seen the first time.
  public let seen: String
  /// What the rule makes one expect instead.
  public let expected: String
  /// Ids of the first packets concerned, as `wakepath packets` prints them.
  public internal(set) var packets: [Int]
  /// How often it was seen.
  public internal(set) var count = 1
  /// When and where it was seen first, in nanoseconds of the trace's clock.
  public let time: UInt64
  /// The CPU that wrote the event at which it was seen first.
  public let cpu: Int32
  /// The device concerned, or none.
  public let device: NameID

  /// Both in one sentence.
  public var what: String { "\(seen); expected \(expected)" }
}

/// The deviations of a recording, grouped by rule and kind; memory does not grow with their number.
struct DeviationLog: Sendable {
  private struct Key: Hashable {
    /// The rule's place in the model.
    var rule: Int
    var kind: Int
  }

  /// The model's rules.
  private let rules: [RuleID]
  private var groups: [Key: Deviation] = [:]
  private static let packetLimit = 8

  init(_ rules: [RuleID]) { self.rules = rules }

  /// Notes that rule number `rule` was broken at `event` in one of its ways, `kind`; the words are asked for only the first time.
  mutating func note(
    _ rule: Int, kind: Int = 0, at event: Event, packets: [Int] = [], device: NameID = .none, _ words: () -> (seen: String, expected: String)
  ) {
    note(rule, kind: kind, time: event.time, cpu: event.cpu, packets: packets, device: device, words)
  }

  /// The same at a time, in nanoseconds of the trace's clock, on a CPU.
  mutating func note(
    _ rule: Int, kind: Int, time: UInt64, cpu: Int32, packets: [Int], device: NameID = .none, _ words: () -> (seen: String, expected: String)
  ) {
    let key = Key(rule: rule, kind: kind)
    if groups[key] == nil {
      let (seen, expected) = words()
      groups[key] = Deviation(
        rule: rules[rule], seen: seen, expected: expected, packets: Array(packets.prefix(Self.packetLimit)), time: time, cpu: cpu, device: device)
      return
    }
    groups[key]?.count += 1
    for packet in packets where groups[key]?.packets.count ?? 0 < Self.packetLimit && groups[key]?.packets.contains(packet) == false {
      groups[key]?.packets.append(packet)
    }
  }

  /// Takes back what was noted of `rule`.
  mutating func remove(_ rule: Int) { groups = groups.filter { $0.key.rule != rule } }

  /// How often `rule` was broken.
  func count(_ rule: Int) -> Int { groups.reduce(0) { $0 + ($1.key.rule == rule ? $1.value.count : 0) } }

  /// In the order of the rules, and of their first time.
  var all: [Deviation] {
    groups.sorted { ($0.key.rule, $0.value.time, $0.key.kind) < ($1.key.rule, $1.value.time, $1.key.kind) }.map(\.value)
  }
}

/// How often a rule was put to the test.
struct RuleCount: Sendable {
  /// Cases in which it could have been broken.
  var checked = 0
  /// Cases in which a legal exception, or too little evidence, leaves it open.
  var excused = 0
}
