import Foundation
import Support
import Testing

extension KernelTests {
  /// Two recordings of this kernel, made now and thrown away, held against trace-cmd and against what the workload sent.
  @Suite(.enabled(if: Machine.canRecord, "\(Machine.obstacle ?? "")"))
  struct RecordingsOfTheDayTests {
    @Test(
      .enabled(if: Tool.isInstalled("trace-cmd") && Tool.isInstalled("python3"), "trace-cmd or python3 is not installed"), arguments: 1...2)
    func eventsAndJourneysOfLoopback(run: Int) throws {
      let folder = try Repository.temporaryDirectory()
      defer { try? FileManager.default.removeItem(at: folder) }
      let before = Machine.instances()
      let path = folder.appendingPathComponent("day.dat").path
      let workload = Repository.root.appendingPathComponent("Lab/demo-workload.py").path
      let recorded = try Tool.wakepath("record", "--json", "-o", path, "--", "python3", workload)
      #expect(recorded.status == 0, "\(recorded.errors)")
      #expect(Machine.instances(since: before) == [])
      let ours = try Tool.wakepath("events", path)
      let theirs = try Tool.run("trace-cmd", ["report", path])
      #expect(ours.output == theirs.output)
      #expect(ours.lines.count > 5000)
      try checkJourneys(path)
    }

    /// 200 datagrams and 139,500 bytes of TCP; how many segments they take is up to the sender. Other traffic of the machine may add to them.
    private func checkJourneys(_ path: String) throws {
      var datagrams = 0
      var bytes = 0
      for line in try Tool.wakepath("packets", "--json", "--outcome", "delivered", path).lines where !line.isEmpty {
        let packet = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        let stream = try #require(packet["stream"] as? [String: Int])
        if packet["protocol"] as? String == "udp" { datagrams += 1 }
        if packet["protocol"] as? String == "tcp" { bytes += (stream["to"] ?? 0) - (stream["from"] ?? 0) }
      }
      #expect(datagrams >= 200)
      #expect(bytes >= (0..<200).reduce(0) { $0 + 7 * $1 + 1 })
    }
  }
}
