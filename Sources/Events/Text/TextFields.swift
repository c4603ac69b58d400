internal import Bytes

/// A field that the event's print format has is not in the line.
struct TextFieldMissing: Error {}

/// Reads the fields of an event's text one after the other, in the order in which the kernel prints them.
struct TextFields {
  /// Where the next field is looked for.
  private var at = 0

  /// Where the value behind `key` begins. `trace-cmd report -R` prints fields in the order in which they lie in the event.
  private func place(of key: TextKey, _ text: RawSpan) -> Int? {
    key.first(in: text, from: at) ?? (at > 0 ? key.first(in: text, from: 0) : nil)
  }

  /// The number behind `key`, decimal or hexadecimal with `0x`.
  mutating func number(_ key: TextKey, _ text: RawSpan) throws(TextFieldMissing) -> Int64 {
    guard var place = place(of: key, text), let value = Self.number(text, &place) else { throw TextFieldMissing() }
    at = place
    return value
  }

  /// The number behind `key` as 32 bits.
  mutating func int32(_ key: TextKey, _ text: RawSpan) throws(TextFieldMissing) -> Int32 {
    Int32(truncatingIfNeeded: try number(key, text))
  }

  /// The address behind `key`, hashed or not; 0 where the kernel prints `(null)` or `(____ptrval____)` or trace-cmd `(nil)`.
  mutating func address(_ key: TextKey, _ text: RawSpan) throws(TextFieldMissing) -> UInt64 {
    guard let place = place(of: key, text) else { throw TextFieldMissing() }
    at = text.skippingSpaces(from: place)
    if let value = text.hexadecimal(at: &at) { return value }
    guard text.byte(at: at) == UInt8(ascii: "(") else { throw TextFieldMissing() }
    return 0
  }

  /// Where the word behind `key` stands, up to a space or comma; nil if the text has no such key.
  mutating func word(_ key: TextKey, _ text: RawSpan) -> Range<Int>? {
    guard let place = place(of: key, text) else { return nil }
    at = Self.endOfWord(text, place)
    return place..<at
  }

  /// The number behind `key`, or the one that its name in `symbols` stands for; nil if the text has no such key.
  mutating func symbol(_ key: TextKey, _ symbols: TextSymbols, _ text: RawSpan) throws(TextFieldMissing) -> Int64? {
    guard var place = place(of: key, text) else { return nil }
    at = Self.endOfWord(text, place)
    if let value = symbols.value(of: text.slice(place, at &- place)) { return value }
    guard let value = Self.number(text, &place) else { throw TextFieldMissing() }
    return value
  }

  /// Where everything behind `key` stands, spaces at the end left out.
  mutating func rest(_ key: TextKey, _ text: RawSpan) throws(TextFieldMissing) -> Range<Int> {
    guard let place = place(of: key, text) else { throw TextFieldMissing() }
    at = text.byteCount
    var end = at
    while end > place, text.byte(at: end &- 1) == 32 { end &-= 1 }
    return place..<end
  }

  /// The number at `at`, which moves behind it.
  static func number(_ text: RawSpan, _ at: inout Int) -> Int64? {
    let isNegative = text.byte(at: at) == UInt8(ascii: "-")
    if isNegative { at &+= 1 }
    let isHexadecimal = text.byte(at: at) == UInt8(ascii: "0") && text.byte(at: at &+ 1) == UInt8(ascii: "x")
    guard let value = isHexadecimal ? text.hexadecimal(at: &at) : text.decimal(at: &at) else { return nil }
    let signed = Int64(bitPattern: value)
    return isNegative ? 0 &- signed : signed
  }

  private static func endOfWord(_ text: RawSpan, _ start: Int) -> Int {
    var end = start
    while let byte = text.byte(at: end), byte != 32, byte != UInt8(ascii: ",") { end &+= 1 }
    return end
  }
}
