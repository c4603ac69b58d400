internal import Bytes

/// Reads what stands behind `print fmt:`, a string and expressions of C:
///
///     "vec=%u [action=%s]", REC->vec, __print_symbolic(REC->vec, { 0, "HI" }, { 1, "TIMER" })
struct PrintParser {
  var lexer: PrintLexer
  let event: EventFormat
  /// The size of the kernel's `long` in bytes.
  let longSize: Int
  var parts = PrintParts()
  private var depth = 0
  /// A bracket takes three calls of one another or more.
  private static let deepest = 512

  /// The string, as it is written, and the expressions behind it.
  struct Result {
    var format: [UInt8]
    var arguments: [Int32]
    var parts: PrintParts
  }

  private init(_ text: [UInt8], from start: Int, _ event: EventFormat, longSize: Int) throws(PrintFormatError) {
    lexer = try PrintLexer(text, from: start)
    self.event = event
    self.longSize = longSize
  }

  /// Reads the print format in `text`, the format file of `event`; throws where it is not understood.
  static func parse(_ text: [UInt8], of event: EventFormat, longSize: Int) throws(PrintFormatError) -> Result {
    guard let start = text.view.firstIndex(of: "print fmt:") else { throw PrintFormatError() }
    var parser = try PrintParser(text, from: start + 10, event, longSize: longSize)
    guard parser.lexer.kind == .string else { throw PrintFormatError() }
    let format = parser.lexer.token
    try parser.lexer.advance()
    var arguments: [Int32] = []
    while try parser.lexer.takes(",") {
      if parser.lexer.kind == .end { break }
      arguments.append(try parser.expression())
    }
    guard parser.lexer.kind == .end else { throw PrintFormatError() }
    // Kernels before 2.6.31 named no fields of ftrace's own events: they are printed in their order.
    if arguments.isEmpty, event.system == "ftrace" {
      for field in event.fields { arguments.append(try parser.parts.add(PrintNode(.field, a: parser.parts.add(field: field)))) }
    }
    return Result(format: format, arguments: arguments, parts: parser.parts)
  }

  // MARK: expressions

  /// An operand, and operators with operands behind it. What they are grouped to is libtraceevent's way and not quite that of C: of two
  /// operators that bind alike the second comes first, `a * (b + c)` is `a * b + c`, and a condition ends where another operator follows. The
  /// numbers of trace-cmd are calculated so, and kernels' print formats have brackets where it would matter, but for three of 6.18.
  mutating func expression() throws(PrintFormatError) -> Int32 {
    try descend { (parser) throws(PrintFormatError) in
      var part = try parser.unary()
      while parser.isAtOperator { part = try parser.operation(on: part) }
      return part
    }
  }

  /// Calls `body`, not too often inside itself.
  private mutating func descend(_ body: (inout PrintParser) throws(PrintFormatError) -> Int32) throws(PrintFormatError) -> Int32 {
    guard depth < Self.deepest else { throw PrintFormatError() }
    depth += 1
    defer { depth -= 1 }
    return try body(&self)
  }

  private var isAtOperator: Bool { lexer.kind == .symbol && (lexer.isAt("?") || PrintOperator(binary: lexer.token) != nil) }

  /// How loosely the operator that is next binds.
  private var looseness: Int { PrintOperator(binary: lexer.token)?.looseness ?? 16 }

  /// `left`, the operator that is next, and what follows.
  private mutating func operation(on left: Int32) throws(PrintFormatError) -> Int32 {
    try descend { (parser) throws(PrintFormatError) in
      if try parser.lexer.takes("?") { return try parser.condition(left) }
      guard let op = PrintOperator(binary: parser.lexer.token) else { throw PrintFormatError() }
      try parser.lexer.advance()
      let right = try parser.unary()
      let node = parser.parts.nodes[Int(right)]
      var (outer, inner, other) = (PrintNode(.binary, op, a: left, b: right), right, left)
      let isRotated = node.looseness > op.looseness
      if isRotated {
        // What stood to the right becomes the outer one.
        let first = node.kind == .unary ? try parser.parts.add(PrintNode(.number)) : node.a
        inner = try parser.parts.add(PrintNode(.binary, op, a: left, b: first))
        outer = node
      }
      other = inner
      if parser.isAtOperator, parser.looseness <= (isRotated && node.kind != .binary ? 0 : outer.looseness) {
        other = try parser.operation(on: inner)
      }
      let part = try parser.assemble(outer, isRotated ? other : left, isRotated ? node : nil, other)
      return parser.isAtOperator ? try parser.operation(on: part) : part
    }
  }

  /// `outer` with its operands: where it was rotated, `rotated` with `left` in front, else `right` behind.
  private mutating func assemble(_ outer: PrintNode, _ left: Int32, _ rotated: PrintNode?, _ right: Int32) throws(PrintFormatError) -> Int32 {
    guard let rotated else { return try parts.add(PrintNode(.binary, outer.op, a: left, b: right)) }
    switch rotated.kind {
    case .conditional: return try parts.add(PrintNode(.conditional, a: left, b: rotated.b, c: rotated.c))
    case .unary: return try parts.add(PrintNode(.binary, .subtract, a: left, b: rotated.a))
    default: return try parts.add(PrintNode(.binary, rotated.op, a: left, b: rotated.b))
    }
  }

  /// What follows the `?` behind `condition`.
  private mutating func condition(_ condition: Int32) throws(PrintFormatError) -> Int32 {
    let one = try expression()
    try lexer.expect(":")
    let other = try unary()
    let part = try parts.add(PrintNode(.conditional, a: condition, b: one, c: other))
    return isAtOperator ? try operation(on: part) : part
  }

  private mutating func unary() throws(PrintFormatError) -> Int32 {
    try descend { (parser) throws(PrintFormatError) in try parser.prefixed() }
  }

  private mutating func prefixed() throws(PrintFormatError) -> Int32 {
    for (token, op) in [("-", PrintOperator.minus), ("!", .not), ("~", .complement)] as [(StaticString, PrintOperator)] {
      if lexer.kind == .symbol, try lexer.takes(token) {
        let operand = try unary()
        return try parts.add(PrintNode(.unary, op, a: operand))
      }
    }
    if lexer.kind == .symbol, try lexer.takes("+") { return try unary() }
    return try elements(of: primary())
  }

  /// `part[index]` over and over.
  private mutating func elements(of part: Int32) throws(PrintFormatError) -> Int32 {
    guard lexer.kind == .symbol, try lexer.takes("[") else { return part }
    let index = try expression()
    try lexer.expect("]")
    var array = parts.nodes[Int(part)]
    var mask = UInt64.max
    if array.kind == .cast {
      // The outermost type says of what size elements are taken to be.
      mask = CType.mask(ofElement: parts.text(array.b))
      while array.kind == .cast { array = parts.nodes[Int(array.a)] }
    }
    guard array.kind == .field || array.kind == .dynamicArray else { throw PrintFormatError() }
    return try parts.add(PrintNode(.element, a: array.a, b: index, value: mask))
  }

  private mutating func primary() throws(PrintFormatError) -> Int32 {
    switch lexer.kind {
    case .string, .character:
      let (text, isCharacter) = (lexer.token, lexer.kind == .character)
      try lexer.advance()
      let value = isCharacter ? UInt64(text.first ?? 0) : CNumber.value(text)
      return try parts.add(PrintNode(.text, a: parts.add(text: text), value: value))
    case .word:
      let word = try lexer.word()
      if word.elementsEqual("REC".utf8) { return try record() }
      if lexer.kind == .symbol, try lexer.takes("(") { return try call(word) }
      return try atom(word)
    case .symbol:
      try lexer.expect("(")
      return try bracket()
    case .end: throw PrintFormatError()
    }
  }

  /// What follows `REC`.
  private mutating func record() throws(PrintFormatError) -> Int32 {
    try lexer.expect("->")
    return try parts.add(PrintNode(.field, a: field(try lexer.word())))
  }

  /// The event's field `name`.
  mutating func field(_ name: [UInt8]) throws(PrintFormatError) -> Int32 {
    let name = String(decoding: name, as: UTF8.self)
    guard let field = event.commonFields.first(where: { $0.name == name }) ?? event.fields.first(where: { $0.name == name }) else {
      throw PrintFormatError()
    }
    return parts.add(field: field)
  }

  /// A number, or words that name something.
  private mutating func atom(_ first: [UInt8]) throws(PrintFormatError) -> Int32 {
    var words = first
    while lexer.kind == .word { words += [32] + (try lexer.word()) }
    if CNumber.isDigit(words[0]) { return try parts.add(PrintNode(.number, value: CNumber.value(words))) }
    return try parts.add(PrintNode(.name, a: parts.add(text: words)))
  }

  // MARK: brackets

  /// What follows `(`: `REC)->field`, `type) operand`, or an expression.
  private mutating func bracket() throws(PrintFormatError) -> Int32 {
    let start = lexer
    if lexer.kind == .word, let type = try type(), try lexer.takes(")") {
      if type.name.elementsEqual("REC".utf8), lexer.isAt("->") { return try record() }
      let isOperand = lexer.kind == .word || lexer.kind == .string || lexer.kind == .character || lexer.isAt("(")
      if isOperand || type.isCertain && (lexer.isAt("-") || lexer.isAt("~") || lexer.isAt("!")) {
        let operand = try unary()
        return try parts.add(PrintNode(.cast, a: operand, b: parts.add(text: type.name), value: CType.mask(of: type.name)))
      }
    }
    lexer = start
    let part = try expression()
    try lexer.expect(")")
    return part
  }

  /// Words and stars, as they stand for a type.
  private mutating func type() throws(PrintFormatError) -> (name: [UInt8], isCertain: Bool)? {
    var name = try lexer.word()
    guard !CNumber.isDigit(name[0]) else { return nil }
    var isCertain = CType.isKeyword(name)
    while lexer.kind == .word {
      name += [32] + (try lexer.word())
      isCertain = true
    }
    while lexer.kind == .symbol, try lexer.takes("*") {
      name += " *".utf8
      isCertain = true
    }
    return (name, isCertain)
  }
}
