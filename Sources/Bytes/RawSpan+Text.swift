// Numbers and words of plain text, read where they stand.

extension RawSpan {
  /// The bytes in `range`, or an empty span if they are not all there.
  @inlinable
  @_lifetime(copy self)
  public func slice(_ range: Range<Int>) -> RawSpan { slice(range.lowerBound, range.count) }

  /// The 8 bytes from `offset` on as a little-endian word; bytes past the end are 0.
  @inlinable @inline(__always)
  public func word(at offset: Int) -> UInt64 {
    if let word = integer(UInt64.self, at: offset) { return word }
    var word: UInt64 = 0
    var index = byteCount &- 1
    while index >= offset, let byte = byte(at: index) {
      word = word << 8 | UInt64(byte)
      index &-= 1
    }
    return word
  }

  /// The number in decimal digits at `offset`, which moves behind them; nil if there is none or it has more than 64 bits.
  @inlinable
  public func decimal(at offset: inout Int) -> UInt64? {
    let start = offset
    var value: UInt64 = 0
    // Up to nineteen digits fit whatever they are.
    let safe = min(byteCount, start &+ 19)
    var at = start
    guard start >= 0 else { return nil }
    while at < safe {
      let digit = unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: UInt8.self) &- 48
      guard digit < 10 else { break }
      value = value &* 10 &+ UInt64(digit)
      at &+= 1
    }
    if at == start &+ 19 { return longDecimal(value, at: &offset, at) }
    offset = at
    return at > start ? value : nil
  }

  /// Goes on with a number of nineteen digits or more.
  @usableFromInline
  func longDecimal(_ head: UInt64, at offset: inout Int, _ place: Int) -> UInt64? {
    var value = head
    offset = place
    while let byte = byte(at: offset), byte &- 48 < 10 {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(byte &- 48))
      guard !overflow, !carry else { return nil }
      value = sum
      offset &+= 1
    }
    return value
  }

  /// The first offset at or after `start` that holds `a` or `b`, or the end; looks at 8 bytes at a time.
  @inlinable
  public func end(before a: UInt8, or b: UInt8, from start: Int) -> Int {
    let (allA, allB) = (UInt64(a) &* 0x0101_0101_0101_0101, UInt64(b) &* 0x0101_0101_0101_0101)
    var index = start
    while let word = integer(UInt64.self, at: index) {
      let (isA, isB) = (word ^ allA, word ^ allB)
      let found = ((isA &- 0x0101_0101_0101_0101) & ~isA | (isB &- 0x0101_0101_0101_0101) & ~isB) & 0x8080_8080_8080_8080
      if found != 0 { return index &+ found.trailingZeroBitCount / 8 }
      index &+= 8
    }
    while let byte = byte(at: index), byte != a, byte != b { index &+= 1 }
    return index
  }

  /// The number in hexadecimal digits, with or without `0x`, at `offset`, which moves behind them; nil as for `decimal`.
  @inlinable
  public func hexadecimal(at offset: inout Int) -> UInt64? {
    if word(at: offset) & 0xffff == 0x7830 { offset &+= 2 }
    let start = offset
    var value: UInt64 = 0
    while let byte = byte(at: offset), let digit = Self.hexDigit(byte) {
      guard value >> 60 == 0 else { return nil }
      value = value << 4 | digit
      offset &+= 1
    }
    return offset > start ? value : nil
  }

  /// Whether `byte` is a hexadecimal digit.
  @inlinable
  public static func isHexDigit(_ byte: UInt8) -> Bool { hexDigit(byte) != nil }

  /// The value of a hexadecimal digit.
  @inlinable @inline(__always)
  public static func hexDigit(_ byte: UInt8) -> UInt64? {
    if byte &- 48 < 10 { return UInt64(byte &- 48) }
    let letter = (byte | 32) &- 97
    return letter < 6 ? UInt64(letter &+ 10) : nil
  }

  /// The first offset at or after `offset` that holds no space.
  @inlinable @inline(__always)
  public func skippingSpaces(from offset: Int) -> Int {
    var index = offset
    while byte(at: index) == 32 { index &+= 1 }
    return index
  }

  /// Whether the bytes of `text` stand at `offset`.
  public func has(_ text: StaticString, at offset: Int) -> Bool {
    guard offset >= 0, text.utf8CodeUnitCount <= byteCount &- offset else { return false }
    return text.withUTF8Buffer { unsafe $0.enumerated().allSatisfy { byte(at: offset &+ $0.offset) == $0.element } }
  }

  /// The offset at which `text` first stands at or after `start`, or nil.
  public func firstIndex(of text: StaticString, from start: Int = 0) -> Int? {
    guard let first = text.withUTF8Buffer({ unsafe $0.first }) else { return start }
    var index = start
    while let found = firstIndex(of: first, from: index) {
      if has(text, at: found) { return found }
      index = found &+ 1
    }
    return nil
  }

  /// The offset of the first zero byte, or nil.
  public var firstZero: Int? { firstIndex(of: 0) }

  /// The offset of the first newline at or after `start`, or nil.
  public func firstNewline(from start: Int) -> Int? { firstIndex(of: 10, from: start) }
}

extension StaticString {
  /// The bytes of the text.
  public var bytes: [UInt8] { withUTF8Buffer { unsafe Array($0) } }
}

extension [UInt8] {
  /// The bytes where they stand.
  @inlinable
  public var view: RawSpan {
    @_lifetime(borrow self)
    get { unsafe span.bytes }
  }
}
