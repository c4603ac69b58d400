import Foundation
import Support
import Testing

/// Memory depends on what is in flight, not on the length of the recording.
@Suite struct MemoryTests {
  /// Runs the command through Python, which tells the largest resident set of its children, in KiB.
  private func peak(_ arguments: [String]) throws -> Int {
    let script = """
      import resource, subprocess, sys
      subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
      print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
      """
    let result = try Tool.run("python3", ["-c", script, Repository.wakepath] + arguments)
    return try #require(Int(String(decoding: result.output, as: UTF8.self).split(separator: "\n").last ?? ""), "\(result.errors)")
  }

  @Test(.enabled(if: Tool.isInstalled("python3"), "python3 is not installed"), arguments: ["report", "packets"])
  func tenTimesTheTraceTakesNoMoreMemory(command: String) throws {
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    let source = Repository.root.appendingPathComponent("Traces/6.12-virtio-udp-v6/trace.dat")
    let data = try Data(contentsOf: source)
    var peaks: [Int] = []
    for times in [20, 200] {
      let path = folder.appendingPathComponent("\(times).dat")
      try #require(TraceStretcher.stretch(data, times: times)).write(to: path)
      let report = try JSONSerialization.jsonObject(with: try Tool.wakepath("report", "--json", path.path).output) as? [String: Any]
      let rx = ((report?["packets"] as? [String: Any])?["rx"] as? [String: Int]) ?? [:]
      #expect(rx["delivered"] == 60 * times, "\(rx)")
      peaks.append(try peak([command, path.path]))
    }
    #expect(peaks[1] <= peaks[0] * 6 / 5, "peak RSS \(peaks[0]) KiB, and ten times as long \(peaks[1]) KiB")
  }
}
