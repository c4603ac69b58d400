import Foundation
import Support
import Testing

@testable import Decoding

/// Files that are not what they seem, or become something else while they are read.
@Suite("Inputs") struct InputTests {
  @Test("that shrink while they are read are damaged there") func shrinking() throws {
    let line = "          <idle>-0       [000] ..s1.  1.000001: softirq_exit: vec=3\n"
    let file = try TextFile("# tracer: nop\n" + String(repeating: line, count: 200_000))
    var recording = try Recording(paths: [file.path])
    _ = recording.next()
    try FileHandle(forWritingTo: URL(fileURLWithPath: file.path)).truncate(atOffset: 5_000_000)
    while recording.next() != nil {}
    #expect(recording.diagnostics.hasDamage)
  }

  @Test("of pages that shrink are damaged there, too") func shrinkingPages() throws {
    var b = TraceDatBuilder()
    b.formats = [("irq", [TraceDatBuilder.softirqRaiseFormat])]
    b.cpus = [(1...2000).map { page in b.page(time: UInt64(page) * 1000, [b.softirqRaise(delta: 0, vector: 3)]) }]
    let file = try TextFile(Array(b.build()))
    var recording = try Recording(paths: [file.path])
    _ = recording.next()
    try FileHandle(forWritingTo: URL(fileURLWithPath: file.path)).truncate(atOffset: 4_000_000)
    var last: Record?
    while let record = recording.next() { last = record }
    #expect(recording.diagnostics.hasDamage && last?.kind == .gap)
  }

  @Test("in a directory are regular files", .timeLimit(.minutes(1))) func pipes() throws {
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(try Tool.run("mkfifo", [folder.appendingPathComponent("cpu0").path]).status == 0)
    #expect(throws: ReadingError.self) { try Recording(paths: [folder.path]) }
  }

  @Test("of trace-cmd 2.x with an empty name of the clock count nanoseconds") func emptyClock() throws {
    var b = TraceDatBuilder()
    b.formats = [("irq", [TraceDatBuilder.softirqRaiseFormat])]
    b.options = [(4, Data([0]))]
    b.cpus = [[b.page(time: 30_124_191_421, [b.softirqRaise(delta: 0, vector: 3)])]]
    let file = try TextFile(Array(b.build()))
    let info = try Recording(paths: [file.path]).info
    #expect(info.clock == "local" && info.isPrintedInSeconds && !info.isInTicks)
  }
}
