internal import Bytes

// IP addresses as the kernel prints them: `%pI4`, `%pI6c` and `%pISpc`.

extension Endpoint {
  /// `10.9.0.1:40000` or `[fe80::1]:40000`.
  init?(socketAddress text: RawSpan) {
    let isIPv6 = text.byte(at: 0) == UInt8(ascii: "[")
    guard let colon = Self.last(UInt8(ascii: ":"), in: text) else { return nil }
    var at = colon &+ 1
    guard let port = text.decimal(at: &at).flatMap({ UInt16(exactly: $0) }) else { return nil }
    if isIPv6 {
      guard colon > 1, text.byte(at: colon &- 1) == UInt8(ascii: "]") else { return nil }
      self.init(ipv6: text.slice(1, colon &- 2), port: port)
    } else {
      self.init(ipv4: text.slice(0, colon), port: port)
    }
  }

  /// `10.9.0.1`.
  init?(ipv4 text: RawSpan, port: UInt16) {
    var at = 0
    guard let address = Self.dotted(text, &at), at == text.byteCount else { return nil }
    self.init(low: address, port: port, isIPv6: false)
  }

  /// `fe80::1` or `::ffff:10.9.0.1`, which is taken as IPv4.
  init?(ipv6 text: RawSpan, port: UInt16) {
    guard let (high, low) = Self.groups(text) else { return nil }
    let isMapped = high == 0 && low >> 32 == 0xffff
    self.init(high: high, low: isMapped ? low & 0xffff_ffff : low, port: port, isIPv6: !isMapped)
  }

  private static func last(_ byte: UInt8, in text: RawSpan) -> Int? {
    var at = text.byteCount &- 1
    while at >= 0, text.byte(at: at) != byte { at &-= 1 }
    return at >= 0 ? at : nil
  }

  private static func dotted(_ text: RawSpan, _ at: inout Int) -> UInt64? {
    var address: UInt64 = 0
    for index in 0..<4 {
      if index > 0 {
        guard text.byte(at: at) == UInt8(ascii: ".") else { return nil }
        at &+= 1
      }
      guard let part = text.decimal(at: &at), part < 256 else { return nil }
      address = address << 8 | part
    }
    return address
  }

  /// The eight groups of an IPv6 address as two words; `::` stands for as many zeroes as are missing.
  private static func groups(_ text: RawSpan) -> (high: UInt64, low: UInt64)? {
    var groups = [8 of UInt64](repeating: 0)
    var count = 0
    var gap: Int?
    var at = 0
    while at < text.byteCount {
      if text.byte(at: at) == UInt8(ascii: ":") {
        let isDouble = text.byte(at: at &+ 1) == UInt8(ascii: ":")
        guard isDouble ? gap == nil : count > 0 else { return nil }
        if isDouble { gap = count }
        at &+= isDouble ? 2 : 1
        continue
      }
      let start = at
      guard count < 8, let group = text.hexadecimal(at: &at) else { return nil }
      if text.byte(at: at) == UInt8(ascii: ".") {
        at = start
        guard count < 7, let address = dotted(text, &at) else { return nil }
        groups[count] = address >> 16
        groups[count &+ 1] = address & 0xffff
        count &+= 2
      } else {
        guard group <= 0xffff else { return nil }
        groups[count] = group
        count &+= 1
      }
    }
    guard gap == nil ? count == 8 : count < 8 else { return nil }
    return join(groups, count: count, gap: gap ?? count)
  }

  private static func join(_ groups: borrowing [8 of UInt64], count: Int, gap: Int) -> (high: UInt64, low: UInt64) {
    var high: UInt64 = 0
    var low: UInt64 = 0
    for index in 0..<8 {
      let missing = 8 &- count
      let group = index < gap ? groups[index] : index < gap &+ missing ? 0 : groups[index &- missing]
      if index < 4 { high = high << 16 | group } else { low = low << 16 | group }
    }
    return (high, low)
  }
}
