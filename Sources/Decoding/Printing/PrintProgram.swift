internal import Bytes

/// A print format compiled: texts and conversions in their order, over expressions that read the entry.
final class PrintProgram: Sendable {
  let steps: [PrintStep]
  let nodes: [PrintNode]
  let fields: [PrintField]
  let texts: [PrintParts.Text]
  let bytes: [UInt8]
  let names: [PrintParts.Name]
  let tables: [Range<Int>]
  let order: ByteOrder
  let longSize: Int

  /// No event is printed with more bytes: four for each of the largest entry. The kernel itself stops at 8 KiB.
  static let longestLine = 1 << 18

  private init(_ steps: [PrintStep], _ parts: PrintParts, order: ByteOrder, longSize: Int) {
    self.steps = steps
    nodes = parts.nodes
    fields = parts.fields
    texts = parts.texts
    bytes = parts.bytes
    names = parts.names
    tables = parts.tables
    self.order = order
    self.longSize = longSize
  }

  /// Compiles the print format in `text`, the format file of `event`; throws where it is not understood.
  convenience init(_ text: [UInt8], of event: EventFormat, order: ByteOrder, longSize: Int) throws(PrintFormatError) {
    var result = try PrintParser.parse(text, of: event, longSize: longSize)
    let steps = try PrintCompiler.steps(result.format, result.arguments, &result.parts)
    self.init(steps, result.parts, order: order, longSize: longSize)
  }

  /// Compiles the format of a trace_printk, which takes its arguments one after another from the entry.
  convenience init(printk format: [UInt8], order: ByteOrder, longSize: Int) throws(PrintFormatError) {
    var parts = PrintParts()
    var arguments: [Int32] = []
    for index in 0..<BinaryArguments.most { arguments.append(try parts.add(PrintNode(.argument, a: Int32(index)))) }
    let steps = try PrintCompiler.steps(format, arguments, &parts)
    self.init(steps, parts, order: order, longSize: longSize)
  }

  /// Appends what the event says to `line`.
  func print(_ entry: RawSpan, _ names: PrintNames, _ arguments: borrowing BinaryArguments = BinaryArguments(), into line: inout TextBuffer) {
    let limit = line.count + Self.longestLine
    let (steps, bytes) = (steps, bytes)
    var at = 0
    while at < steps.count, line.count < limit {
      let step = steps[at]
      at &+= 1
      switch step.kind {
      case .text: line.append(bytes, from: Int(step.a), count: Int(step.star))
      case .field:
        let value = entry.unsigned(at: Int(step.a), size: Int(step.star), order) ?? 0
        line.append(number: value, step.conversion, count: 0)
      case .number:
        let count = step.star < 0 ? 0 : value(step.star, entry, names, arguments)
        line.append(number: value(step.a, entry, names, arguments), step.conversion, count: count)
      case .character:
        let character = UInt8(truncatingIfNeeded: value(step.a, entry, names, arguments))
        if character != 0 { line.appendEscaped([character].view) }
      case .string:
        let count = step.star < 0 ? 0 : value(step.star, entry, names, arguments)
        let (width, precision) = step.conversion.resolved(count)
        let layout = StringLayout(width: width, precision: precision, isLeft: step.conversion.isLeft)
        string(step.a, layout, entry, names, arguments, limit, &line)
      case .pointer: pointer(step, entry, names, arguments, &line)
      }
    }
    if line.count > limit { line.truncate(to: limit) }
  }

  @inline(__always)
  func append(text index: Int32, to line: inout TextBuffer) {
    let text = texts[Int(index)]
    line.append(bytes, from: Int(text.offset), count: Int(text.count))
  }
}

/// How a string is laid out.
struct StringLayout: BitwiseCopyable {
  var width = 0
  /// How many bytes of it at most, or -1.
  var precision = -1
  var isLeft = false
}

extension TextBuffer {
  /// Appends `text` up to a zero byte, laid out by `layout`.
  @inline(__always)
  mutating func append(string text: RawSpan, _ layout: StringLayout) {
    var length = text.lengthToZero
    if layout.precision >= 0 { length = min(length, layout.precision) }
    let padding = layout.width - length
    if padding > 0, !layout.isLeft { append(32, times: padding) }
    appendEscaped(text.slice(0, length))
    if padding > 0, layout.isLeft { append(32, times: padding) }
  }

  /// Appends `number` as printf does.
  @inline(__always)
  mutating func append(number: UInt64, _ conversion: Conversion, count: UInt64) {
    var magnitude = number
    var isNegative = false
    if conversion.letter == UInt8(ascii: "d") || conversion.letter == UInt8(ascii: "i") {
      let value: Int64 =
        switch conversion.size {
        case 0: Int64(Int32(truncatingIfNeeded: number))
        case -1: Int64(Int16(truncatingIfNeeded: number))
        case -2: Int64(Int8(truncatingIfNeeded: number))
        default: Int64(bitPattern: number)
        }
      isNegative = value < 0
      magnitude = value.magnitude
    } else {
      switch conversion.size {
      case 0: magnitude = number & 0xffff_ffff
      case -1: magnitude = number & 0xffff
      case -2: magnitude = number & 0xff
      default: break
      }
    }
    guard conversion.isSimple else { return appendWide(magnitude, isNegative, conversion, count) }
    if isNegative { append(UInt8(ascii: "-")) }
    switch conversion.letter {
    case UInt8(ascii: "x"): appendDigits(magnitude, bits: 4)
    case UInt8(ascii: "X"): appendDigits(magnitude, bits: 4, uppercase: true)
    case UInt8(ascii: "o"): appendDigits(magnitude, bits: 3)
    default: appendDecimal(magnitude)
    }
  }

  @inline(never)
  private mutating func appendWide(_ magnitude: UInt64, _ isNegative: Bool, _ conversion: Conversion, _ count: UInt64) {
    var (width, precision) = conversion.resolved(count)
    precision = min(precision, Int(Conversion.widest))
    let letter = conversion.letter
    let isHexadecimal = letter | 32 == UInt8(ascii: "x")
    let bits: UInt64 = isHexadecimal ? 4 : letter == UInt8(ascii: "o") ? 3 : 0
    var digits = bits == 0 ? Self.decimalDigits(magnitude) : Self.digits(magnitude, bits: bits)
    // `%.0d` prints nothing of 0.
    if precision == 0, magnitude == 0 { digits = 0 }
    let hasPrefix = conversion.isAlternate && isHexadecimal && magnitude != 0
    var zeroes = max(precision - digits, 0)
    if conversion.isAlternate, letter == UInt8(ascii: "o"), zeroes == 0, magnitude != 0 || digits == 0 { zeroes = 1 }
    let padding = width - digits - zeroes - (isNegative ? 1 : 0) - (hasPrefix ? 2 : 0)
    if padding > 0, !conversion.isLeft {
      if conversion.isPadded, precision < 0 { zeroes += padding } else { append(32, times: padding) }
    }
    if isNegative { append(UInt8(ascii: "-")) }
    if hasPrefix {
      append(48)
      append(letter)
    }
    append(48, times: zeroes)
    if digits > 0 {
      if bits == 0 { appendDecimal(magnitude) } else { appendDigits(magnitude, bits: bits, uppercase: letter == UInt8(ascii: "X")) }
    }
    if padding > 0, conversion.isLeft { append(32, times: padding) }
  }
}
