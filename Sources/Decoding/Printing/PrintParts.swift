internal import Bytes

/// The parts of a print format while it is read, and when it is: expressions, the fields they read, texts and tables of names, each in one list.
struct PrintParts {
  /// A text in `bytes`.
  struct Text: BitwiseCopyable {
    let offset: Int32
    let count: Int32
  }

  /// A number and the text that is its name.
  struct Name: BitwiseCopyable {
    let value: Int64
    let text: Int32
  }

  private(set) var nodes: [PrintNode] = []
  private(set) var fields: [PrintField] = []
  private(set) var texts: [Text] = []
  private(set) var bytes: [UInt8] = []
  /// Names, one table behind the other.
  private(set) var names: [Name] = []
  /// Where each table lies in `names`.
  private(set) var tables: [Range<Int>] = []

  /// The kernel's largest print format, with all that macros make of it, has some 3,000 parts. One that is larger than this is no kernel's.
  static let mostNodes = 32_768
  /// The largest table of names of a kernel has some 400.
  static let mostNames = 65_536
  /// Kernels nest some twenty deep (sched_switch), and have chains of some sixty operators.
  static let deepest: UInt16 = 256

  /// Adds `node`; throws where the format has become too large or too deep.
  mutating func add(_ node: PrintNode) throws(PrintFormatError) -> Int32 {
    var node = node
    var below: UInt16 = 0
    for child in Self.children(of: node) where child >= 0 { below = max(below, nodes[Int(child)].depth) }
    guard below < Self.deepest, nodes.count < Self.mostNodes else { throw PrintFormatError() }
    node.depth = below + 1
    nodes.append(node)
    return Int32(nodes.count - 1)
  }

  /// The parts that `node` refers to.
  private static func children(of node: PrintNode) -> [Int32] {
    switch node.kind {
    case .cast, .unary, .flags, .symbol: [node.a]
    case .binary, .function: [node.a, node.b]
    case .conditional: [node.a, node.b, node.c]
    case .element, .hex: [node.b]
    case .array: [node.b, node.c]
    default: []
    }
  }

  /// Adds `text` as it is to be printed: nothing in it acts on a terminal.
  mutating func add(text: [UInt8]) -> Int32 {
    var safe = TextBuffer(capacity: text.count)
    safe.appendEscaped(text.view)
    texts.append(Text(offset: Int32(bytes.count), count: Int32(safe.count)))
    bytes.append(safe)
    return Int32(texts.count - 1)
  }

  /// The bytes of text `index`.
  func text(_ index: Int32) -> [UInt8] {
    let text = texts[Int(index)]
    return Array(bytes[Int(text.offset)..<Int(text.offset + text.count)])
  }

  /// Adds `field`.
  mutating func add(field: EventFormat.Field) -> Int32 {
    fields.append(PrintField(field))
    return Int32(fields.count - 1)
  }

  /// Adds a table of names; sorted ones are looked up by value, and of several for one value the first counts.
  mutating func add(table: [Name], isSorted: Bool) throws(PrintFormatError) -> Int32 {
    guard table.count <= Self.mostNames - names.count else { throw PrintFormatError() }
    let start = names.count
    if isSorted {
      for (_, name) in table.enumerated().sorted(by: { ($0.element.value, $0.offset) < ($1.element.value, $1.offset) })
      where names.count == start || names[names.count - 1].value != name.value { names.append(name) }
    } else {
      names += table
    }
    tables.append(start..<names.count)
    return Int32(tables.count - 1)
  }

  /// The names that `__print_symbolic` gives to the numbers of the field at byte `offset` of the entry.
  func symbols(ofFieldAt offset: Int) -> [UInt64: String] {
    var symbols: [UInt64: String] = [:]
    for node in nodes where node.kind == .symbol {
      var value = nodes[Int(node.a)]
      while value.kind == .cast { value = nodes[Int(value.a)] }
      guard value.kind == .field, fields[Int(value.a)].offset == offset else { continue }
      // Names of no known number are -1.
      for name in names[tables[Int(node.b)]] where name.value != -1 {
        symbols[UInt64(bitPattern: name.value)] = String(decoding: text(name.text), as: UTF8.self)
      }
    }
    return symbols
  }
}
