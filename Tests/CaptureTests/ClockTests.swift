import Foundation
import Support
import Testing

extension KernelTests {
  /// Raw pages of this kernel's ring buffers under every clock it has, held against the text the kernel makes of them; thrown away.
  @Suite(.enabled(if: Machine.canRecord && FileManager.default.fileExists(atPath: "/sys/kernel/tracing/instances"), "tracefs is not there"))
  struct ClockTests {
    static let clocks: [String] = {
      let known = (try? String(contentsOfFile: "/sys/kernel/tracing/trace_clock", encoding: .utf8)) ?? ""
      return known.split(whereSeparator: { " []\n".contains($0) }).map(String.init)
    }()

    /// Records some loopback traffic in an instance of its own into `folder`: pages, text, and the clock's name.
    private func record(_ clock: String, _ folder: String) throws {
      let script = """
        t=/sys/kernel/tracing/instances/wakepath-test-$$
        mkdir $t || exit 1
        trap 'echo 0 > $t/tracing_on; echo 0 > $t/events/enable; rmdir $t' EXIT
        echo \(clock) > $t/trace_clock
        for e in irq net sched/sched_switch sched/sched_waking; do echo 1 > $t/events/$e/enable; done
        ping -q -c 5 -i 0.02 127.0.0.1 >/dev/null
        echo 0 > $t/tracing_on
        cat $t/trace > \(folder)/text
        cp /sys/kernel/tracing/saved_cmdlines \(folder)/saved_cmdlines
        cat $t/trace_clock > \(folder)/trace_clock
        for c in $t/per_cpu/cpu*; do
          mkdir -p \(folder)/per_cpu/$(basename $c)
          dd if=$c/trace_pipe_raw of=\(folder)/per_cpu/$(basename $c)/trace_pipe_raw bs=4096 iflag=nonblock 2>/dev/null
        done
        true
        """
      _ = try Machine.output(of: script)
    }

    /// Each CPU's events: when, who and what.
    private func events(_ arguments: [String]) throws -> [Int: [String]] {
      let result = try Tool.run(Repository.wakepath, ["events", "--json"] + arguments)
      #expect(result.status == 0, "\(result.errors)")
      var events: [Int: [String]] = [:]
      for line in result.lines where !line.isEmpty {
        let event = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        let cpu = try #require(event["cpu"] as? Int)
        events[cpu, default: []].append("\(event["time"] ?? "") \(event["pid"] ?? "") \(event["event"] ?? "")")
      }
      return events
    }

    @Test("Pages say what the kernel's text says", .enabled(if: Tool.isInstalled("ping"), "ping is not installed"), arguments: clocks)
    func pagesEqualText(clock: String) throws {
      let folder = try Repository.temporaryDirectory()
      defer { try? FileManager.default.removeItem(at: folder) }
      try record(clock, folder.path)
      let isCounter = ["counter", "uptime", "x86-tsc"].contains(clock)
      let text = try events([folder.appendingPathComponent("text").path])
      let pages = try events(["--formats", "/sys/kernel/tracing/events", folder.path]).mapValues { lines in
        lines.map { line -> String in
          // The kernel rounds to microseconds.
          let words = line.split(separator: " ", maxSplits: 1)
          let time = UInt64(words[0]) ?? 0
          return isCounter ? line : "\((time + 500) / 1000 * 1000) \(words[1])"
        }
      }
      #expect(text.values.joined().count > 50)
      #expect(text == pages)
      let result = try Tool.wakepath("report", "--json", "--formats", "/sys/kernel/tracing/events", folder.path)
      let report = try JSONSerialization.jsonObject(with: result.output) as? [String: Any]
      #expect((report?["trace"] as? [String: Any])?["clock"] as? String == clock)
      #expect(result.errors.contains("the clock does not count nanoseconds") == isCounter)
    }
  }
}
