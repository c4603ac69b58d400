import Foundation
import Support
import Testing

@testable import Capture

/// The installed perf.
enum Perf {
  /// Runs perf with no signal blocked: it waits for SIGCHLD, which test runners block, and that is inherited.
  static func run(_ arguments: [String], input: Data? = nil) throws -> ToolResult {
    let script = "import os, signal, sys; signal.pthread_sigmask(signal.SIG_SETMASK, []); os.execvp(sys.argv[1], sys.argv[1:])"
    return try Tool.run("python3", ["-c", script, "timeout", "60", "perf"] + arguments, input: input)
  }

  /// Whether perf can record here, and if not, why.
  static let obstacle: String? = {
    guard Tool.isInstalled("perf"), Tool.isInstalled("python3") else { return "perf or python3 is not installed" }
    do {
      let folder = try Repository.temporaryDirectory()
      defer { try? FileManager.default.removeItem(at: folder) }
      let tried = try run(["record", "-q", "-a", "-o", "\(folder.path)/perf.data", "-e", "net:netif_rx", "--", "true"])
      return tried.status == 0 ? nil : "perf cannot record here: \(tried.errors.split(separator: "\n").first ?? "")"
    } catch {
      return "\(error)"
    }
  }()
}

extension KernelTests {
  /// Recordings that the installed `perf record` makes of this kernel now, held against `perf script`; they are thrown away.
  @Suite(.enabled(if: Perf.obstacle == nil, "\(Perf.obstacle ?? "")"))
  struct PerfTests {
    static let fields = ["-F", "comm,tid,cpu,time,event,trace"]

    /// Records the loopback workload with every event of ours that the kernel has into `path`.
    private func record(_ options: [String], to path: String) throws {
      let known = (try Perf.run(["list", "tracepoint"])).lines.compactMap { $0.split(separator: " ").first }
      let events = RecordedEvent.all.map(\.fullName).filter { known.contains(Substring($0)) }.flatMap { ["-e", $0] }
      let workload = Repository.root.appendingPathComponent("Lab/demo-workload.py").path
      let recorded = try Perf.run(["record", "-q", "-a", "-m", "8M", "-o", path] + options + events + ["--", "python3", workload])
      try #require(recorded.status == 0, "\(recorded.errors)")
    }

    private func delivered(_ path: String) throws -> [String: Int] {
      let result = try Tool.wakepath("report", "--json", path)
      #expect(result.status == 0, "\(result.errors)")
      let report = try JSONSerialization.jsonObject(with: result.output) as? [String: Any]
      return try #require((report?["packets"] as? [String: Any])?["rx"] as? [String: Int])
    }

    @Test("perf.data has the events of perf script, and its text the same journeys", arguments: [[], ["-z"], ["--clockid", "mono"], ["-g"]])
    func equalsPerfScript(options: [String]) throws {
      let folder = try Repository.temporaryDirectory()
      defer { try? FileManager.default.removeItem(at: folder) }
      let path = folder.appendingPathComponent("perf.data").path
      try record(options, to: path)
      let theirs = try Perf.run(["script", "-i", path] + Self.fields)
      let ours = try Tool.wakepath("events", path)
      #expect(ours.lines.count > 5000)
      expectSame(ours.lines, theirs.lines)

      let text = folder.appendingPathComponent("perf.txt").path
      try (try Perf.run(["script", "-i", path, "--ns"])).output.write(to: URL(fileURLWithPath: text))
      let rx = try delivered(path)
      // 200 datagrams, and as many segments with data as TCP made of 200 messages: on a busy machine it sends several in one.
      let segments = theirs.lines.filter { $0.contains("tcp:tcp_probe: ") && !$0.contains("data_len=0 ") }.count
      #expect(segments > 0)
      #expect(rx["delivered"] ?? 0 >= 200 + segments)
      #expect(try delivered(text) == rx)
    }

    @Test("A pipe of perf record has the events of perf script")
    func pipe() throws {
      let folder = try Repository.temporaryDirectory()
      defer { try? FileManager.default.removeItem(at: folder) }
      let path = folder.appendingPathComponent("perf.pipe").path
      let workload = Repository.root.appendingPathComponent("Lab/demo-workload.py").path
      let events = ["-e", "net:*", "-e", "sched:sched_switch", "-e", "irq:*"]
      let piped = try Perf.run(["record", "-q", "-a", "-m", "8M", "-o", "-"] + events + ["--", "python3", workload])
      try piped.output.write(to: URL(fileURLWithPath: path))
      let theirs = try Perf.run(["script", "-i", "-"] + Self.fields, input: piped.output)
      let ours = try Tool.wakepath("events", path)
      #expect(ours.lines.count > 3000)
      expectSame(ours.lines, theirs.lines)
      #expect(try Tool.wakepath("events", "-", input: piped.output).output == ours.output)
    }

    @Test("record --backend perf follows every datagram, and says how its command fared")
    func backend() throws {
      let folder = try Repository.temporaryDirectory()
      defer { try? FileManager.default.removeItem(at: folder) }
      let path = folder.appendingPathComponent("perf.data").path
      let workload = Repository.root.appendingPathComponent("Lab/demo-workload.py").path
      let recorded = try Tool.wakepath("record", "--backend", "perf", "-o", path, "--", "python3", workload)
      #expect(recorded.status == 0, "\(recorded.errors)")
      #expect(recorded.lines.first?.contains("perf.data  perf.data · kernel") ?? false)
      #expect(try delivered(path)["delivered"] ?? 0 >= 200)
      let script = try Perf.run(["script", "-i", path] + Self.fields)
      #expect(try Tool.wakepath("events", path).lines.count == script.lines.count)

      let failed = try Tool.wakepath("record", "--backend", "perf", "--quiet", "-o", path, "--", "sh", "-c", "exit 7")
      #expect(failed.errors.contains("the command ended with status 7"))
      let timed = try Tool.wakepath("record", "--backend", "perf", "--duration", "200ms", "--device", "lo", "-o", path, "--", "sleep", "60")
      #expect(timed.status == 0, "\(timed.errors)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["perf.data"])
    }

    @Test("record --backend perf says in a sentence what it cannot do")
    func backendRefuses() throws {
      let folder = try Repository.temporaryDirectory()
      defer { try? FileManager.default.removeItem(at: folder) }
      let path = folder.appendingPathComponent("perf.data").path
      let missing = try Tool.wakepath("record", "--backend", "perf", "-o", path, "--", "/nonexistent/command")
      // As env(1) says it of a command that is not there.
      #expect(missing.status == 127)
      #expect(missing.errors.contains("cannot run `/nonexistent/command`: there is no such program"))
      let flight = try Tool.wakepath("record", "--backend", "perf", "--flight", "1M", "-o", path)
      #expect(flight.status != 0)
      #expect(flight.errors.contains("--burst and --flight need --backend tracefs."))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    private func expectSame(_ ours: [Substring], _ theirs: [Substring]) {
      guard ours != theirs else { return }
      let difference = zip(ours, theirs).first { $0 != $1 }
      Issue.record("'\(difference?.0 ?? "")' is not '\(difference?.1 ?? "")'; \(ours.count) and \(theirs.count) lines")
    }
  }
}
