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

  /// Text that comes through a pipe: the lines of a recording over and over, each time later, until there are `bytes` of them. Answers how
  /// many times, the largest resident set in KiB, and what the report says.
  private func pipe(_ text: URL, bytes: Int) throws -> (times: Int, peak: Int, report: [String: Any]) {
    let script = """
      import json, re, resource, subprocess, sys
      lines = [re.match(rb"(.*\\] +)(\\d+)\\.(\\d{6})(: .*\\n)", line) for line in open(sys.argv[1], "rb")]
      lines = [(m[1], int(m[2]) * 1000000 + int(m[3]), m[4]) for m in lines if m]
      span = lines[-1][1] - lines[0][1] + 1000000
      child = subprocess.Popen(sys.argv[3:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
      import threading
      out = []
      reader = threading.Thread(target=lambda: out.append(child.stdout.read()))
      reader.start()
      written = times = 0
      while written < int(sys.argv[2]):
          late = times * span
          piece = b"".join(b"%s%d.%06d%s" % (a, (t + late) // 1000000, (t + late) % 1000000, b) for a, t, b in lines)
          written += child.stdin.write(piece)
          times += 1
      child.stdin.close()
      reader.join()
      assert child.wait() == 0
      print(json.dumps([times, written, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, json.loads(out[0])]))
      """
    let result = try Tool.run("python3", ["-c", script, text.path, "\(bytes)", Repository.wakepath, "report", "--json", "-"])
    let answer = try #require(try JSONSerialization.jsonObject(with: result.output) as? [Any], "\(result.errors)")
    #expect(try #require(answer[1] as? Int) >= bytes)
    return (try #require(answer[0] as? Int), try #require(answer[2] as? Int), try #require(answer[3] as? [String: Any]))
  }

  @Test("100 MB of text take no more memory than 10", .enabled(if: Tool.isInstalled("python3"), "python3 is not installed"))
  func text() throws {
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    let text = folder.appendingPathComponent("text")
    try Tool.wakepath("events", Repository.root.appendingPathComponent("Traces/6.12-virtio-udp-v6/trace.dat").path).output.write(to: text)
    let (_, small, _) = try pipe(text, bytes: 10_000_000)
    let (times, large, report) = try pipe(text, bytes: 100_000_000)
    let rx = ((report["packets"] as? [String: Any])?["rx"] as? [String: Int]) ?? [:]
    #expect(rx["delivered"] == 60 * times, "\(rx), \(times) times")
    #expect(large <= small * 6 / 5, "peak RSS \(small) KiB for 10 MB, \(large) KiB for 100 MB")
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
