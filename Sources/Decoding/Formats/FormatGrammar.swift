internal import Bytes

/// Whether a print format is what kernels write: a string and expressions of C. libtraceevent takes it to be, and comes down over a `?` without
/// its `:`, or an operator without what it works on.
///
///     "vec=%u [action=%s]", REC->vec, __print_symbolic(REC->vec, { 0, "HI" }, { 1, "TIMER" })
struct FormatGrammar {
  private let text: [UInt8]
  private var at = 0
  private var depth = 0
  /// Kernels nest some twenty deep (sched_switch).
  private static let deepest = 64

  private init(_ text: [UInt8]) { self.text = text }

  /// Whether `text`, what follows `print fmt:`, can be handed on.
  static func accepts(_ text: [UInt8]) -> Bool {
    var grammar = FormatGrammar(text)
    guard grammar.strings(), grammar.rest(upTo: nil) else { return false }
    return grammar.peek == nil
  }

  // MARK: tokens

  /// The next byte that is no space, or nil at the end.
  private var peek: UInt8? {
    mutating get {
      while at < text.count, text[at] == 32 || text[at] == 9 || text[at] == 10 { at += 1 }
      return at < text.count ? text[at] : nil
    }
  }

  private mutating func takes(_ token: StaticString) -> Bool {
    guard peek != nil, text.view.has(token, at: at) else { return false }
    at += token.utf8CodeUnitCount
    return true
  }

  private static func isWord(_ byte: UInt8) -> Bool { byte == 95 || (48..<58).contains(byte) || (97..<123).contains(byte | 32) }

  /// A name or a number.
  private mutating func word() -> Bool {
    guard let first = peek, Self.isWord(first) else { return false }
    while at < text.count, Self.isWord(text[at]) { at += 1 }
    return true
  }

  /// One string after another, or a character.
  private mutating func strings() -> Bool {
    var hasOne = false
    while let quote = peek, quote == 34 || quote == 39 {
      at += 1
      while at < text.count, text[at] != quote { at += text[at] == 92 ? 2 : 1 }
      guard at < text.count else { return false }
      at += 1
      hasOne = true
    }
    return hasOne
  }

  // MARK: expressions

  /// `, expression` over and over, and then `end`.
  private mutating func rest(upTo end: StaticString?) -> Bool {
    while takes(",") {
      // Lists may end with a comma.
      if let end, takes(end) { return true }
      guard expression() else { return false }
    }
    return end.map { takes($0) } ?? true
  }

  private mutating func list(upTo end: StaticString) -> Bool { takes(end) || (expression() && rest(upTo: end)) }

  private mutating func expression() -> Bool {
    guard depth < Self.deepest else { return false }
    depth += 1
    defer { depth -= 1 }
    guard operand() else { return false }
    while isOperator() { guard operand() else { return false } }
    guard takes("?") else { return true }
    return expression() && takes(":") && expression()
  }

  /// Steps over an operator between two operands.
  private mutating func isOperator() -> Bool {
    Self.operators.contains { takes($0) }
  }

  private static let operators: [StaticString] = ["<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "+", "-", "*", "/", "%", "&", "|", "^", "<", ">"]
  private static let prefixes: [StaticString] = ["-", "+", "!", "~", "&", "*"]

  private mutating func operand() -> Bool {
    guard depth < Self.deepest else { return false }
    depth += 1
    defer { depth -= 1 }
    if Self.prefixes.contains(where: { takes($0) }) { return operand() }
    guard let first = peek else { return false }
    if first == 34 || first == 39 { return strings() }
    if takes("{") { return list(upTo: "}") }
    if takes("(") { return bracket() && parts() }
    // `unsigned long`, `struct in6_addr`
    guard word() else { return false }
    while word() {}
    return parts()
  }

  /// Behind `(`: a type, and then what is of that type, or an expression.
  private mutating func bracket() -> Bool {
    let start = at
    if word() {
      while word() {}
      while takes("*") {}
      if takes("[") { _ = word() && takes("]") }
      if takes(")") {
        guard let next = peek else { return true }
        return Self.isWord(next) || next == 40 || next == 34 ? operand() : true
      }
    }
    at = start
    return list(upTo: ")")
  }

  /// Fields, elements and arguments.
  private mutating func parts() -> Bool {
    while true {
      if takes("->") || takes(".") {
        guard word() else { return false }
      } else if takes("[") {
        guard expression(), takes("]") else { return false }
      } else if takes("(") {
        guard list(upTo: ")") else { return false }
      } else {
        return true
      }
    }
  }
}
