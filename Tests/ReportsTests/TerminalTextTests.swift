import Bytes
import Testing

@testable import Reports

/// What names may do to a terminal, and to JSON: nothing.
@Suite struct TerminalTextTests {
  @Test(arguments: [
    ("plain", "plain"), ("\u{1b}[31mred\u{1b}[0m", "\\x1b[31mred\\x1b[0m"), ("a\nb\r\u{7}", "a\\x0ab\\x0d\\x07"), ("\u{7f}", "\\x7f"),
    ("\u{9b}31m", "\\x9b31m"), ("\u{85}", "\\x85"), ("abc\u{202e}cba", "abc\\u202ecba"), ("\u{2066}\u{2069}\u{200f}", "\\u2066\\u2069\\u200f"),
    ("µs → größer ä €", "µs → größer ä €"), ("\u{feff}x", "\\ufeffx"), ("\u{a0}", "\u{a0}")
  ]) func namesSteerNothing(name: String, printed: String) {
    var output = TextOutput()
    output.write(name)
    #expect(String(decoding: output.bytes, as: UTF8.self) == printed)
    #expect(TerminalText.escaped(name) == printed)
  }

  @Test func ownLinesStay() { #expect(TerminalText.escaped("Error: \u{1b}x\nUsage\n", keepsLines: true) == "Error: \\x1bx\nUsage\n") }

  @Test func ownColorsComeThrough() {
    var output = TextOutput()
    let style = Style(isColored: true)
    output.write(style.bold("a\u{1b}[5mb") + style.warning("c"))
    #expect(String(decoding: output.bytes, as: UTF8.self) == "\u{1b}[1ma\\x1b[5mb\u{1b}[0m\u{1b}[33mc\u{1b}[0m")
  }

  /// A name may have any bytes, those of our own marks included.
  @Test(
    arguments: [
      ([0x61, 0x9b, 0x33, 0x31, 0x6d], "a\\x9b31m"), ([0xff, 0xc3, 0x28], "\\xff\\xc3("), ([0xc3, 0xa4], "ä"), ([0xe2, 0x82], "\\xe2\\x82"),
      ([0xed, 0xa0, 0x80], "\\xed\\xa0\\x80"), ([0xc0, 0xaf], "\\xc0\\xaf"), ([0xf0, 0x9f, 0x90, 0xa7], "🐧"),
      ([0xf4, 0x8f, 0xb8, 0x81, 0x78], "\\xf4\\x8f\\xb8\\x81x"), ([0xf4, 0x8f, 0xbe, 0x9b], "\\xf4\\x8f\\xbe\\x9b"),
      ([0xf4, 0x90, 0x80, 0x80], "\\xf4\\x90\\x80\\x80")
    ] as [([UInt8], String)]) func bytesThatAreNoTextAreKept(bytes: [UInt8], printed: String)
  {
    let name = String(keeping: bytes)
    #expect(name.keptBytes == bytes)
    #expect(TerminalText.escaped(name) == printed)
    var json = JSONWriter()
    json.string(name)
    #expect(String(decoding: json.bytes, as: UTF8.self) == "\"" + printed.replacing("\\", with: "\\\\") + "\"")
  }

  @Test(arguments: [
    ("a\"b\\c", #""a\"b\\c""#), ("\u{1b}[31m", #""\u001b[31m""#), ("\n\t\u{0}", #""\n\t\u0000""#), ("\u{9b}", #""\u009b""#),
    ("\u{202e}x", #""\u202ex""#), ("\u{7f}", #""\u007f""#), ("→ ä", "\"→ ä\"")
  ]) func jsonEscapes(text: String, printed: String) {
    var json = JSONWriter()
    json.string(text)
    #expect(String(decoding: json.bytes, as: UTF8.self) == printed)
  }

  @Test func jsonHasItsCommas() {
    var output = TextOutput()
    output.json { json in
      json.object { json in
        json.field("a", Int64.min)
        json.field("b", UInt64.max)
        json.array("c", [0, -7]) { $0.integer($1) }
        json.object("d") { json in json.null("e") }
        json.field("f", true)
        json.field("g", nil as String?)
      }
    }
    let printed = #"{"a":-9223372036854775808,"b":18446744073709551615,"c":[0,-7],"d":{"e":null},"f":true,"g":null}"#
    #expect(String(decoding: output.bytes, as: UTF8.self) == printed + "\n")
  }
}
