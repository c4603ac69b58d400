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
      #expect(Machine.instances() == before)
      let ours = try Tool.wakepath("events", path)
      let theirs = try Tool.run("trace-cmd", ["report", path])
      #expect(ours.output == theirs.output)
      #expect(ours.lines.count > 5000)
      let report = try JSONSerialization.jsonObject(with: recorded.output) as? [String: Any]
      let rx = try #require((report?["packets"] as? [String: Any])?["rx"] as? [String: Int])
      // 200 datagrams and 200 segments with data; other traffic of the machine may add to them.
      #expect(rx["delivered"] ?? 0 >= 400)
      #expect(rx["dropped"] == 0)
    }
  }
}
