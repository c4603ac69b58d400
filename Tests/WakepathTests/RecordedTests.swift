import Foundation
import Support
import Testing

/// The recordings of real kernels in Traces/, held against trace-cmd and against the application's own log.
@Suite struct RecordedTests {
  static let hasTraceCmd = Tool.isInstalled("trace-cmd")

  @Test func thereAreRecordings() { #expect(Repository.traces.count >= 6) }

  @Test(.enabled(if: hasTraceCmd, "trace-cmd is not installed"), arguments: Repository.traces)
  func eventsEqualTraceCmd(trace: URL) throws {
    try Self.compareEvents(trace.appendingPathComponent("trace.dat").path)
  }

  /// `wakepath events FILE` against `trace-cmd report FILE`, line by line.
  static func compareEvents(_ path: String) throws {
    let ours = try Tool.wakepath("events", path)
    let theirs = try Tool.run("trace-cmd", ["report", path])
    #expect(ours.status == 0)
    #expect(ours.output.count > 1000)
    guard ours.output != theirs.output else { return }
    let difference = zip(ours.lines, theirs.lines).first { $0 != $1 }
    Issue.record("\(path): '\(difference?.0 ?? "")' is not '\(difference?.1 ?? "")'; \(ours.lines.count) and \(theirs.lines.count) lines")
  }

  /// `wakepath events --json` against `trace-cmd report -R`, which prints fields raw, field by field.
  @Test(.enabled(if: hasTraceCmd, "trace-cmd is not installed"), arguments: Repository.traces.prefix(4))
  func fieldsEqualTraceCmd(trace: URL) throws {
    let path = trace.appendingPathComponent("trace.dat").path
    let ours = try Tool.wakepath("events", "--json", path).lines.filter { !$0.isEmpty }
    let theirs = try Tool.run("trace-cmd", ["report", "-R", "-t", path]).lines
      // Raw addresses are printed as bytes, some of which end the line.
      .filter { $0.contains(#/-[0-9]+ +\[[0-9]+\] +[0-9]+\.[0-9]+: /#) }
    #expect(ours.count == theirs.count)
    var compared = 0
    for (our, their) in zip(ours, theirs).prefix(4000) {
      let event = try #require(try JSONSerialization.jsonObject(with: Data(our.utf8)) as? [String: Any])
      let fields = try #require(event["fields"] as? [String: Any])
      let name = try #require(event["event"] as? String)
      #expect(their.contains(" \(name):"))
      for (key, value) in fields {
        guard let start = their.range(of: " \(key)=")?.upperBound else { continue }
        #expect(Self.isSame(value, their[start...]), "\(key)=\(value) in \(their)")
        compared += 1
      }
    }
    #expect(compared > 1000)
  }

  /// The stacks of wakeups say which of them announce data, as trace-cmd names their functions, and its text says the same.
  @Test(.enabled(if: hasTraceCmd, "trace-cmd is not installed"))
  func stacksTellWhatWakeupsAreFor() throws {
    let path = Repository.root.appendingPathComponent("Traces/6.1-virtio-udp-stacks/trace.dat").path
    let report = try Tool.run("trace-cmd", ["report", path])
    let stacks = report.lines.count { $0.hasPrefix("=> sock_def_readable ") }
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    let text = folder.appendingPathComponent("report.txt")
    try report.output.write(to: text)
    for file in [path, text.path] {
      let rows: [JourneyRow] = try JourneyRow.read(file)
      let woken = rows.filter { $0.direction == "rx" }.compactMap { row -> (JourneyRow.Mark?, JourneyRow.Mark)? in
        let waking = row.stages.first { $0.stage == "waking" }
        return waking.map { mark in (row.stages.first { $0.stage == "ready" }, mark) }
      }
      #expect(woken.count == stacks && stacks > 40)
      for (ready, waking) in woken {
        #expect(waking.link == "ordered")
        #expect(ready?.link == "ordered" && ready?.evidence == "sock_def_readable")
      }
    }
  }

  /// A stack stands behind a wakeup only: what is announced to a reader who is awake is as open as without stacks.
  @Test func stacksDoNotTellOfAnnouncementsThatWakeNobody() throws {
    let path = Repository.root.appendingPathComponent("Traces/6.1-virtio-tcp-stacks/trace.dat").path
    let read: [JourneyRow] = try JourneyRow.read(path).filter { $0.direction == "rx" && $0.outcome == "delivered" }
    let announced = read.filter { $0.mark("ready") != nil }
    #expect(announced.count > 20)
    for row in announced { #expect(row.mark("waking")?.link == "ordered") }
    let others = read.filter { $0.mark("ready") == nil }
    #expect(others.count > 20)
    #expect(others.count { $0.mark("read")?.link == "inferred" } > 10)
  }

  /// Recordings whose journeys the lab's comparison can check to the end: kernels with sk_data_ready, and TCP before.
  private static let logged = Repository.traces.filter {
    !Repository.hasTruth($0) && ($0.lastPathComponent.hasPrefix("6.12") || $0.lastPathComponent.contains("tcp"))
  }

  /// Before sk_data_ready a datagram's socket and protocol are not known, but who read it, and when, is.
  @Test(arguments: Repository.traces.filter { $0.lastPathComponent.hasPrefix("6.1-virtio-udp") })
  func datagramsWithoutDataReadyAreReadInTheirCalls(trace: URL) throws {
    func objects(_ lines: [Substring]) throws -> [[String: Any]] {
      try lines.filter { !$0.isEmpty }.compactMap { try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] }
    }
    let log = try objects(String(contentsOf: trace.appendingPathComponent("recv.jsonl"), encoding: .utf8).split(separator: "\n"))
    let calls = log.filter { $0["type"] as? String == "recv" }
    let receiver = try #require(log.first { $0["type"] as? String == "process" }?["pid"] as? Int)
    let packets = try objects(Tool.wakepath("packets", "--json", "--outcome", "delivered", trace.appendingPathComponent("trace.dat").path).lines)
    let reads = packets.compactMap { (($0["stages"] as? [[String: Any]])?.last?["time"] as? Int) }.sorted()
    #expect(packets.allSatisfy { ($0["reader"] as? [String: Any])?["pid"] as? Int == receiver })
    #expect(reads.count == calls.count)
    for (read, call) in zip(reads, calls) {
      let before = try #require(call["before"] as? Int)
      let after = try #require(call["after"] as? Int)
      #expect((before...after).contains(read))
    }
  }

  /// Whether `trace-cmd report -R` printed `value`: numbers as 16, 016, 0x10 or (of 64 bits) 10, arrays as ARRAY[01, 0a].
  private static func isSame(_ value: Any, _ printed: Substring) -> Bool {
    if let text = value as? String { return printed.hasPrefix(text) }
    if let bytes = value as? [Int] {
      let hex = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
      // Four bytes of address come out as a string, which may end the line.
      return !printed.hasPrefix("ARRAY[") || printed.hasPrefix("ARRAY[\(hex.joined(separator: ", "))]")
    }
    let word = String(printed.prefix { !$0.isWhitespace })
    if let number = value as? UInt64, number > Int.max {
      return word == String(number, radix: 16) || word == "0x\(String(number, radix: 16))"
    }
    guard let number = value as? Int else { return word == "\(value)" }
    return Int(word) == number || word == String(number, radix: 16)
      || (word.hasPrefix("0x") && UInt64(word.dropFirst(2), radix: 16).map { Int(truncatingIfNeeded: $0) } == number)
  }

  /// Every datagram the application logged has one journey, every TCP byte is covered once: Lab/compare.py says so.
  @Test(.enabled(if: Tool.isInstalled("python3"), "python3 is not installed"), arguments: logged)
  func journeysEqualTheApplicationsLog(trace: URL) throws {
    let result = try Tool.run(
      "python3", [Repository.root.appendingPathComponent("Lab/compare.py").path, trace.path, "--wakepath", Repository.wakepath])
    #expect(result.status == 0, "\(String(decoding: result.output, as: UTF8.self))\(result.errors)")
  }

  @Test(arguments: Repository.traces)
  func outcomesAddUpAndTimesDoNotGoBack(trace: URL) throws {
    let path = trace.appendingPathComponent("trace.dat").path
    let report = try JSONSerialization.jsonObject(with: try Tool.wakepath("report", "--json", path).output) as? [String: Any]
    let rx = try #require((report?["packets"] as? [String: Any])?["rx"] as? [String: Int])
    let kinds = ["delivered", "queued", "dropped", "absorbed", "forwarded", "unknown"]
    #expect(kinds.reduce(0) { $0 + (rx[$1] ?? 0) } == rx["packets"])
    let completeness = try #require(report?["completeness"] as? [String: Int])
    #expect(completeness.values.reduce(0, +) == rx["packets"])
    var ids: Set<Int> = []
    var listed = 0
    for line in try Tool.wakepath("packets", "--json", "--direction", "rx", path).lines where !line.isEmpty {
      let packet = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      #expect(ids.insert(try #require(packet["id"] as? Int)).inserted)
      if packet["outcome"] as? String != "merged" { listed += 1 }
      let stages = try #require(packet["stages"] as? [[String: Any]])
      let times = stages.compactMap { $0["time"] as? Int }
      #expect(times == times.sorted())
      // The read is the last thing that happens to a packet.
      if let read = stages.firstIndex(where: { $0["stage"] as? String == "read" }) { #expect(read == stages.count - 1) }
    }
    #expect(listed == rx["packets"])
  }
}
