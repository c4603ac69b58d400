internal import Bytes

/// The arguments of a trace_printk, which its entry holds one behind the other as the format wants them (lib/vsprintf.c, vbin_printf).
struct BinaryArguments {
  private enum Argument {
    case number(UInt64)
    case text(Range<Int>)
  }

  private var arguments: [Argument] = []

  /// The kernel's formats have fewer than ten.
  static let most = 64

  init() {}

  /// The argument `index` as a number; 0 where there is none.
  func number(_ index: Int) -> UInt64 {
    if index < arguments.count, case .number(let number) = arguments[index] { number } else { 0 }
  }

  func isText(_ index: Int) -> Bool { if index < arguments.count, case .text = arguments[index] { true } else { false } }

  /// The argument `index` as text, where it stands in `entry`.
  @_lifetime(copy entry)
  func text(_ index: Int, _ entry: RawSpan) -> RawSpan {
    if index < arguments.count, case .text(let range) = arguments[index] { return entry.slice(range) }
    return entry.slice(0, 0)
  }

  /// The first argument, `instruction`, and those that `format` wants from byte `start` of `entry` on.
  init(_ format: [UInt8], instruction: UInt64, _ entry: RawSpan, from start: Int, _ order: ByteOrder, longSize: Int) {
    arguments.append(.number(instruction))
    var data = start
    var at = 0
    while at < format.count, data < entry.byteCount, arguments.count < Self.most {
      if format[at] == UInt8(ascii: "%") { take(format, &at, entry, &data, order, longSize) }
      at += 1
    }
  }

  /// Takes what the conversion wants whose `%` stands at `at`, which moves to its end.
  private mutating func take(_ format: [UInt8], _ at: inout Int, _ entry: RawSpan, _ data: inout Int, _ order: ByteOrder, _ longSize: Int) {
    var size = 0
    at += 1
    while at < format.count {
      switch format[at] {
      case UInt8(ascii: "l"): size += 1
      case UInt8(ascii: "L"): size = 2
      case UInt8(ascii: "z"), UInt8(ascii: "Z"): size = 1
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "#"): break
      case UInt8(ascii: "*"): number(4, entry, &data, order)
      case UInt8(ascii: "d"), UInt8(ascii: "u"), UInt8(ascii: "i"), UInt8(ascii: "x"), UInt8(ascii: "X"), UInt8(ascii: "o"):
        return number(size == 0 ? 4 : size == 1 ? longSize : 8, entry, &data, order)
      case UInt8(ascii: "p"): return pointer(format, &at, entry, &data, order, longSize)
      case UInt8(ascii: "s"): return text(entry, &data)
      default: return
      }
      at += 1
    }
  }

  /// Kernels since 5.2 print what `%pI4` and the like mean into the entry; older ones have the pointer there.
  private mutating func pointer(
    _ format: [UInt8], _ at: inout Int, _ entry: RawSpan, _ data: inout Int, _ order: ByteOrder, _ longSize: Int
  ) {
    let next = at + 1 < format.count ? format[at + 1] : 0
    guard LetterClass.isAlphanumeric(next) else { return number(longSize, entry, &data, order) }
    at += 1
    let isSymbol = "sSx".utf8.contains(next) || "fF".utf8.contains(next) && !(at + 1 < format.count && format[at + 1] == UInt8(ascii: "w"))
    if !isSymbol, let byte = entry.byte(at: data), (32..<127).contains(byte) { return text(entry, &data) }
    number(longSize, entry, &data, order)
  }

  private mutating func number(_ size: Int, _ entry: RawSpan, _ data: inout Int, _ order: ByteOrder) {
    data = (data + 3) & ~3
    arguments.append(.number(entry.unsigned(at: data, size: size, order) ?? 0))
    data += size
  }

  private mutating func text(_ entry: RawSpan, _ data: inout Int) {
    let length = entry.slice(data, max(entry.byteCount - data, 0)).lengthToZero
    arguments.append(.text(data..<data + length))
    data += length + 1
  }
}

private enum LetterClass {
  static func isAlphanumeric(_ byte: UInt8) -> Bool { (48..<58).contains(byte) || (97..<123).contains(byte | 32) }
}
