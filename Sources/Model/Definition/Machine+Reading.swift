extension Machine {
  /// What the file says of one machine.
  init(_ piece: Piece) throws(ModelError) {
    let fields = try piece.fields(["machine", "each", "starts", "loss", "events", "states"])
    name = try fields.text("machine")
    subject = try fields.piece("each").choice("subject of a machine")
    loss = try fields.piece("loss").choice("way to take a loss")
    var symbols: [Symbol] = []
    for entry in try fields.piece("events").entries() { symbols.append(try Symbol(entry.name, entry.value)) }
    let entries = try fields.piece("states").entries()
    let names = entries.map(\.name)
    var states: [State] = []
    for entry in entries { states.append(try State(entry.name, entry.value, names, symbols)) }
    let first = try fields.piece("starts")
    start = try Self.place(of: first, in: names)
    (self.symbols, self.states, line) = (symbols, states, piece.line)
    guard states.count < 255, symbols.count < 255 else { throw piece.error("machine '\(name)' has more than 254 states or events") }
  }

  fileprivate static func place(of piece: Piece, in names: [String]) throws(ModelError) -> Int {
    let name = try piece.text()
    guard let place = names.firstIndex(of: name) else {
      throw piece.error("unknown state '\(name)'; there are \(names.joined(separator: ", "))")
    }
    return place
  }
}

extension Machine.Symbol {
  /// What the file says of one event of a machine.
  fileprivate init(_ name: String, _ piece: Piece) throws(ModelError) {
    let fields = try piece.fields(["event", "entity", "in", "outside"])
    self.name = name
    let event = try fields.piece("event")
    source = try Self.source(event)
    entity = fields.has("entity") ? try fields.piece("entity").choice("entity") : .current
    inside = try Self.places(fields.values["in"])
    outside = try Self.places(fields.values["outside"])
  }

  private static func source(_ piece: Piece) throws(ModelError) -> Source {
    if let text = piece.word {
      if text == "any other" { return .anyOther }
      if let derived = Machine.Derived(rawValue: text) { return .derived(derived) }
    }
    var source = Source.kernel([])
    for event in piece.oneOrMore(of: "an event") {
      guard case .kernel(let kinds) = source else { continue }
      source = .kernel(kinds + [try event.choice("event", from: Vocabulary.events)])
    }
    return source
  }

  private static func places(_ piece: Piece?) throws(ModelError) -> [Machine.Place] {
    guard let piece else { return [] }
    var places: [Machine.Place] = []
    for place in piece.oneOrMore(of: "a place") { places.append(try place.choice("place")) }
    return places
  }
}

extension Machine.State {
  /// What the file says of one state; `names` are those of all states.
  fileprivate init(_ name: String, _ piece: Piece, _ names: [String], _ symbols: [Machine.Symbol]) throws(ModelError) {
    self.name = name
    var reactions: [(symbol: Int, alternatives: [Reaction])] = []
    for entry in try piece.entries() {
      guard let symbol = symbols.firstIndex(where: { $0.name == entry.name }) else {
        throw entry.key.error("unknown event '\(entry.name)'; there are \(symbols.map(\.name).joined(separator: ", "))")
      }
      var alternatives: [Reaction] = []
      for alternative in entry.value.oneOrMore(of: "an alternative of '\(entry.name)'") {
        alternatives.append(try Reaction(alternative, names))
      }
      if let last = alternatives.dropLast().firstIndex(where: { $0.condition == .always }) {
        throw entry.value.error("behind alternative \(last + 1) of '\(entry.name)', which has no condition, nothing is reached")
      }
      reactions.append((symbol, alternatives))
    }
    self.reactions = reactions
  }
}

extension Reaction {
  private static let keys = [
    "if", "to", "keep", "stack", "checks", "excuses", "breaks", "packet", "at", "seen", "expected", "again"
  ]

  /// What the file says of one alternative: a state's name alone, or more.
  fileprivate init(_ piece: Piece, _ names: [String]) throws(ModelError) {
    guard piece.word == nil else {
      next = try Machine.place(of: piece, in: names)
      return
    }
    let fields = try piece.fields(Self.keys)
    if fields.has("if") { condition = try fields.piece("if").choice("condition") }
    if fields.has("to") { next = try Machine.place(of: try fields.piece("to"), in: names) }
    if fields.has("keep") { keep = try fields.piece("keep").choice("thing to keep") }
    if fields.has("stack") { stack = try fields.piece("stack").choice("way to treat a stack") }
    checks = try fields.textIfAny("checks").map { RuleID(rawValue: $0) }
    excuses = try fields.textIfAny("excuses").map { RuleID(rawValue: $0) }
    isAgain = try fields.flag("again")
    guard !isAgain || next != nil else { throw piece.error("'again' goes with 'to': the same state would look at the event for ever") }
    breach = try Breach(fields)
  }
}

extension Reaction.Breach {
  /// What the file says is broken, or nil where nothing is.
  fileprivate init?(_ fields: Fields) throws(ModelError) {
    guard let rule = try fields.textIfAny("breaks") else {
      for key in ["seen", "expected", "packet", "at"] where fields.has(key) { throw try fields.piece(key).error("'\(key)' goes with 'breaks'") }
      return nil
    }
    self.rule = RuleID(rawValue: rule)
    seen = try fields.text("seen")
    expected = try fields.text("expected")
    packet = fields.has("packet") ? try fields.piece("packet").choice("packet") : nil
    let date = try fields.textIfAny("at")
    guard date == nil || date == "kept" else { throw try fields.piece("at").error("'at' can be 'kept' only") }
    isAtKept = date != nil
  }
}
