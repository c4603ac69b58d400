import Foundation
import Support
import Testing

/// A run on 6.1 that trace-cmd recorded with the stack behind each wakeup, and perf with its callchain: no event of that kernel says that a
/// socket became readable, but the functions that a wakeup came from do. A perf.data has their addresses and no names.
@Suite struct CallchainTests {
  private static let run = MatrixRun(folder: Repository.root.appendingPathComponent("Traces/6.1-virtio-udp-callchains"))

  private func journeys(_ file: String, kallsyms: String? = Self.run.path("kallsyms")) throws -> [JourneyRow] {
    try JourneyRow.read(Self.run.path(file), options: kallsyms.map { ["--kallsyms", $0] } ?? [])
  }

  private func ready(_ rows: [JourneyRow]) -> [JourneyRow] {
    rows.filter { $0.direction == "rx" && $0.mark("ready")?.link == "ordered" && $0.mark("waking")?.link == "ordered" }
  }

  @Test("The functions of the recording's kernel tell which wakeups announce data", arguments: ["perf.data", "perf.pipe"])
  func callchains(file: String) throws {
    let text = String(decoding: try Self.run.contents("script-ns.txt.gz"), as: UTF8.self)
    let stacks = text.split(separator: "\n").count { $0.hasPrefix("\t") && $0.contains(" sock_def_readable+0x") }
    #expect(stacks > 30)
    #expect(ready(try journeys(file)).count == stacks)
    #expect(ready(try journeys("trace.dat", kallsyms: nil)).count == stacks)
  }

  @Test("They say what perf script and trace-cmd say of the same wakeups")
  func text() throws {
    let expected = try journeys("perf.data")
    let found = try JourneyRow.read("-", input: Self.run.contents("script-ns.txt.gz"))
    #expect(found.count == expected.count)
    for (mine, its) in zip(ready(found), ready(expected)) { #expect(mine.stages == its.stages) }
    let recorded = ready(try journeys("trace.dat", kallsyms: nil))
    #expect(recorded.map(\.skb) == ready(expected).map(\.skb))
  }

  @Test("Without their names nothing is said of sockets that became readable")
  func withoutNames() throws {
    let rows = try journeys("perf.data", kallsyms: nil)
    #expect(ready(rows).isEmpty && rows.allSatisfy { $0.mark("ready") == nil })
  }

  @Test("A copy from another boot of that kernel does as well: its functions lie elsewhere, all by the same distance")
  func otherBoot() throws {
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    let lines = String(decoding: try Self.run.contents("kallsyms"), as: UTF8.self).split(separator: "\n")
    let moved = try lines.map { line in
      let address = try #require(UInt64(line.prefix { $0 != " " }, radix: 16))
      return String(address - 0x1360_0000, radix: 16) + line.drop { $0 != " " } + "\n"
    }
    let path = folder.appendingPathComponent("kallsyms").path
    // What modules have lies where it lay, and may lie in the way.
    let module = "ffffffffc0000000 t sock_def_readable\t[other]\n"
    try Data((module + moved.joined()).utf8).write(to: URL(fileURLWithPath: path))
    #expect(try ready(journeys("perf.data", kallsyms: path)) == ready(journeys("perf.data")))
  }

  @Test("What lies beyond an interrupt has not called: called so, the function before sock_def_readable makes them say nothing")
  func interruption() throws {
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    let frames = String(decoding: try Self.run.contents("script-ns.txt.gz"), as: UTF8.self).split(separator: "\n")
    let before = zip(frames, frames.dropFirst()).filter { $1.contains(" sock_def_readable+0x") }.map {
      $0.0.drop { $0 == "\t" || $0 == " " }.prefix { $0 != " " }
    }
    let table = String(decoding: try Self.run.contents("kallsyms"), as: UTF8.self)
    let path = folder.appendingPathComponent("kallsyms").path
    try Data((table + Set(before).map { "\($0) T asm_sysvec_timer\n" }.joined()).utf8).write(to: URL(fileURLWithPath: path))
    #expect(!before.isEmpty)
    #expect(try ready(journeys("perf.data", kallsyms: path)).isEmpty)
  }

  @Test("A table that hides its addresses, or none, is refused with a sentence")
  func refusals() throws {
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("kallsyms").path
    try Data("0000000000000000 T _text\n0000000000000000 T sock_def_readable\n".utf8).write(to: URL(fileURLWithPath: path))
    let hidden = try Tool.wakepath("report", "--kallsyms", path, Self.run.path("perf.data"))
    #expect(hidden.status == 3 && hidden.errors.contains("names no function with its address"))
    let missing = try Tool.wakepath("report", "--kallsyms", path + "s", Self.run.path("perf.data"))
    #expect(missing.status == 3 && missing.errors.contains("\(path)s: cannot be read"))
  }

  @Test("Callchains are no events of their own")
  func events() throws {
    let lines = try Tool.wakepath("events", Self.run.path("perf.data")).lines.filter { !$0.isEmpty }
    let text = String(decoding: try Self.run.contents("script-ns.txt.gz"), as: UTF8.self)
    #expect(lines.count == text.split(separator: "\n").count { !$0.hasPrefix("\t") })
  }
}
