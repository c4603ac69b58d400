import Foundation
import Support
import Testing

/// The command as scripts see it: exit status, sentences, JSON.
@Suite struct CommandTests {
  private func withFile(_ contents: Data, _ body: (String) throws -> Void) throws {
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("input").path
    try contents.write(to: URL(fileURLWithPath: path))
    try body(path)
  }

  private var someTrace: String? {
    Repository.traces.first { $0.lastPathComponent == "6.12-virtio-udp" }?.appendingPathComponent("trace.dat").path
  }

  @Test func theTopBufferHasTheClockOfTheRecording() throws {
    let file = try #require(Repository.traces.first { $0.lastPathComponent == "6.1-virtio-icmp-wakepath" }).appendingPathComponent("trace.dat")
    let result = try Tool.wakepath("report", "--json", "--instance", "top", file.path)
    let document = try #require(try JSONSerialization.jsonObject(with: result.output) as? [String: Any])
    #expect((document["trace"] as? [String: Any])?["clock"] as? String == "mono")
  }

  @Test(arguments: ["report", "packets", "events"])
  func anEmptyFileIsRefusedWithItsPlace(command: String) throws {
    try withFile(Data()) { path in
      let result = try Tool.wakepath(command, path)
      #expect(result.status == 3)
      #expect(result.errors == "wakepath: \(path): at byte 0: the file is empty\n")
    }
  }

  @Test func textOfPerfScriptWithoutCPUsIsRefusedWithAdvice() throws {
    try withFile(Data("            perf   319    73.112834:          sched:sched_waking: comm=a pid=21\n".utf8)) { path in
      let result = try Tool.wakepath("report", path)
      #expect(result.status == 3)
      #expect(result.errors.contains("its lines do not say on which CPU they were written; print them with `perf script -F +cpu`"))
    }
  }

  @Test func textThatIsNoTraceIsRefused() throws {
    try withFile(Data("It was a dark and stormy night;\nthe rain fell in torrents.\n".utf8)) { path in
      let result = try Tool.wakepath("report", path)
      #expect(result.status == 3)
      #expect(result.errors.hasPrefix("wakepath: \(path): at byte 0: is no trace"))
      #expect(result.errors.filter { $0 == "\n" }.count == 1)
    }
  }

  @Test func aMissingFileIsRefused() throws {
    let result = try Tool.wakepath("report", "/nonexistent/trace.dat")
    #expect(result.status == 3)
    #expect(result.errors.contains("No such file"))
  }

  @Test func aWrongCommandLineIsStatusTwo() throws {
    #expect(try Tool.wakepath("report").status == 2)
    #expect(try Tool.wakepath("frobnicate").status == 2)
    #expect(try Tool.wakepath("packets", "--outcome", "eaten", "x").status == 2)
  }

  @Test func helpAndVersionAreStatusZero() throws {
    #expect(try Tool.wakepath("--help").status == 0)
    #expect(try Tool.wakepath("--version").status == 0)
    #expect(try Tool.wakepath("packets", "--help").status == 0)
  }

  @Test func aTruncatedFileIsReadAsFarAsItGoes() throws {
    let whole = try Data(contentsOf: URL(fileURLWithPath: try #require(someTrace)))
    try withFile(whole.prefix(whole.count - 30_000)) { path in
      let result = try Tool.wakepath("report", "--json", path)
      #expect(result.status == 3)
      #expect(result.errors.contains("at byte"))
      let report = try #require(try JSONSerialization.jsonObject(with: result.output) as? [String: Any])
      let trace = try #require(report["trace"] as? [String: Any])
      #expect((trace["events"] as? Int ?? 0) > 100)
      #expect((trace["damage"] as? [Any])?.isEmpty == false)
    }
  }

  @Test func aTraceWithoutNetworkEventsSaysSo() throws {
    var builder = TraceDatBuilder()
    builder.formats = [("irq", [TraceDatBuilder.softirqRaiseFormat])]
    builder.cpus = [[builder.page(time: 5, [builder.softirqRaise(delta: 1, vector: 1)])]]
    try withFile(builder.build()) { path in
      let result = try Tool.wakepath("report", path)
      #expect(result.status == 0)
      #expect(String(decoding: result.output, as: UTF8.self).contains("No received packet in this recording"))
    }
  }

  @Test func standardInputIsAFileToo() throws {
    let path = try #require(someTrace)
    let piped = try Tool.wakepath("packets", "--json", "-", input: try Data(contentsOf: URL(fileURLWithPath: path)))
    #expect(piped.status == 0)
    #expect(piped.output == (try Tool.wakepath("packets", "--json", path).output))
  }

  @Test func selectionsSelect() throws {
    let path = try #require(someTrace)
    func ids(_ arguments: String...) throws -> [Int] {
      try Tool.run(Repository.wakepath, ["packets", "--json"] + arguments + [path]).lines.filter { !$0.isEmpty }.map {
        let packet = try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
        return packet?["id"] as? Int ?? -1
      }
    }
    let all = try ids()
    #expect(all == all.sorted())
    let delivered = try ids("--outcome", "delivered")
    #expect(delivered.count == 500)
    #expect(try ids("--slowest", "5").count == 5)
    #expect(try ids("--device", "nosuch").isEmpty)
    #expect(Set(try ids("--slower-than", "1ms")).isSubset(of: Set(delivered)))
    #expect(try ids("--slower-than", "1000").isEmpty)
  }

  @Test func showTellsWhoHeldTheCPU() throws {
    let path = try #require(someTrace)
    let text = String(decoding: try Tool.wakepath("show", path, "--packet", "10").output, as: UTF8.self)
    #expect(text.contains("NET_RX"))
    #expect(text.contains("netif_receive_skb"))
    let missing = try Tool.wakepath("show", path, "--packet", "99999999")
    #expect(missing.status == 3)
    #expect(missing.errors.contains("no packet 99999999"))
  }

  /// The handler began before the soft interrupt it ends in: its exit and entry are what is left of two.
  @Test func timesThatOverlapAreNoMoreThanPassed() throws {
    let lines = [
      "1.000000: irq_handler_entry: irq=5 name=e", "1.001000: softirq_entry: vec=3 [action=NET_RX]",
      "1.001010: irq_handler_exit: irq=5 ret=handled", "1.001020: softirq_exit: vec=3 [action=NET_RX]"
    ]
    try withFile(Data(lines.map { " a-1 [000] \($0)\n" }.joined().utf8)) { path in
      let result = try Tool.wakepath("report", "--json", path)
      let report = try #require(try JSONSerialization.jsonObject(with: result.output) as? [String: Any])
      #expect((report["interrupts"] as? [String: Any])?["softTime"] as? Int == 10_000)
      for command in ["report", "verify"] { #expect(try Tool.wakepath(command, path).status == 0) }
    }
  }

  /// Lines that are missing or stand elsewhere: whatever comes of it, every command ends by itself.
  @Test(.enabled(if: Tool.isInstalled("trace-cmd"), "trace-cmd is not installed"), arguments: ["6.12-virtio-tcp", "6.1-virtio-udp"])
  func textInDisorderCrashesNothing(name: String) throws {
    let trace = try #require(Repository.traces.first { $0.lastPathComponent == name }).appendingPathComponent("trace.dat").path
    let lines = try Tool.run("trace-cmd", ["report", "-t", trace]).lines.prefix(3000)
    var random = SplitMix(state: 7)
    for round in 0..<12 {
      var some = lines.filter { _ in UInt64.random(in: 0..<100, using: &random) >= [2, 20, 50][round % 3] }
      for _ in 0..<(round % 2 * 40) { some.swapAt(Int.random(in: some.indices, using: &random), Int.random(in: some.indices, using: &random)) }
      try withFile(Data(some.joined(separator: "\n").utf8)) { path in
        for command in [["report"], ["report", "--json"], ["verify"], ["packets", "--json"]] {
          let status = try Tool.run(Repository.wakepath, command + [path]).status
          #expect([0, 1, 3].contains(status), "\(command), round \(round)")
        }
      }
    }
  }

  @Test(arguments: ["report", "packets", "events", "verify"])
  func anOutputThatCannotBeWrittenIsNoSuccess(command: String) throws {
    let trace = try #require(someTrace)
    let result = try Tool.run("sh", ["-c", "'\(Repository.wakepath)' \(command) '\(trace)' >/dev/full"])
    #expect(result.status == 3)
    #expect(result.errors.hasSuffix("wakepath: the output cannot be written: No space left on device\n"))
  }

  @Test func aClosedPipeEndsQuietly() throws {
    let path = try #require(someTrace)
    let result = try Tool.run("sh", ["-c", "'\(Repository.wakepath)' events '\(path)' | head -1"])
    #expect(result.status == 0)
    #expect(result.errors.isEmpty)
  }
}
