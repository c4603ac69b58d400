internal import Events

/// A model's state machines in flat arrays: which machines an event concerns is one lookup, what it does there another.
struct MachineTables: Sendable {
  /// One machine.
  struct Layout: Sendable {
    let subject: Machine.Subject
    let loss: Machine.Loss
    let start: UInt8
    let symbolCount: Int
    /// Where its cells begin: one for each state and symbol.
    let firstCell: Int
  }

  /// An event that a machine takes notice of, with everything that leads to its cell.
  struct Feed: Sendable {
    let machine: Int
    let subject: Machine.Subject
    let entity: Machine.Entity
    /// Whether nothing can be said while events are missing.
    let forgetsAll: Bool
    let start: UInt8
    /// The cell of state 0, and how far it is to that of the next state.
    let base: Int
    let stride: Int
  }

  /// A reaction with states and rules as numbers; -1 is none.
  struct Alternative: Sendable {
    let condition: Reaction.Guard
    let next: Int16
    let keep: Reaction.Keep?
    let stack: Reaction.Stack?
    let checks: Int16
    let excuses: Int16
    /// Its place in `breaches`.
    let breach: Int16
    let isAgain: Bool
    let isLast: Bool
    /// Nothing at all happens while the stack is empty.
    let isInsideOnly: Bool
  }

  struct Breach: Sendable {
    let rule: Int
    /// Its place among the breaches, which tells deviations of one rule apart.
    let kind: Int
    let sentence: Reaction.Breach
  }

  private(set) var machines: [Layout] = []
  /// For each machine, state and symbol the first of its alternatives, or -1.
  private(set) var cells: [Int16] = []
  private(set) var alternatives: [Alternative] = []
  private(set) var breaches: [Breach] = []
  private(set) var feeds: [Feed] = []
  /// For each kind of event and `EventPlace` the feeds: from this index up to the next.
  private(set) var firstFeed: [Int16] = []
  private(set) var works: [Feed] = []
  private(set) var displaced: [Feed] = []
  /// The machine whose instances say which contexts have just announced data, or -1.
  private(set) var announcing = -1

  /// The tables of what a file says.
  init(_ definition: ModelDefinition) throws(ModelError) {
    let rules = Dictionary(definition.rules.enumerated().map { ($1.id, $0) }) { first, _ in first }
    for machine in definition.machines { add(machine, rules) }
    announcing = definition.machines.firstIndex { $0.subject == .context } ?? -1
    for (index, machine) in definition.machines.enumerated() { addDerived(machine, index) }
    for kind in Event.Kind.allCases {
      for place in EventPlace.all {
        firstFeed.append(Int16(feeds.count))
        for (index, machine) in definition.machines.enumerated() { addFeeds(machine, index, kind, place) }
      }
    }
    firstFeed.append(Int16(feeds.count))
    guard alternatives.count < Int16.max, feeds.count < Int16.max else {
      throw ModelError(file: definition.file, line: 1, sentence: "the machines are too large")
    }
  }

  private mutating func add(_ machine: Machine, _ rules: [RuleID: Int]) {
    let first = cells.count
    machines.append(
      Layout(
        subject: machine.subject, loss: machine.loss, start: UInt8(machine.start), symbolCount: machine.symbols.count, firstCell: first))
    cells.append(contentsOf: Array(repeating: -1, count: machine.states.count * machine.symbols.count))
    for (state, definition) in machine.states.enumerated() {
      for (symbol, reactions) in definition.reactions {
        cells[first + state * machine.symbols.count + symbol] = Int16(alternatives.count)
        for (index, reaction) in reactions.enumerated() { add(reaction, isLast: index == reactions.count - 1, rules) }
      }
    }
  }

  private mutating func add(_ reaction: Reaction, isLast: Bool, _ rules: [RuleID: Int]) {
    func number(_ id: RuleID?) -> Int16 { id.flatMap { rules[$0] }.map { Int16($0) } ?? -1 }
    var breach: Int16 = -1
    if let sentence = reaction.breach, let rule = rules[sentence.rule] {
      breach = Int16(breaches.count)
      breaches.append(Breach(rule: rule, kind: breaches.count, sentence: sentence))
    }
    alternatives.append(
      Alternative(
        condition: reaction.condition, next: reaction.next.map { Int16($0) } ?? -1, keep: reaction.keep, stack: reaction.stack,
        checks: number(reaction.checks), excuses: number(reaction.excuses), breach: breach, isAgain: reaction.isAgain, isLast: isLast,
        isInsideOnly: reaction.condition == .inside && isLast))
  }

  private mutating func addDerived(_ machine: Machine, _ index: Int) {
    for (symbol, definition) in machine.symbols.enumerated() {
      guard case .derived(let event) = definition.source else { continue }
      let feed = feed(index, symbol, .current)
      if event == .works { works.append(feed) } else { displaced.append(feed) }
    }
  }

  private mutating func addFeeds(_ machine: Machine, _ index: Int, _ kind: Event.Kind, _ place: EventPlace) {
    for (symbol, definition) in machine.symbols.enumerated() {
      guard definition.takes(kind, place, among: machine.symbols), machine.reacts(to: symbol) else { continue }
      feeds.append(feed(index, symbol, definition.entity))
    }
  }

  private func feed(_ index: Int, _ symbol: Int, _ entity: Machine.Entity) -> Feed {
    let layout = machines[index]
    return Feed(
      machine: index, subject: layout.subject, entity: entity, forgetsAll: layout.loss == .forgetsAll, start: layout.start,
      base: layout.firstCell + symbol, stride: layout.symbolCount)
  }
}

extension Machine {
  /// Whether `symbol` does anything in any state.
  fileprivate func reacts(to symbol: Int) -> Bool { states.contains { $0.reactions.contains { $0.symbol == symbol } } }
}

extension Machine.Symbol {
  /// Whether an event of this kind and place is this symbol.
  fileprivate func takes(_ kind: Event.Kind, _ place: EventPlace, among symbols: [Machine.Symbol]) -> Bool {
    guard inside.isEmpty || inside.contains(where: place.contains), !outside.contains(where: place.contains) else { return false }
    switch source {
    case .kernel(let kinds): return kinds.contains { $0.tracepoint.kind == kind }
    case .derived: return false
    case .anyOther:
      guard kind != .gap else { return false }
      return !symbols.contains { if case .kernel(let kinds) = $0.source { kinds.contains { $0.tracepoint.kind == kind } } else { false } }
    }
  }
}
