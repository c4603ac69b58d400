import Foundation
import Support
import Linux
import Testing

@testable import Capture

extension KernelTests {
  /// Recordings that do not keep everything: in windows, or only the last of it.
  @Suite(.enabled(if: Machine.canRecord, "\(Machine.obstacle ?? "")"))
  struct PartialRecordingTests {
    private let directory: TemporaryDirectory
    private let before = Machine.instances()
    private var options = RecordingOptions()

    init() throws {
      directory = try TemporaryDirectory()
      options.output = "\(directory.path)/test.dat"
    }

    /// Sends a datagram to itself over loopback every millisecond for `seconds`; with a `nap`, reads one of them that much later.
    private static func datagrams(for seconds: Double, nap: Double = 0) -> [String] {
      [
        "python3", "-c",
        """
        import socket, time
        a = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        a.bind(("127.0.0.1", 0))
        begin = time.monotonic()
        count = 0
        while time.monotonic() < begin + \(seconds):
          a.sendto(b"x" * 100, a.getsockname())
          count += 1
          if count == 100: time.sleep(\(nap))
          a.recv(200)
          time.sleep(0.001)
        """
      ]
    }

    private func report() throws -> [String: Any] {
      try #require(try JSONSerialization.jsonObject(with: try Tool.wakepath("report", "--json", options.output).output) as? [String: Any])
    }

    @Test func windowsAreKnownToTheReport() throws {
      var options = options
      options.burst = .init(on: .milliseconds(100), off: .milliseconds(200))
      // Other tests send through devices of their own, in any number.
      options.devices = ["lo"]
      options.command = Self.datagrams(for: 1.5)
      let summary = try Recorder.record(options)
      #expect(summary.lost == 0)
      #expect(Machine.instances(since: before) == [])
      let report = try report()
      let trace = try #require(report["trace"] as? [String: Any])
      let windows = try #require(trace["windows"] as? [[String: Int]])
      #expect(windows.count >= 3)
      for window in windows.dropLast() { #expect(try #require(window["to"]) - #require(window["from"]) >= 100_000_000) }
      for (a, b) in zip(windows, windows.dropFirst()) { #expect(try #require(b["from"]) - #require(a["to"]) >= 200_000_000) }
      #expect((trace["lost"] as? [Any])?.isEmpty == true)
      // A packet at the edge of a window is cut; every other is whole.
      let completeness = try #require(report["completeness"] as? [String: Int])
      #expect(try #require(completeness["complete"]) >= 20)
      #expect(completeness["lost"] == 0)
      #expect(try #require(completeness["truncated"]) <= 4 * windows.count)
    }

    /// Events that are only not kept still cost a third.
    @Test func pausesCostNothing() throws {
      #expect(!RecordingOptions.Burst(on: .seconds(1), off: .milliseconds(99)).disablesEvents)
      var options = options
      options.burst = .init(on: .milliseconds(100), off: .milliseconds(100))
      let states = "\(directory.path)/states"
      let own = "/sys/kernel/tracing/instances/wakepath-\(ThisProcess.id)*"
      options.command = ["sh", "-c", "for i in $(seq 40); do cat \(own)/events/enable; sleep 0.02; done >\(states)"]
      let summary = try Recorder.record(options)
      #expect(summary.command == .exited(0) && Machine.instances(since: before) == [])
      let lines = Set(String(decoding: try Files.contents(of: states), as: UTF8.self).split(separator: "\n"))
      #expect(lines == ["0", "X"])
    }

    /// The reader sends to itself, so it never waits for its data: where its scheduling is recorded, the report says so.
    @Test(arguments: ["python3", "nobody"]) func otherTasksSchedulingIsLeftOut(name: String) throws {
      var options = options
      options.tasks = [name]
      options.command = Self.datagrams(for: 0.5)
      let summary = try Recorder.record(options)
      #expect(summary.lost == 0 && Machine.instances(since: before) == [])
      let report = try report()
      #expect(report["schedulingOf"] as? [String] == [name])
      let causes = try #require(report["causes"] as? [[String: Any]]).compactMap { $0["cause"] as? String }
      #expect(causes.contains("reader-busy") == (name == "python3"))
      let switches = try Tool.wakepath("events", options.output).lines.filter { $0.contains(" sched_switch: ") }
      let others = switches.filter { !$0.contains(name) && !["ksoftirqd/", "napi/", "irq/"].contains(where: $0.contains) }
      #expect(others == [] && (name == "nobody" || switches.count > 50))
    }

    @Test func aFlightRecorderKeepsTheLast() throws {
      var options = options
      options.flightBytesPerCPU = 64 << 10
      options.command = Self.datagrams(for: 2)
      let summary = try Recorder.record(options)
      #expect(summary.letGo > 0)
      #expect(summary.lost == 0)
      #expect(summary.cpus.allSatisfy { $0.bytes <= 80 << 10 })
      #expect(Machine.instances(since: before) == [])
      let report = try report()
      let trace = try #require(report["trace"] as? [String: Any])
      #expect((trace["lost"] as? [Any])?.isEmpty == true, "what was let go before the recording begins is not missing from it")
      #expect(trace["events"] as? Int == summary.events)
      #expect(try #require((report["completeness"] as? [String: Int])?["complete"]) > 0)
      let verify = try Tool.wakepath("verify", options.output)
      #expect(verify.status == 0, "CPUs begin at different times, and what one had let go by then is not silence: \(verify.lines.prefix(12))")
    }

    @Test func aSlowPacketEndsTheFlight() throws {
      var options = options
      options.flightBytesPerCPU = 1 << 20
      options.duration = .seconds(30)
      options.command = Self.datagrams(for: 60, nap: 0.3)
      let file = options.output
      options.trigger = { path in
        #expect(path != file)
        let slow = try? Tool.wakepath("packets", "--json", "--slower-than", "250ms", path).lines
        return slow?.contains { $0.contains("\"outcome\":\"delivered\"") } ?? false
      }
      let summary = try Recorder.record(options)
      #expect(summary.end == .triggered)
      #expect(summary.duration < .seconds(30))
      #expect(Machine.instances(since: before) == [])
      let slow = try Tool.wakepath("packets", "--json", "--slower-than", "250ms", options.output).lines.filter { !$0.isEmpty }
      #expect(slow.count >= 1, "what ended the recording is in it")
      #expect(try Files.names(in: directory.path) == ["test.dat"])
    }
  }
}
