internal import Bytes

/// Writes one JSON value after another into bytes, with commas where they belong. Every JSON that Wakepath prints of a recording comes from here.
struct JSONWriter {
  /// What was written.
  var bytes: [UInt8] = []
  private var needsComma = false

  /// A writer of nothing yet.
  init() {}

  /// An object of the fields that `body` writes.
  mutating func object(_ body: (inout JSONWriter) -> Void) {
    open("{")
    body(&self)
    close("}")
  }

  /// An array of what `body` writes for each of `elements`.
  mutating func array<S: Sequence>(_ elements: S, _ body: (inout JSONWriter, S.Element) -> Void) {
    open("[")
    for element in elements { body(&self, element) }
    close("]")
  }

  /// The name of a field; its value is written next.
  mutating func key(_ name: String) {
    separate()
    quote(name)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  /// A field that is a string, or null.
  mutating func field(_ name: String, _ value: String?) {
    key(name)
    string(value)
  }

  /// A field that is a number, or null.
  mutating func field(_ name: String, _ value: Int?) {
    if let value { field(name, value) } else { null(name) }
  }

  /// A field that is a number.
  mutating func field(_ name: String, _ value: some BinaryInteger) {
    key(name)
    integer(value)
  }

  /// A field that is true or false.
  mutating func field(_ name: String, _ value: Bool) {
    key(name)
    raw(value ? "true" : "false")
  }

  /// A field that is null.
  mutating func null(_ name: String) {
    key(name)
    raw("null")
  }

  /// A field that is an object.
  mutating func object(_ name: String, _ body: (inout JSONWriter) -> Void) {
    key(name)
    object(body)
  }

  /// A field that is an array.
  mutating func array<S: Sequence>(_ name: String, _ elements: S, _ body: (inout JSONWriter, S.Element) -> Void) {
    key(name)
    array(elements, body)
  }

  /// A string, or null.
  mutating func string(_ value: String?) {
    guard let value else { return raw("null") }
    separate()
    quote(value)
  }

  /// A number of at most 64 bits.
  mutating func integer(_ value: some BinaryInteger) {
    separate()
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    var rest = UInt64(truncatingIfNeeded: value.magnitude)
    let start = bytes.count
    repeat {
      bytes.append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10))
      rest /= 10
    } while rest > 0
    bytes[start...].reverse()
  }

  /// `text` as it is, which must be a JSON value.
  mutating func raw(_ text: String) {
    separate()
    bytes.append(contentsOf: text.utf8)
  }

  private mutating func open(_ bracket: Unicode.Scalar) {
    separate()
    bytes.append(UInt8(ascii: bracket))
    needsComma = false
  }

  private mutating func close(_ bracket: Unicode.Scalar) {
    bytes.append(UInt8(ascii: bracket))
    needsComma = true
  }

  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    needsComma = true
  }
}

extension JSONWriter {
  /// `text` in quotes. JSON is read on terminals, too: what would steer one is escaped, and a byte that is not UTF-8 is written as text writes it.
  private mutating func quote(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    var isPlain = true
    for byte in text.utf8 where byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte >= 0x7f { isPlain = false }
    if isPlain {
      bytes.append(contentsOf: text.utf8)
    } else {
      for scalar in text.unicodeScalars { append(scalar) }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private mutating func append(_ scalar: Unicode.Scalar) {
    switch scalar {
    case "\"", "\\": bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: scalar)])
    case "\n": bytes.append(contentsOf: "\\n".utf8)
    case "\t": bytes.append(contentsOf: "\\t".utf8)
    case _ where TerminalText.steers(scalar):
      let digits = String(scalar.value, radix: 16)
      bytes.append(contentsOf: ("\\u" + String(repeating: "0", count: max(4 - digits.count, 0)) + digits).utf8)
    case _ where ByteText.byte(of: scalar) != nil: bytes.append(contentsOf: ("\\" + TerminalText.escape(scalar)).utf8)
    default: bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }
  }
}
