import Bytes
import Foundation
import Testing

@testable import Decoding

/// Print formats and entries, and what libtraceevent's printer makes of them (the expectations are its output, unless a comment says otherwise).
@Suite("An event's text")
struct PrintFormatTests {
  /// `number` is 0xffff_fff6, `long` 0x1122_3344_5566_7788, `bytes` 1…16, `name` "eth0", `list` 1, 2, 3, 4.
  private static let fields = """
    name: x
    ID: 9
    format:
    \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
    \tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

    \tfield:int number;\toffset:8;\tsize:4;\tsigned:1;
    \tfield:unsigned char small;\toffset:12;\tsize:1;\tsigned:0;
    \tfield:u8 mac[6];\toffset:13;\tsize:6;\tsigned:0;
    \tfield:unsigned long long;\toffset:24;\tsize:8;\tsigned:0;
    \tfield:u8 bytes[16];\toffset:32;\tsize:16;\tsigned:0;
    \tfield:__data_loc char[] name;\toffset:48;\tsize:4;\tsigned:0;
    \tfield:__data_loc u16[] list;\toffset:52;\tsize:4;\tsigned:0;
    \tfield:u8 ip[4];\toffset:56;\tsize:4;\tsigned:0;

    print fmt:
    """.replacingOccurrences(of: "long long;", with: "long long wide;")

  private static let entry: [UInt8] = {
    var entry = [UInt8](repeating: 0, count: 60)
    entry[0] = 9
    entry.replaceSubrange(8..<13, with: [0xf6, 0xff, 0xff, 0xff, 3])
    entry.replaceSubrange(13..<19, with: [0x52, 0x54, 0, 0x12, 0x34, 0x56])
    entry.replaceSubrange(24..<32, with: [0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11])
    entry.replaceSubrange(32..<48, with: 1...16)
    entry.replaceSubrange(48..<52, with: [60, 0, 5, 0])
    entry.replaceSubrange(52..<56, with: [68, 0, 8, 0])
    entry.replaceSubrange(56..<60, with: [10, 0, 0, 200])
    return entry + Array("eth0\0\0\0\0".utf8) + [1, 0, 2, 0, 3, 0, 4, 0]
  }()

  /// What `format` makes of `entry`.
  static func text(_ format: String, entry: [UInt8] = entry) throws -> String {
    let catalog = try #require(FormatCatalog(path: "test", isBigEndian: false, longSize: 8, pageSize: 4096))
    catalog.add(format: Array((fields + " " + format + "\n").utf8), system: "test")
    catalog.add(kallsyms: Array("ffffffff81000000 T start\nffffffff81000040 t middle\t[module]\nffffffff81000080 T end\n".utf8))
    var line: [UInt8] = []
    catalog.describe(entry.view, time: 0, cpu: 0, into: &line)
    return String(decoding: line, as: UTF8.self)
  }

  @Test(
    "has numbers as printf writes them",
    arguments: [
      ("\"%d %u %x\", REC->number, REC->number, REC->number", "-10 4294967286 fffffff6"),
      ("\"%ld %lld\", REC->number, REC->number", "4294967286 4294967286"), ("\"%hd %hhu\", REC->number, REC->number", "-10 246"),
      ("\"[%6d|%-6d|%06d]\", REC->small, REC->small, REC->number", "[     3|3     |-00010]"),
      ("\"%#x %#o %08llx %lX\", REC->small, REC->small, REC->small, REC->wide", "0x3 03 00000003 1122334455667788"),
      ("\"%.3d|%5.2u|%*d|%.*d\", REC->small, REC->small, 4, REC->small, 2, REC->small", "003|   03|   3|03"),
      ("\"100%% \\t%s\\n\", \"a\" \"b\"", "100% \tab\n"), ("\"%+d\", REC->small", ">+<d"), ("\"%#x\", 0", "0"), ("\"%.0d.\", 0", ".")
    ])
  func numbers(format: String, text: String) throws { #expect(try Self.text(format) == text) }

  @Test(
    "has what C makes of its expressions",
    arguments: [
      ("\"%d\", REC->small + 2 * 3 - 1", "8"), ("\"%d\", (REC->small << 2) | 1", "13"), ("\"%d\", REC->small == 3 && REC->number != 3", "1"),
      ("\"%d\", REC->small > 3 ? 1 : REC->small > 2 ? 2 : 3", "2"), ("\"%d\", !REC->small", "0"), ("\"%x\", (u8)REC->number", "f6"),
      ("\"%d\", ~REC->small", "-4"), ("\"%lu\", (unsigned long)(REC->wide >> 32) & 0xffff", "13124"), ("\"%d\", -(int)REC->small", "-3"),
      ("\"%d\", REC->bytes[3]", "4"), ("\"%d %d\", sizeof(u64), sizeof(REC->wide)", "8 8"), ("\"%d\", 7 / REC->bytes[15] + 7 % 4", "3"),
      ("\"%d\", __get_dynamic_array_len(list) / 2", "4"), ("\"%d\", 010 + 0x10", "24"), ("\"%u\", (REC)->small", "3"),
      ("\"%d\", __builtin_expect(REC->small, 1)", "3"), ("\"%d\", 5 / 0", "0"),
      ("\"%llu.%llu\", __print_ns_to_secs(2500000001), __print_ns_without_secs(2500000001)", "2.500000001")
    ])
  func expressions(format: String, text: String) throws { #expect(try Self.text(format) == text) }

  @Test(
    "names numbers and shows arrays",
    arguments: [
      ("\"%s\", __print_symbolic(REC->small, { 1, \"ONE\" }, { 3, \"THREE\" }, { 3, \"AGAIN\" })", "THREE"),
      ("\"%s\", __print_symbolic(REC->small, { 1, \"ONE\" }, { })", "0x3"), ("\"%s\", __print_symbolic(REC->small, { (1 << 1) + 1, \"T\" }, )", "T"),
      ("\"%s\", __print_flags(REC->small, \"|\", { 1, \"A\" }, { 2, \"B\" })", "A|B"), ("\"%s\", __print_flags(0, \"|\", { 0, \"N\" })", ""),
      ("\"%s\", __print_flags(0, \"|\", { -1, \"NONE\" })", "NONE"), ("\"%s\", __print_flags(0x11, \"-\", { 1UL, \"A\" })", "A-0x10"),
      ("\"[%6s|%-6s]\", __print_symbolic(3, { 3, \"T\" }), REC->small ? \"yes\" : \"no\"", "[     T|yes   ]"),
      ("\"%s\", __print_hex(REC->bytes, 3)", "01 02 03"), ("\"%s\", __print_hex_str(REC->bytes, REC->small)", "010203"),
      ("\"%s\", __print_array(__get_dynamic_array(list), __get_dynamic_array_len(list) / 2, 2)", "1 2 3 4"),
      ("\"%s\", __print_array(REC->bytes, 2, 3)", "BAD SIZE:3 0x1 BAD SIZE:3 0x2"), ("\"%s\", __print_dynamic_array(list, 2)", "1 2 3 4"),
      ("\"%s|%.2s|%6s|%-6s|\", __get_str(name), __get_str(name), __get_str(name), __get_str(name)", "eth0|et|  eth0|eth0  |"),
      ("\"%s\", __get_bitmask(list)", "00040003,00020001"), ("\"%s\", __get_cpumask(list)", "0,17,32-33,50")
    ])
  func names(format: String, text: String) throws { #expect(try Self.text(format) == text) }

  @Test(
    "has addresses, and what is meant by them",
    arguments: [
      ("\"%p %p\", REC->wide, 0", "0x1122334455667788 (nil)"), ("\"%pK\", 16", "0x10K"),
      (
        "\"%pM %pm %pMF\", REC->mac, REC->mac, REC->mac",
        "52:54:00:12:34:56 525400123456 52-54-00-12-34-56"
      ),
      ("\"%pI4 %pi4 %pI4l\", REC->ip, REC->ip, REC->ip", "10.0.0.200 010.000.000.200 200.0.0.10"),
      ("\"%pI6 %pI6c\", REC->bytes, REC->bytes", "0102:0304:0506:0708:090a:0b0c:0d0e:0f10 102:304:506:708:90a:b0c:d0e:f10"),
      ("\"%pUb %pUL\", REC->bytes, REC->bytes", "01020304-0506-0708-090a-0b0c0d0e0f10 04030201-0605-0807-090A-0B0C0D0E0F10"),
      ("\"%*ph %*phC\", 3, __get_dynamic_array(list), 2, __get_dynamic_array(list)", "01 00 02 01:00"),
      ("\"%ps %pS %ps\", 0xffffffff81000044, 0xffffffff81000044, 5", "middle middle+0x4 0x5"), ("\"%pI4\", REC->mac", "INVALIDIPv4"),
      // libtraceevent does not know %c, and prints `>c<`.
      ("\"%c%c\", 65, 10", "A\n")
    ])
  func addresses(format: String, text: String) throws { #expect(try Self.text(format) == text) }

  @Test(
    "is field by field where its format is not understood",
    arguments: [
      "\"%d\", REC->nothing", "\"%d\", unknown(REC->small)", "\"%d\", REC->small +", "\"%d\"", "\"%*.*d\", 1, 2, 3", "\"%llld\", 1",
      "\"%d\", &REC->small",
      "\"%d\", \(String(repeating: "(", count: 100_000))REC->small\(String(repeating: ")", count: 100_000))",
      "\"%d\", 1\(String(repeating: " + 1", count: 100_000))", "\"%d\", \(String(repeating: "-", count: 100_000))1", "%d", ""
    ])
  func fallback(format: String) throws {
    let text = try Self.text(format)
    #expect(text.hasPrefix("[FAILED TO PARSE] number=-10 small=3 mac=RT wide=0x1122334455667788 bytes=ARRAY[01, "))
    #expect(text.hasSuffix(" name=eth0 list=ARRAY[01, 00, 02, 00, 03, 00, 04, 00] ip=\n"))
  }

  @Test(
    "is bounded, whatever widths and lengths say",
    arguments: [
      ("\"%999999999d\", REC->small", 1024), ("\"%.999999999d\", REC->small", 1024), ("\"%*s\", 0x7fffffff, \"\"", 1024),
      ("\"%s\", __print_hex(__get_dynamic_array(list), 4294967295)", 23), ("\"%s\", __print_array(REC->bytes, 4096, 1)", 106),
      ("\"%s\", __print_hex_str(REC->bytes, -1)", 88),
      ("\"\(String(repeating: "%1024d", count: 2000))\"\(String(repeating: ", 1", count: 2000))", 1 << 18)
    ])
  func bounds(format: String, length: Int) throws { #expect(try Self.text(format).utf8.count == length) }

  @Test("is made of any entry, however short, and whatever lengths stand in it", arguments: 0..<80)
  func short(length: Int) throws {
    let format =
      "\"%s %s %s %d %pI6c\", __get_str(name), __print_hex(__get_dynamic_array(list), __get_dynamic_array_len(list)), REC->bytes, REC->bytes[7], REC->bytes"
    var entry = Array(Self.entry.prefix(length))
    _ = try Self.text(format, entry: entry)
    for index in entry.indices where index > 8 { entry[index] = 0xff }
    if length >= 2 { #expect(try Self.text(format, entry: entry).utf8.count < 400) }
  }

  @Test("has nothing in it that acts on a terminal")
  func escapes() throws {
    var entry = Self.entry
    entry.replaceSubrange(60..<68, with: [0x1b, 0x07, 0xc2, 0x9b, 0x9b, 0xc3, 0xa9, 0])
    entry[50] = 8
    #expect(try Self.text("\"%s \\r\", __get_str(name)", entry: entry) == "\\x1b\\x07\\x9b\\x9bé \\x0d")
  }
}
