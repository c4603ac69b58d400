public import Events

/// The name of a rule: `R1`, `G2`. Those of the reference model have a constant each.
public struct RuleID: RawRepresentable, Hashable, Sendable {
  /// The name itself.
  public let rawValue: String
  /// The rule of this name, whether a model has it or not.
  public init(rawValue: String) { self.rawValue = rawValue }

  /// Those of the stream of events.
  public static let r1 = RuleID(rawValue: "R1"), r2 = RuleID(rawValue: "R2"), r3 = RuleID(rawValue: "R3"), r4 = RuleID(rawValue: "R4")
  public static let r5 = RuleID(rawValue: "R5"), r6 = RuleID(rawValue: "R6"), r7 = RuleID(rawValue: "R7"), r8 = RuleID(rawValue: "R8")
  /// Those of a journey's steps.
  public static let g1 = RuleID(rawValue: "G1"), g2 = RuleID(rawValue: "G2")
}

/// A rule: what always holds, when it legally does not, and what to do if it does not.
public struct Rule: Sendable {
  /// Its name in reports and on the command line.
  public let id: RuleID
  /// What it is about, in two or three words.
  public let title: String
  /// What holds.
  public let says: String
  /// When it does not hold and nothing is wrong.
  public let exceptions: [String]
  /// The numbers behind it, as the kernel's source calls them, for the reader.
  public let constants: [String]
  /// The kernel functions it comes from, and versions.
  public let source: String
  /// Where to look if it is broken.
  public let advice: String
  /// The events without which it cannot be checked.
  public let needs: [EventKind]
  /// Whether a deviation belongs to a packet; the others are of a poll or a CPU.
  public let isOfPacket: Bool
  /// The name of the simulator's way to break it, or nil.
  public let simulation: String?

  /// The code that holds it, or nil where a machine does.
  let code: RuleCode?
  /// The machine that holds it.
  let machine: String?
  /// The numbers it decides by.
  let numbers: Numbers
  /// Under which condition nothing can be said, and why in words.
  let openIf: (condition: RuleCondition, because: String)?
  /// Where the file says so.
  let line: Int
}

/// What a rule is about.
private enum Subject: String, CaseIterable {
  case packet, poll, cpu
}

extension Rule {
  private static let keys = [
    "rule", "title", "code", "machine", "of", "simulation", "says", "needs", "exceptions", "numbers", "constants", "open if", "source", "advice"
  ]

  /// What the file says of one rule.
  init(_ piece: Piece) throws(ModelError) {
    let fields = try piece.fields(Self.keys)
    id = RuleID(rawValue: try fields.text("rule"))
    title = try fields.text("title")
    says = try fields.text("says")
    exceptions = try fields.texts("exceptions", of: "an exception")
    source = try fields.text("source")
    advice = try fields.text("advice")
    needs = try fields.events("needs")
    let subject: Subject = try fields.piece("of").choice("subject of a rule")
    isOfPacket = subject == .packet
    simulation = try fields.textIfAny("simulation")
    code = fields.has("code") ? try fields.piece("code").choice("code for a rule") : nil
    machine = try fields.textIfAny("machine")
    guard code != nil || machine != nil else {
      throw piece.error("rule \(id.rawValue) has no code: name one with 'code', or the machine that holds it with 'machine'")
    }
    openIf = try Self.openIf(fields)
    numbers = try Numbers(fields.values["numbers"], of: "rule \(id.rawValue)")
    try numbers.check(against: (code?.numbers ?? []) + (openIf?.condition.numbers ?? []), piece)
    constants = try Self.constants(fields, numbers)
    line = piece.line
  }

  private static func openIf(_ fields: Fields) throws(ModelError) -> (condition: RuleCondition, because: String)? {
    guard let piece = fields.values["open if"] else { return nil }
    let inner = try piece.fields(["condition", "because"])
    return (try inner.piece("condition").choice("condition"), try inner.text("because"))
  }

  /// The constants as printed: a number in braces has the value that the rule decides by.
  private static func constants(_ fields: Fields, _ numbers: Numbers) throws(ModelError) -> [String] {
    var constants: [String] = []
    for piece in try fields.list("constants", of: "a constant") {
      var text = try piece.text()
      for (name, value) in numbers.values { text = text.replacing("{\(name)}", with: String(value)) }
      guard !text.contains("{") else { throw piece.error("the constant '\(text)' names a number that the rule does not have") }
      constants.append(text)
    }
    return constants
  }
}

/// The named numbers of a rule; all are whole.
struct Numbers: Sendable {
  private(set) var values: [String: Int] = [:]
  private var lines: [String: Int] = [:]

  /// What the file says, or none; `owner` says whose they are.
  init(_ piece: Piece?, of owner: String) throws(ModelError) {
    guard let piece else { return }
    for entry in try piece.entries() {
      values[entry.name] = try Piece(node: entry.value.node, file: piece.file, what: "the number '\(entry.name)' of \(owner)").whole()
      lines[entry.name] = entry.key.line
    }
  }

  /// There must be the numbers that the code asks for, and no others: nobody would read them.
  func check(against names: [String], _ piece: Piece) throws(ModelError) {
    for name in names where values[name] == nil { throw piece.error("\(piece.what) lacks the number '\(name)', which its code needs") }
    for (name, line) in lines.sorted(by: { $0.value < $1.value }) where !names.contains(name) {
      throw ModelError(file: piece.file, line: line, sentence: "nothing reads the number '\(name)' of \(piece.what)")
    }
  }

  /// The number called `name`, which `check` has seen.
  subscript(name: String) -> Int { values[name] ?? 0 }
}
