internal import Bytes

/// Whether a print format is what kernels write: a string and expressions of C. libtraceevent takes it to be, and comes down over a `?` without
/// its `:`, an operator without what it works on, or a division by what may be zero.
///
///     "vec=%u [action=%s]", REC->vec, __print_symbolic(REC->vec, { 0, "HI" }, { 1, "TIMER" })
struct FormatGrammar {
  private let text: [UInt8]
  private var at = 0
  private var depth = 0
  private var hasCondition = false
  private var callsUnknown = false
  private var mayDivideByZero = false
  /// Kernels nest some twenty deep (sched_switch).
  private static let deepest = 64

  private init(_ text: [UInt8]) { self.text = text }

  /// What a text is.
  enum Verdict {
    case sound
    /// It may be what the kernel wrote, but libtraceevent does not know all of it.
    case foreign
    case unsound
  }

  /// Judges `text`, what follows `print fmt:`.
  static func judge(_ text: [UInt8]) -> Verdict {
    var grammar = FormatGrammar(text)
    guard grammar.strings(), grammar.rest(upTo: nil), grammar.peek == nil else {
      // Some macros of the kernel are whole statements.
      return text.view.firstIndex(of: "({ ") == nil ? .unsound : .foreign
    }
    return grammar.mayDivideByZero || grammar.hasCondition && grammar.callsUnknown ? .foreign : .sound
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
    let start = at
    while at < text.count, Self.isWord(text[at]) { at += 1 }
    return !(48..<58).contains(first) || isNumber(start)
  }

  /// Whether what stands from `start` up to here is a number of C.
  private func isNumber(_ start: Int) -> Bool {
    let isHexadecimal = at - start > 2 && text[start + 1] | 32 == 120
    let digits = text[(isHexadecimal ? start + 2 : start)..<at].drop { (48..<58).contains($0) || (isHexadecimal && (97..<103).contains($0 | 32)) }
    return digits.allSatisfy { $0 | 32 == 117 || $0 | 32 == 108 }
  }

  private static let functions: Set<String> = [
    "__print_flags", "__print_flags_u64", "__print_symbolic", "__print_symbolic_u64", "__print_hex", "__print_hex_str", "__print_array",
    "__print_dynamic_array", "__get_str", "__get_rel_str", "__get_bitmask", "__get_rel_bitmask", "__get_cpumask", "__get_rel_cpumask",
    "__get_dynamic_array", "__get_rel_dynamic_array", "__get_dynamic_array_len", "__get_rel_dynamic_array_len", "__builtin_expect", "sizeof"
  ]

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
    while let symbol = takesOperator() {
      let start = at
      guard operand() else { return false }
      // libtraceevent takes `a / b - c` for `a / (b - c)` now and then.
      if symbol == 47 || symbol == 37, !isNumberOtherThanZero(start) || isOperator(peek) { mayDivideByZero = true }
    }
    guard takes("?") else { return true }
    hasCondition = true
    return expression() && takes(":") && expression()
  }

  private static let sizes: Set<String> = [
    "sizeof(u8)", "sizeof(u16)", "sizeof(u32)", "sizeof(u64)", "sizeof(char)", "sizeof(int)", "sizeof(unsignedint)", "sizeof(long)",
    "sizeof(unsignedlong)"
  ]

  /// Steps over an operator between two operands and answers its first byte, or nil if there is none.
  private mutating func takesOperator() -> UInt8? {
    let symbol = peek
    return Self.operators.contains { takes($0) } ? symbol : nil
  }

  private func isOperator(_ byte: UInt8?) -> Bool { byte.map { "+-*/%&|^<>=!".utf8.contains($0) } ?? false }

  /// Whether what stands from `start` up to here is a number, perhaps in brackets, or the size of a type, and not zero.
  private func isNumberOtherThanZero(_ start: Int) -> Bool {
    let operand = text[start..<at].filter { ![32, 9, 10].contains($0) }
    if Self.sizes.contains(String(decoding: operand, as: UTF8.self)) { return true }
    let digits = operand.filter { $0 != 40 && $0 != 41 }
    guard let first = digits.first, (48..<58).contains(first), digits.allSatisfy({ Self.isWord($0) }) else { return false }
    let isHexadecimal = digits.count > 2 && digits[1] | 32 == 120
    return digits[(isHexadecimal ? 2 : 0)...].contains { (49..<58).contains($0) || isHexadecimal && (97..<103).contains($0 | 32) }
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
    let start = at
    guard word() else { return false }
    while let next = peek, Self.isWord(next) { guard word() else { return false } }
    let name = String(decoding: text[start..<at], as: UTF8.self)
    guard name != "REC" else { return parts() }
    // Only the record has fields.
    guard let next = peek, next != 46, !text.view.has("->", at: at) else { return peek == nil }
    if next == 40, !Self.functions.contains(name) { callsUnknown = true }
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
        return Self.isWord(next) || next == 40 || next == 34 || next == 126 ? operand() : true
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
