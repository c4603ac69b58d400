internal import Bytes

/// A print format that is not understood.
struct PrintFormatError: Error {}

/// Takes the text of a print format apart into words, strings and operators.
struct PrintLexer {
  enum Kind { case end, word, string, character, symbol }

  private let text: [UInt8]
  private var place: Int
  /// What kind of token was read last.
  private(set) var kind = Kind.end
  /// The token that was read last: a word, an operator, or what stands between quotes, as it is written there.
  private(set) var token: [UInt8] = []

  /// A lexer at the first token behind `start`.
  init(_ text: [UInt8], from start: Int) throws(PrintFormatError) {
    self.text = text
    place = start
    try advance()
  }

  /// Whether the token is the word or operator `symbol`.
  func isAt(_ symbol: StaticString) -> Bool {
    guard kind == .word || kind == .symbol, token.count == symbol.utf8CodeUnitCount else { return false }
    return token.view.has(symbol, at: 0)
  }

  /// Steps over the word or operator `symbol` if it is next.
  mutating func takes(_ symbol: StaticString) throws(PrintFormatError) -> Bool {
    guard isAt(symbol) else { return false }
    try advance()
    return true
  }

  /// Steps over `symbol`, which must be next.
  mutating func expect(_ symbol: StaticString) throws(PrintFormatError) {
    guard try takes(symbol) else { throw PrintFormatError() }
  }

  /// Steps over a word and answers it.
  mutating func word() throws(PrintFormatError) -> [UInt8] {
    guard kind == .word else { throw PrintFormatError() }
    let word = token
    try advance()
    return word
  }

  /// Reads the next token.
  mutating func advance() throws(PrintFormatError) {
    skipSpaces()
    token.removeAll(keepingCapacity: true)
    guard place < text.count else {
      kind = .end
      return
    }
    let first = text[place]
    if first == 34 || first == 39 { return try quoted(first) }
    guard first > 32, first < 127 else { throw PrintFormatError() }
    if Self.isWord(first) {
      kind = .word
      while place < text.count, Self.isWord(text[place]) { take() }
      return
    }
    kind = .symbol
    take()
    if place < text.count, Self.isPair(first, text[place]) { take() }
  }

  private mutating func take() {
    token.append(text[place])
    place += 1
  }

  private mutating func skipSpaces() { while place < text.count, [32, 9, 10].contains(text[place]) { place += 1 } }

  /// One string after another is one; a backslash keeps what follows it from ending it.
  private mutating func quoted(_ quote: UInt8) throws(PrintFormatError) {
    kind = quote == 34 ? .string : .character
    while place < text.count, text[place] == quote {
      place += 1
      while place < text.count, text[place] != quote {
        if text[place] == 92 { take() }
        guard place < text.count else { throw PrintFormatError() }
        take()
      }
      guard place < text.count else { throw PrintFormatError() }
      place += 1
      guard quote == 34 else { return }
      let end = place
      skipSpaces()
      if place >= text.count || text[place] != quote { place = end }
    }
  }

  static func isWord(_ byte: UInt8) -> Bool { byte == 95 || (48..<58).contains(byte) || (97..<123).contains(byte | 32) }

  private static func isPair(_ first: UInt8, _ second: UInt8) -> Bool {
    switch first {
    case UInt8(ascii: "-"): second == UInt8(ascii: ">")
    case UInt8(ascii: "<"), UInt8(ascii: ">"): second == first || second == UInt8(ascii: "=")
    case UInt8(ascii: "&"), UInt8(ascii: "|"): second == first
    case UInt8(ascii: "="), UInt8(ascii: "!"): second == UInt8(ascii: "=")
    default: false
    }
  }
}
