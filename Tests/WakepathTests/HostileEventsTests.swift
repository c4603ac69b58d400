import Foundation
import Support
import Testing

/// Recordings made to harm whoever prints their events.
@Suite("Hostile events")
struct HostileEventsTests {
  /// What `wakepath events` prints of `data`; a program that does not end is ended.
  private static func events(_ data: Data) throws -> ToolResult {
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("hostile.dat")
    try data.write(to: path)
    return try Tool.run("timeout", ["30", Repository.wakepath, "events", path.path])
  }

  /// One byte of a packed page turned into another; libtraceevent came down over what the page then said.
  @Test("A byte flipped in a packed page ends as damage")
  func flipped() throws {
    var data = try Data(contentsOf: Repository.root.appendingPathComponent("Traces/6.12-virtio-udp/trace.dat"))
    try #require(data[193_012] == 0x89)
    data[193_012] = 0xff
    let result = try Self.events(data)
    #expect(result.status == 0 || result.status == 3)
    #expect(result.lines.count > 1000)
  }

  /// The format of softirq_raise with a field of characters and another print format.
  private static func made(_ printFormat: String, comm: String = "init") -> Data {
    var b = TraceDatBuilder()
    let format = TraceDatBuilder.softirqRaiseFormat
      .replacingOccurrences(of: "\"vec=%u\", REC->vec", with: printFormat)
      .replacingOccurrences(of: "\n\nprint", with: "\n\tfield:__data_loc char[] name;\toffset:12;\tsize:4;\tsigned:0;\n\nprint")
    b.formats = [("irq", [format])]
    b.commandLines = "1 \(comm)\n"
    let payload =
      b.bytes(UInt16(9)) + Data([0, 0]) + b.bytes(Int32(1)) + b.bytes(UInt32(3)) + b.bytes(UInt32(16 | 8 << 16)) + Data("eth0\u{1b}[2J".utf8)
    b.cpus = [[b.page(time: 1_000_000_000, (0..<100).map { b.entry(delta: $0 == 0 ? 0 : 10, payload) })]]
    return b.build()
  }

  @Test(
    "Widths and lengths are bounded",
    arguments: [
      "\"%999999999d\", REC->vec", "\"%*d\", 0x7fffffff, REC->vec", "\"%s\", __print_hex(__get_dynamic_array(name), 4294967295)",
      "\"%s\", __print_array(__get_dynamic_array(name), 4096, 8)", "\"%.999999999s\", __get_str(name)",
      "\"%d\", \(String(repeating: "(", count: 100_000))REC->vec\(String(repeating: ")", count: 100_000))"
    ])
  func bounded(printFormat: String) throws {
    let result = try Self.events(Self.made(printFormat))
    #expect(result.status == 0 || result.status == 3)
    #expect(result.lines.count { $0.contains("softirq_raise:") } == 100)
    #expect(result.output.count < 100 * 1200)
  }

  @Test("Nothing in strings and names reaches a terminal as it is")
  func escaped() throws {
    let result = try Self.events(Self.made("\"%s\", __get_str(name)", comm: "a\u{1b}]0;b\u{7}\u{9b}é"))
    #expect(result.lines.dropFirst().first == "     a\\x1b]0;b\\x07\\x9bé-1     [000]     1.000000: softirq_raise:        eth0\\x1b[2J")
  }
}
