internal import Bytes

/// Addresses as the kernel's printk writes them (Documentation/core-api/printk-formats.rst), as far as libtraceevent knows them.
extension TextBuffer {
  private mutating func append(hex byte: UInt8?) { appendDigits(UInt64(byte ?? 0), bits: 4, digits: 2) }

  /// `52:54:00:12:34:56`, with `MF` `52-54-…`, with `m` without anything between.
  mutating func append(mac bytes: RawSpan, _ suffix: (UInt8, UInt8, UInt8, UInt8)) {
    guard bytes.byteCount == 6 else { return append("INVALIDMAC") }
    let isPlain = suffix.0 == UInt8(ascii: "m")
    let divider = suffix.1 == UInt8(ascii: "F") ? UInt8(ascii: "-") : UInt8(ascii: ":")
    for index in 0..<6 {
      if index > 0, !isPlain { append(divider) }
      append(hex: bytes.byte(at: suffix.1 == UInt8(ascii: "R") ? 5 - index : index))
    }
  }

  /// `10.0.0.1`, or `010.000.000.001`.
  mutating func append(ipv4 bytes: RawSpan, isPadded: Bool, isReversed: Bool) {
    for index in 0..<4 {
      if index > 0 { append(UInt8(ascii: ".")) }
      appendDecimal(UInt64(bytes.byte(at: isReversed ? 3 - index : index) ?? 0), digits: isPadded ? 3 : 1)
    }
  }

  /// `2001:db8::1` if it is short, else all digits.
  mutating func append(ipv6 bytes: RawSpan, isShort: Bool, hasColons: Bool) {
    if isShort { return append(shortIPv6: bytes) }
    for index in 0..<16 {
      if hasColons, index > 0, index % 2 == 0 { append(UInt8(ascii: ":")) }
      append(hex: bytes.byte(at: index))
    }
  }

  private mutating func append(shortIPv6 bytes: RawSpan) {
    func word(_ index: Int) -> UInt16 { bytes.integer(UInt16.self, at: index * 2, .big) ?? 0 }
    let isMapped = (0..<5).allSatisfy { word($0) == 0 } && word(5) == 0xffff
    let isISATAP = word(4) | 0x0200 == 0x0200 && word(5) == 0x5efe
    let words = isMapped || isISATAP ? 6 : 8
    let zeroes = Self.longestZeroes(words, word)
    var needsColon = false
    var index = 0
    while index < words {
      if let zeroes, index == zeroes.lowerBound {
        append(needsColon || index == 0 ? "::" : ":")
        needsColon = false
        index = zeroes.upperBound
        continue
      }
      if needsColon { append(UInt8(ascii: ":")) }
      appendDigits(UInt64(word(index)), bits: 4)
      needsColon = true
      index += 1
    }
    guard words == 6 else { return }
    if needsColon { append(UInt8(ascii: ":")) }
    append(ipv4: bytes.slice(12, 4), isPadded: false, isReversed: false)
  }

  /// The first longest run of words that are 0, if it is longer than one.
  private static func longestZeroes(_ words: Int, _ word: (Int) -> UInt16) -> Range<Int>? {
    var longest = 0..<1
    for start in 0..<words {
      var end = start
      while end < words, word(end) == 0 { end += 1 }
      if end - start > longest.count { longest = start..<end }
    }
    return longest.count > 1 ? longest : nil
  }

  /// The address of a `struct sockaddr_in` or `sockaddr_in6` (uapi/linux/in.h, in6.h), with its port if asked for.
  mutating func append(socketAddress bytes: RawSpan, _ order: ByteOrder, hasPort: Bool, isShort: Bool, hasDots: Bool) {
    let family = bytes.integer(UInt16.self, at: 0, order)
    let port = UInt64(bytes.integer(UInt16.self, at: 2, .big) ?? 0)
    if family == 2 {
      guard bytes.byteCount >= 16 else { return append("INVALIDIPv4") }
      append(ipv4: bytes.slice(4, 4), isPadded: !hasDots, isReversed: false)
      if hasPort { append(UInt8(ascii: ":")) }
    } else if family == 10 {
      guard bytes.byteCount >= 28 else { return append("INVALIDIPv6") }
      if hasPort { append(UInt8(ascii: "[")) }
      append(ipv6: bytes.slice(8, 16), isShort: isShort, hasColons: hasDots)
      if hasPort { append("]:") }
    } else {
      return
    }
    if hasPort { appendDecimal(port) }
  }

  /// A UUID; the letter says in which order and case.
  mutating func append(uuid bytes: RawSpan, _ letter: UInt8) {
    guard bytes.byteCount == 16 else { return append("INVALIDUUID") }
    let isUppercase = letter == UInt8(ascii: "L") || letter == UInt8(ascii: "B")
    let isGUID = letter | 32 == UInt8(ascii: "l")
    for index in 0..<16 {
      let source = isGUID && index < 4 ? 3 - index : isGUID && index < 8 ? index ^ 1 : index
      appendDigits(UInt64(bytes.byte(at: source) ?? 0), bits: 4, digits: 2, uppercase: isUppercase)
      if [3, 5, 7, 9].contains(index) { append(UInt8(ascii: "-")) }
    }
  }

  /// `count` bytes, with what the letter says between them; libtraceevent prints one of them at least.
  mutating func append(raw bytes: RawSpan, count: Int, _ letter: UInt8) {
    let divider: UInt8 = letter == UInt8(ascii: "C") ? 58 : letter == UInt8(ascii: "D") ? 45 : letter == UInt8(ascii: "N") ? 0 : 32
    for index in 0..<max(min(count, bytes.byteCount), 0) {
      if index > 0, divider != 0 { append(divider) }
      append(hex: bytes.byte(at: index))
    }
  }
}
