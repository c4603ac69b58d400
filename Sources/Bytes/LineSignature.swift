/// What a recorder ends each line of its own with that it writes into a recording, so that nobody else's line passes for one: ` #` and 16 digits,
/// made anew for each recording, whose head names them. Recordings without one in their head take any line that begins as a recorder's.
public struct LineSignature: Equatable, Sendable {
  private let value: UInt64

  /// One that nobody can know before.
  public init() { value = .random(in: 0 ... .max) }

  /// The one that `text` of a recording's head names; nil if it names none.
  public init?(head text: String) {
    guard text.hasPrefix(Self.headPrefix), let value = UInt64(text.dropFirst(Self.headPrefix.count).prefix { $0 != "," }, radix: 16) else {
      return nil
    }
    self.value = value
  }

  /// The one that `line` ends with, before its line end; nil if it has none.
  public init?(endOf line: RawSpan) {
    let start = line.byteCount - Self.length
    guard line.has(" #", at: start) else { return nil }
    var value: UInt64 = 0
    for offset in (start + 2)..<line.byteCount {
      guard let byte = line.byte(at: offset), let digit = Self.digit(byte) else { return nil }
      value = value << 4 | digit
    }
    self.value = value
  }

  private static func digit(_ byte: UInt8) -> UInt64? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
    default: nil
    }
  }

  private static let headPrefix = "wakepath signs lines with "
  /// How many bytes stand at the end of a line.
  public static let length = 18

  private var digits: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// What stands in the head.
  public var head: String { Self.headPrefix + digits }

  /// What stands at the end of a line.
  public var end: String { " #" + digits }
}
