internal import Bytes

extension PrintProgram {
  /// `%p` and the letters behind it: an address, the symbol there, or what is meant by what stands in the entry.
  func pointer(
    _ step: PrintStep, _ entry: RawSpan, _ printing: PrintNames, _ arguments: borrowing BinaryArguments, _ line: inout TextBuffer
  ) {
    let node = nodes[Int(step.a)]
    if node.kind == .argument, arguments.isText(Int(node.a)) { return line.append(string: arguments.text(Int(node.a), entry), StringLayout()) }
    let letter = step.conversion.suffix.0
    switch letter {
    case UInt8(ascii: "F"), UInt8(ascii: "f"), UInt8(ascii: "S"), UInt8(ascii: "s"):
      let hasOffset = letter < UInt8(ascii: "a")
      printing.append(symbolAt: value(step.a, entry, printing, arguments), hasOffset: hasOffset, longSize: longSize, to: &line)
    case UInt8(ascii: "M"), UInt8(ascii: "m"), UInt8(ascii: "I"), UInt8(ascii: "i"), UInt8(ascii: "U"), UInt8(ascii: "h"):
      let count = step.star < 0 ? 1 : value(step.star, entry, printing, arguments)
      dereferenced(step, count, entry, printing, arguments, &line)
    default:
      let address = value(step.a, entry, printing, arguments)
      if address == 0 { return line.append("(nil)") }
      line.append("0x")
      line.appendDigits(address, bits: 4)
    }
  }

  private func dereferenced(
    _ step: PrintStep, _ count: UInt64, _ entry: RawSpan, _ printing: PrintNames, _ arguments: borrowing BinaryArguments,
    _ line: inout TextBuffer
  ) {
    let suffix = step.conversion.suffix
    var node = nodes[Int(step.a)]
    if node.kind == .function { return function(node, entry, printing, arguments, &line) }
    if suffix.0 != UInt8(ascii: "h") { while node.kind == .cast { node = nodes[Int(node.a)] } }
    let isSocketAddress = suffix.0 | 32 == UInt8(ascii: "i") && suffix.1 == UInt8(ascii: "S")
    let isDynamic = node.kind == .dynamicArray
    guard suffix.0 == UInt8(ascii: "h") ? isDynamic : node.kind == .field || isDynamic && isSocketAddress else {
      line.append(isSocketAddress ? "ARG NOT FIELD NOR DYNAMIC ARRAY BUT TYPE " : "ARG TYPE NOT FIELD BUT ")
      return line.appendDecimal(Self.number(of: node.kind))
    }
    let field = fields[Int(node.a)]
    let place: Place = isDynamic ? place(ofField: field, entry) : (field.offset, field.size)
    let bytes = entry.slice(place.offset, place.count)
    switch suffix.0 {
    case UInt8(ascii: "M"), UInt8(ascii: "m"): line.append(mac: bytes, suffix)
    case UInt8(ascii: "U"): line.append(uuid: bytes, suffix.1)
    case UInt8(ascii: "h"): line.append(raw: bytes, count: Int(Int32(truncatingIfNeeded: count)), suffix.1)
    default: address(bytes, suffix, &line)
    }
  }

  private func address(_ bytes: RawSpan, _ suffix: (UInt8, UInt8, UInt8, UInt8), _ line: inout TextBuffer) {
    let hasDots = suffix.0 == UInt8(ascii: "I")
    switch suffix.1 {
    case UInt8(ascii: "4"):
      let isReversed = suffix.2 == UInt8(ascii: "l") || suffix.2 == UInt8(ascii: "h") && order == .little
      if bytes.byteCount == 4 { line.append(ipv4: bytes, isPadded: !hasDots, isReversed: isReversed) } else { line.append("INVALIDIPv4") }
    case UInt8(ascii: "6"):
      let isShort = hasDots && suffix.2 == UInt8(ascii: "c")
      if bytes.byteCount == 16 { line.append(ipv6: bytes, isShort: isShort, hasColons: hasDots) } else { line.append("INVALIDIPv6") }
    case UInt8(ascii: "S"):
      let hasPort = hasDots && suffix.2 == UInt8(ascii: "p")
      let isShort = hasDots && (hasPort ? suffix.3 : suffix.2) == UInt8(ascii: "c")
      line.append(socketAddress: bytes, order, hasPort: hasPort, isShort: isShort, hasDots: hasDots)
    default: break
    }
  }

  /// The numbers that libtraceevent's messages call parts by.
  private static func number(of kind: PrintNode.Kind) -> UInt64 {
    switch kind {
    case .number, .text, .name, .argument: 1
    case .field: 2
    case .flags: 3
    case .symbol: 4
    case .hex: 5
    case .array: 6
    case .cast: 7
    case .string: 8
    case .dynamicArray: 10
    case .unary, .binary, .conditional, .element: 11
    case .function: 12
    case .bitmask: 13
    case .dynamicLength: 14
    case .cpumask: 16
    }
  }
}
