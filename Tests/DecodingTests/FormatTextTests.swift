import Bytes
import Foundation
import Support
import Testing

@testable import Decoding

@Suite("A print format")
struct FormatTextTests {
  private static let head =
    "name: x\nID: 9\nformat:\n\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n\tfield:unsigned char v[16];\toffset:8;\tsize:16;\tsigned:0;\n"
    + "\tfield:__data_loc char[] name;\toffset:24;\tsize:4;\tsigned:0;\n\nprint fmt: "

  @Test("of a real kernel is handed on as it is", arguments: ["6.12-virtio-udp-v6", "6.1-virtio-udp-v6"])
  func real(name: String) throws {
    let formats = try KernelRecording(name).formats
    #expect(formats.count > 20)
    for (system, text) in formats {
      #expect(FormatText.trusted(Array(text.utf8)).isWhole, "\(system):\(KernelRecording.name(text))")
    }
  }

  @Test(
    "that cannot be trusted is left out",
    arguments: [
      "\"%d\", REC->nothing", "\"%s\", __print_symbolic(REC->w, { 0, \"A\" })", "\"%d\", (REC->v", "\"%d\", REC->v)", "\"%d, REC->v",
      "\"%d\", \(String(repeating: "(", count: 100))REC->v\(String(repeating: ")", count: 100))", "\"%d\", REC->v\u{7f}", "\"%d\", {(REC->v})",
      "\"%d\", REC->v ? 1", "\"%d\", REC->v ? R:C->v : 0", "\"%d\", REC->v +", "\"%d\", * ", "\"%d\", ", "\"%d\" REC->v", "\"%d\", REC->v[", "REC->v",
      "\"%s\", __print_symbolic(REC->v, { , \"A\" })", "\"%d\", REC->v == \\0",
      "\"%d\", REC->v ? REC->v : VIF_REC->v", "\"%d\", 0x00long10", "\"%d\", x.v"
    ])
  func untrusted(format: String) {
    let (text, isWhole) = FormatText.trusted(Array((Self.head + format + "\n").utf8))
    #expect(!isWhole && text == Array(Self.head.dropLast("print fmt: ".count).utf8))
  }

  @Test("that is withheld, or a format that says nothing, is named with its place", arguments: [6, 7])
  func named(version: Int) throws {
    var b = TraceDatBuilder()
    b.version = version
    let sound = TraceDatBuilder.softirqRaiseFormat
    b.formats = [("irq", [sound, sound.replacingOccurrences(of: "REC->vec", with: "REC->vex").replacingOccurrences(of: "ID: 9", with: "ID: 10")])]
    b.formats.append(("net", ["nothing\n"]))
    b.cpus = [[b.page(time: 1000, [b.softirqRaise(delta: 3, vector: 3)])]]
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("trace.dat")
    let data = b.build()
    try data.write(to: path)
    let recording = try Recording(paths: [path.path])
    #expect(recording.diagnostics.rows.map(\.kind) == [.formatDamaged])
    #expect(recording.diagnostics.rows.first?.offset == data.range(of: Data("nothing\n".utf8))?.lowerBound)
    for id in [9, 10] { #expect(recording.formats[0].format(id: id)?.fields.map(\.name) == ["vec"]) }
    #expect(recording.diagnostics.rows.map(\.kind) == [.formatDamaged, .printFormatDamaged])
    let row = try #require(recording.diagnostics.rows.last)
    let other = try #require(data.range(of: Data("ID: 10".utf8))?.lowerBound)
    #expect(row.offset == other - "name: softirq_raise\n".utf8.count && row.detail == "irq:softirq_raise")
  }

  private static let events = "/sys/kernel/tracing/events"
  private static let systems = (try? FileManager.default.contentsOfDirectory(atPath: events)) ?? []

  @Test("of the running kernel is handed on as it is", .enabled(if: !systems.isEmpty, "tracefs is not readable"))
  func running() throws {
    var count = 0
    for system in Self.systems {
      for event in (try? FileManager.default.contentsOfDirectory(atPath: "\(Self.events)/\(system)")) ?? [] {
        guard let text = FileManager.default.contents(atPath: "\(Self.events)/\(system)/\(event)/format") else { continue }
        count += 1
        let trusted = FormatText.trusted(Array(text))
        #expect(
          trusted.isWhole && (trusted.text?.count == text.count || text.range(of: Data("({ ".utf8)) != nil || event == "mc_event"),
          "\(system):\(event)")
        #expect(FormatText.name(in: Array(text)) == event && FormatText.id(in: Array(text)) != nil)
      }
    }
    #expect(count > 20)
  }

  @Test(
    "is not handed on with fields that have no name, no place or another form",
    arguments: [
      "\tfield:int;\toffset:8;\tsize:4;\tsigned:1;", "\tfield:;\toffset:8;\tsize:4;\tsigned:1;", "\tfield:int a;\tofset:8;\tsize:4;\tsigned:1;",
      "\tfield:int a]\toffset:8;\tsize:4;\tsigned:1;", "\tfield:int a;\toffset:8;\tsize:;\tsigned:1;", "\tfield:int \u{1}a;\toffset:8;\tsize:4;",
      "field:int a;",
      "\tfield:int a[;\toffset:8;\tsize:4;", "\tfield:int a;\toffset:8;\tsize:4;\tsigned:1;\tx:1;",
      "\tfield:void * a[b;\toffset:8;\tsize:8;", "\tfield:int a[b[1]];\toffset:8;\tsize:8;", "\tfield:char] a;\toffset:8;\tsize:8;"
    ])
  func fields(line: String) {
    let (text, isWhole) = FormatText.trusted(Array("name: x\nID: 9\nformat:\n\(line)\n\nprint fmt: \"\"\n".utf8))
    #expect(text == nil && !isWhole)
  }

  /// A kernel may write them, so that they are no damage; libtraceevent would come down over zero.
  @Test(
    "that may divide by zero is left out",
    arguments: [
      "\"%d\", 1 / REC->v[0]", "\"%d\", REC->v[0] % 0", "\"%d\", 1 / (0x00)", "\"%d\", 7 / 5 - 5", "\"%d\", 1 % sizeof(nothing)", "\"%d\", 1 / x"
    ])
  func divides(format: String) {
    let (text, isWhole) = FormatText.trusted(Array((Self.head + format + "\n").utf8))
    #expect(isWhole && text == Array(Self.head.dropLast("print fmt: ".count).utf8))
  }

  @Test(
    "that is sound is handed on",
    arguments: [
      "\"%d\", REC->v[0] / 1000L, (REC->v[0] % (64)) + 1, __get_dynamic_array_len(a) / sizeof(u64)",
      "\"%s) \\\" REC->no\", __get_str(name)", "\"%x %d\", REC->v[2], REC->common_pid", "\"a\"", "\"%s\", ({ \"x\" })",
      "\"%d\" \" %d\", -1, (unsigned long)~(REC->v[0] & 0xffUL) << 2 ? sizeof(u64) : !REC->v[1]",
      "\"%s\", __print_flags(REC->v[0], \"|\", { 1, \"A\" }, { (1 << 2) | 8, \"B\", })",
      "\"%pS\", (void *)((void *)REC + (REC->v[0] & 0xffff)), ((char *)(&((u64*)__get_dynamic_array(name))[0]))"
    ])
  func sound(format: String) {
    let text = Array((Self.head + format + "\n").utf8)
    let trusted = FormatText.trusted(text)
    #expect(trusted.isWhole && (trusted.text == text || format.contains("({ ")))
  }
}

@Suite("The formats of trace_printk")
struct PrintkFormatsTests {
  @Test(
    "are handed on where they are whole",
    arguments: [
      ("0xf1 : \"a %d\\n\"", "0xf1 : \"a %d\\n\"\n"), ("0xf1 : \"a\"\n", "0xf1 : \"a\\n\"\n"), ("0xf1 : \"\"", "0xf1 : \"\\n\"\n"),
      ("0xf1 : \"a:b\\n\"\n\n0xf2 : \"", "0xf1 : \"a:b\\n\"\n0xf2 : \"\\n\"\n"), ("0xf1 :", ""), ("0xf1", ""), (":", ""),
      (" : \"a\"", " : \"a\\n\"\n"),
      ("0xf1 : a", ""), ("0x\0 : \"a\"", ""), ("0xf1 : \"a\0b\"", "0xf1 : \"a\\n\"\n")
    ])
  func trusted(text: String, wanted: String) {
    #expect(String(decoding: PrintkFormats.trusted(Array(text.utf8)), as: UTF8.self) == wanted)
  }
}

/// What `make fuzz` found, each once.
@Suite("Input that crashed a reader once")
struct CrashTests {
  static let files: [URL] = {
    let folder = Repository.root.appendingPathComponent("Tests/DecodingTests/Crashes")
    return ((try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? [])
  }()

  @Test("is read to its end", arguments: files)
  func replay(file: URL) throws {
    guard var recording = try? Recording(paths: [file.path]) else { return }
    for catalog in recording.formats { for id in catalog.ids { _ = catalog.format(id: id) } }
    var line: [UInt8] = []
    while let record = recording.next() { Self.describe(record, recording, &line) }
  }

  private static func describe(_ record: Record, _ recording: borrowing Recording, _ line: inout [UInt8]) {
    line.removeAll(keepingCapacity: true)
    recording.catalog(ofStream: record.stream)?.describe(recording.bytes(of: record), time: record.time, cpu: record.cpu, into: &line)
  }
}
