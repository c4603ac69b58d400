internal import Bytes

/// What may reach a terminal: text, our own colors, and nothing else. Names in a recording are chosen by whoever ran the programs in it; what in them
/// would move a cursor, color, hide or turn text around is printed as the hexadecimal number of its byte (`\x1b`) or character (`\u202e`).
public enum TerminalText {
  /// `text` with everything that would steer a terminal written out; with `keepsLines`, line feeds stay.
  public static func escaped(_ text: String, keepsLines: Bool = false) -> String {
    var bytes: [UInt8] = []
    append(text, to: &bytes, keepsLines: keepsLines)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Appends `text`, escaped; the marks of `Style` become colors.
  static func append(_ text: String, to bytes: inout [UInt8], keepsLines: Bool = false) {
    if !text.utf8.contains(where: mayBegin) { return bytes.append(contentsOf: text.utf8) }
    for scalar in text.unicodeScalars {
      if let color = Style.code(scalar) {
        bytes.append(contentsOf: color.utf8)
      } else if ByteText.byte(of: scalar) != nil || (steers(scalar) && !(keepsLines && scalar == "\n")) {
        bytes.append(contentsOf: escape(scalar).utf8)
      } else {
        bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
      }
    }
  }

  /// Whether `byte` may be the first of a character that is not printed as it is.
  @inline(__always)
  private static func mayBegin(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == 0x7f || byte == 0xc2 || byte == 0xd8 || byte == 0xe2 || byte == 0xef || byte == 0xf4
  }

  /// Whether `scalar` steers a terminal: the controls C0, DEL and C1, ends of lines, marks that turn the direction of text or cannot be seen.
  static func steers(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7f..<0xa0, 0x61c, 0x200b, 0x200e, 0x200f, 0x2028...0x202e, 0x2066...0x2069, 0xfeff: true
    default: false
    }
  }

  /// `\x1b`, `\x9b` for a byte and for a control character, `\u202e` for others.
  static func escape(_ scalar: Unicode.Scalar) -> String {
    let value = ByteText.byte(of: scalar).map { UInt32($0) } ?? scalar.value
    let digits = String(value, radix: 16)
    return value < 0x100 ? "\\x" + (digits.count < 2 ? "0" : "") + digits : "\\u" + String(repeating: "0", count: max(4 - digits.count, 0)) + digits
  }
}
