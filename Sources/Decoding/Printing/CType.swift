internal import Bytes

/// What libtraceevent knows of the types of C that print formats convert to: it leaves the bits that a type has, and extends no sign.
enum CType {
  /// The bits of a number that type `name` leaves.
  static func mask(of name: [UInt8]) -> UInt64 {
    var name = String(decoding: name, as: UTF8.self)
    if name.hasPrefix("unsigned ") { name.removeFirst(9) }
    return switch name {
    case "u8", "s8", "char": 0xff
    case "u16", "s16", "short": 0xffff
    case "u32", "s32", "int": 0xffff_ffff
    default: .max
    }
  }

  /// The bits that an element of an array of type `name *` has.
  static func mask(ofElement name: [UInt8]) -> UInt64 { name.suffix(2).elementsEqual(" *".utf8) ? mask(of: name.dropLast(2)) : .max }

  private static let keywords: Set<String> = [
    "u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64", "char", "short", "int", "long", "unsigned", "signed", "void", "bool", "const", "struct",
    "size_t", "__u8", "__u16", "__u32", "__u64", "__s32", "__s64", "loff_t", "sector_t", "pid_t"
  ]

  /// Whether `word` can only begin a type.
  static func isKeyword(_ word: [UInt8]) -> Bool { keywords.contains(String(decoding: word, as: UTF8.self)) }

  /// The size of type `name` in bytes, or nil.
  static func size(of name: [UInt8], longSize: Int) -> Int? {
    var words = name.split(separator: 32).map { String(decoding: $0, as: UTF8.self) }
    if words.last == "*" { return longSize }
    if words.count > 1 { words.removeAll { ["unsigned", "signed", "const"].contains($0) } }
    return switch words.joined(separator: " ") {
    case "u8", "s8", "char", "bool", "__u8": 1
    case "u16", "s16", "short", "short int", "__u16": 2
    case "u32", "s32", "int", "unsigned", "signed", "__u32", "__s32": 4
    case "u64", "s64", "long long", "long long int", "__u64", "__s64": 8
    case "long", "long int", "size_t": longSize
    default: nil
    }
  }

  private static func mask(of name: ArraySlice<UInt8>) -> UInt64 { mask(of: Array(name)) }
}

/// Numbers as C writes them.
enum CNumber {
  static func isDigit(_ byte: UInt8) -> Bool { (48..<58).contains(byte) }

  /// The number that `text` begins with, as strtoull(text, NULL, 0) finds it; 0 if there is none.
  static func value(_ text: [UInt8]) -> UInt64 {
    var at = 0
    while at < text.count, text[at] == 32 || (9..<14).contains(text[at]) { at += 1 }
    let isNegative = at < text.count && text[at] == UInt8(ascii: "-")
    if at < text.count, isNegative || text[at] == UInt8(ascii: "+") { at += 1 }
    var radix: UInt64 = 10
    if at < text.count, text[at] == 48 {
      radix = 8
      if at + 2 < text.count, text[at + 1] | 32 == UInt8(ascii: "x"), RawSpan.isHexDigit(text[at + 2]) {
        radix = 16
        at += 2
      }
    }
    var value: UInt64 = 0
    while at < text.count, let digit = RawSpan.hexDigit(text[at]), digit < radix {
      let (product, overflow) = value.multipliedReportingOverflow(by: radix)
      let (sum, carry) = product.addingReportingOverflow(digit)
      if overflow || carry { return .max }
      value = sum
      at += 1
    }
    return isNegative ? 0 &- value : value
  }
}
