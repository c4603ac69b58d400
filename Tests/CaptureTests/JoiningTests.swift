import Foundation
import Support
import SystemPackage
import Linux
import Testing

@testable import Capture

/// Pages that were read before they were full, joined again.
struct JoiningTests {
  private let directory: TemporaryDirectory
  private let spool: Spool

  init() throws {
    directory = try TemporaryDirectory()
    spool = Spool(cpu: 0, try OpenDirectory(directory.path).create("cpu0"))
  }

  private func pages(of size: Int) throws -> [Data] {
    let bytes = Data(try Files.contents(of: "\(directory.path)/cpu0"))
    return stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<$0 + size] }
  }

  /// Each part goes behind the one before it, as far as there is room.
  private func keep(_ parts: [Data]) throws {
    for part in parts where try !spool.join(Array(part)) { try spool.append(Array(part)) }
  }

  /// A real kernel's events, a few in each part, as pages that are nearly empty and as those that they are joined to.
  @Test(arguments: [1, 2, 7])
  func joinedPagesHoldTheSame(each: Int) throws {
    let recording = try SmallRecording(pages: 3)
    var parts = recording.traceDat
    parts.pageSize = 16384
    parts.cpus = recording.cpus.enumerated().map { cpu, pages in
      let entries = pages.flatMap { KernelRecording.entries(of: $0, cpu: cpu) }.map { ($0.time, $0.payload) }
      return stride(from: 0, to: entries.count, by: each).flatMap { start in
        TraceDatBuilder.pages(Array(entries[start..<min(start + each, entries.count)]), parts)
      }
    }
    var joined = parts
    let busiest = try #require(parts.cpus.indices.max { parts.cpus[$0].count < parts.cpus[$1].count })
    try keep(parts.cpus[busiest])
    joined.cpus[busiest] = try pages(of: 16384)
    #expect(spool.bytes == joined.cpus[busiest].count * 16384)
    #expect(joined.cpus[busiest].count < 3 && parts.cpus[busiest].count > 20)
    let files = try [parts, joined].map { builder in
      let path = "\(directory.path)/\(builder.cpus[busiest].count).dat"
      try builder.build().write(to: URL(fileURLWithPath: path))
      return path
    }
    defer { for file in files { Files.remove(file) } }
    let lines = try files.map { try Tool.wakepath("events", $0) }
    #expect(lines[0].lines.count > 100 && lines[0].output == lines[1].output && lines[1].errors == "")
    if Tool.isInstalled("trace-cmd") {
      let reports = try files.map { try Tool.run("trace-cmd", ["report", "-t", "-q", $0]).output }
      #expect(reports[0].count > 1000 && reports[0] == reports[1])
    }
  }

  private static let builder: TraceDatBuilder = {
    var builder = TraceDatBuilder()
    builder.pageSize = 256
    return builder
  }()

  /// A page at `time` with `count` events of 16 bytes.
  private static func part(_ time: UInt64, _ count: Int = 1, flags: UInt64 = 0) -> Data {
    builder.page(time: time, flags: flags, Array(repeating: builder.softirqRaise(delta: 1, vector: 3), count: count))
  }

  @Test func whatIsMissingBeforeAPageStaysThere() throws {
    try keep([Self.part(1), Self.part(1000), Self.part(2000, flags: 1 << 31), Self.part(3000), Self.part(4000)])
    #expect(try pages(of: 256).map { KernelRecording.time(of: $0) } == [1, 2000, 3000])
  }

  @Test func pagesThatAreMovedComeBetween() throws {
    try keep([Self.part(1)])
    try spool.file.writeAll(Self.part(2, 10))
    spool.grow(by: 256)
    try keep([Self.part(3), Self.part(4)])
    #expect(try pages(of: 256).map { KernelRecording.time(of: $0) } == [1, 2, 3])
  }

  /// 240 bytes are there for two parts with a time between them.
  @Test(arguments: [(7, 7, 1), (7, 8, 2), (14, 1, 2), (0, 14, 1)])
  func pagesAreFilledToTheEnd(first: Int, second: Int, pages count: Int) throws {
    try keep([Self.part(1, first), Self.part(2, second)])
    #expect(try pages(of: 256).count == count)
  }

  @Test func timesThatEventsCannotSayStartAPage() throws {
    try keep([Self.part(1), Self.part(1 << 59)])
    #expect(try pages(of: 256).count == 2)
  }
}
