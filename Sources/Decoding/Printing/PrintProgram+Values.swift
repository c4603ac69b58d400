internal import Bytes

extension PrintProgram {
  typealias Place = (offset: Int, count: Int)

  /// Field `field` of `entry` as a number without sign; 0 where the entry ends before it, or it is none.
  @inline(__always)
  func value(ofField field: PrintField, _ entry: RawSpan) -> UInt64 { entry.unsigned(at: field.offset, size: field.size, order) ?? 0 }

  /// Part `index` as a number.
  func value(_ index: Int32, _ entry: RawSpan, _ printing: PrintNames, _ arguments: borrowing BinaryArguments) -> UInt64 {
    let node = nodes[Int(index)]
    switch node.kind {
    case .number, .text: return node.value
    case .field: return value(ofField: fields[Int(node.a)], entry)
    case .cast: return value(node.a, entry, printing, arguments) & node.value
    case .unary:
      let operand = value(node.a, entry, printing, arguments)
      return node.op == .minus ? 0 &- operand : node.op == .complement ? ~operand : operand == 0 ? 1 : 0
    case .binary: return node.op(value(node.a, entry, printing, arguments), value(node.b, entry, printing, arguments))
    case .conditional: return value(value(node.a, entry, printing, arguments) != 0 ? node.b : node.c, entry, printing, arguments)
    case .element: return element(node, value(node.b, entry, printing, arguments), entry)
    case .name: return printing.address(ofSymbol: text(node.a))
    case .dynamicArray: return UInt64(place(ofField: fields[Int(node.a)], entry).offset)
    case .dynamicLength: return UInt64(place(ofField: fields[Int(node.a)], entry).count)
    case .function: return function(node, value(node.a, entry, printing, arguments), entry)
    case .argument: return arguments.number(Int(node.a))
    case .flags, .symbol, .hex, .array, .string, .bitmask, .cpumask: return 0
    }
  }

  /// What text `index` says.
  func text(_ index: Int32) -> [UInt8] {
    let text = texts[Int(index)]
    return Array(bytes[Int(text.offset)..<Int(text.offset + text.count)])
  }

  /// Where the data of `field` lie: for a dynamic one, where it says, if that is inside.
  func place(ofField field: PrintField, _ entry: RawSpan) -> Place { Self.place(ofField: field, entry, order) }

  /// The same, where integers have byte order `order`.
  static func place(ofField field: PrintField, _ entry: RawSpan, _ order: ByteOrder) -> Place {
    guard field.isDynamic else {
      // The last field of some events has no size: it is as long as the entry.
      let rest = max(entry.byteCount - field.offset, 0)
      return (field.offset, field.size == 0 ? rest : min(field.size, rest))
    }
    guard let word = entry.unsigned(at: field.offset, size: field.size, order), field.size == 4 || field.size == 2 else { return (0, 0) }
    var offset = Int(word & 0xffff)
    var count = field.size == 2 ? entry.byteCount - offset : Int(word >> 16 & 0xffff)
    if offset > entry.byteCount { offset = 0 }
    if field.isRelative { offset += field.offset + field.size }
    if count < 0 || count > entry.byteCount - offset { count = 0 }
    return (offset, count)
  }

  /// Element `index` of the array `node` reads. libtraceevent counts the elements of dynamic arrays in bytes.
  private func element(_ node: PrintNode, _ index: UInt64, _ entry: RawSpan) -> UInt64 {
    let field = fields[Int(node.a)]
    let size = field.isDynamic && field.elementSize == 0 ? longSize : field.elementSize
    let start = field.isDynamic ? place(ofField: field, entry).offset : field.offset
    guard let index = Int(exactly: index), index <= entry.byteCount else { return 0 }
    let offset = start + index * (field.isDynamic ? 1 : size)
    return (entry.unsigned(at: offset, size: size, order) ?? 0) & node.value
  }

  /// What a function that libtraceevent's plugins define gives as a number.
  private func function(_ node: PrintNode, _ argument: UInt64, _ entry: RawSpan) -> UInt64 {
    switch node.op {
    case .milliseconds: argument
    case .isWritable: argument & 2
    // `__le16` that a field in the entry holds.
    case .little16: Int(exactly: argument).flatMap { entry.integer(UInt16.self, at: $0) }.map(UInt64.init) ?? 0
    default: 0
    }
  }
}
