extension TextBuffer {
  /// Appends `bytes` of a file, of which nothing acts on a terminal: what would steer it is printed as the number of its character, `\x1b`
  /// or `\u202e`, and bytes that are no UTF-8 as `\x9b`. With `keepsLines`, line feeds and tabs stay.
  @inlinable
  public mutating func appendEscaped(_ bytes: RawSpan, keepsLines: Bool = true) {
    if bytes.isPlain { append(bytes) } else { appendSlowly(bytes, keepsLines) }
  }

  @usableFromInline @inline(never)
  mutating func appendSlowly(_ bytes: RawSpan, _ keepsLines: Bool) {
    var at = 0
    while let byte = bytes.byte(at: at) {
      let (scalar, length) = bytes.character(at: at)
      if length == 0 || Self.steers(scalar), !(keepsLines && (scalar == 9 || scalar == 10)) {
        let value = length == 0 ? UInt32(byte) : scalar
        append(value < 0x100 ? "\\x" : "\\u")
        appendDigits(UInt64(value), bits: 4, digits: value < 0x100 ? 2 : 4)
      } else {
        append(bytes.slice(at, length))
      }
      at += max(length, 1)
    }
  }

  /// Whether the character `scalar` steers a terminal: controls, ends of lines, marks that turn the direction of text or cannot be seen.
  private static func steers(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0..<0x20, 0x7f..<0xa0, 0x61c, 0x200b, 0x200e, 0x200f, 0x2028...0x202e, 0x2066...0x2069, 0xfeff: true
    default: false
    }
  }
}

extension RawSpan {
  /// Whether all bytes are printable ASCII.
  @inlinable
  var isPlain: Bool {
    var at = 0
    while let word = integer(UInt64.self, at: at) {
      // Bytes below 32 borrow, 127 carries, and those above have their high bit.
      let low = word &- 0x2020_2020_2020_2020
      let high = word &+ 0x0101_0101_0101_0101
      if (low | high | word) & 0x8080_8080_8080_8080 != 0 { return false }
      at &+= 8
    }
    while let byte = byte(at: at) {
      if byte < 32 || byte > 126 { return false }
      at &+= 1
    }
    return true
  }

  /// The character at `offset` and how many bytes it has; none where no well-formed sequence of UTF-8 begins there.
  func character(at offset: Int) -> (scalar: UInt32, length: Int) {
    guard let first = byte(at: offset) else { return (0, 0) }
    if first < 128 { return (UInt32(first), 1) }
    let length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2
    guard (0xc2..<0xf5).contains(first) else { return (0, 0) }
    var scalar = UInt32(first) & (0x7f >> UInt32(length))
    for index in 1..<length {
      guard let next = byte(at: offset + index), next & 0xc0 == 0x80 else { return (0, 0) }
      scalar = scalar << 6 | UInt32(next & 0x3f)
    }
    let smallest: UInt32 = length == 4 ? 0x10000 : length == 3 ? 0x800 : 0x80
    let isWhole = scalar >= smallest && Unicode.Scalar(scalar) != nil && scalar < ByteText.firstReserved
    return isWhole ? (scalar, length) : (0, 0)
  }
}
