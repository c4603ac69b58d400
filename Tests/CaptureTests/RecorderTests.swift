import Foundation
import Support
import SystemPackage
import Linux
import Testing

@testable import Capture

/// Tests that make tracing instances; one after the other, for each looks whether any is left.
@Suite(.serialized) enum KernelTests {}

extension KernelTests {
  /// Recordings of the running kernel, of packets over loopback only.
  @Suite(.enabled(if: Machine.canRecord, "\(Machine.obstacle ?? "")"))
  struct RecorderTests {
    private let directory: TemporaryDirectory
    private let before = Machine.instances()
    private var options = RecordingOptions()

    init() throws {
      directory = try TemporaryDirectory()
      options.output = "\(directory.path)/test.dat"
      options.bufferBytesPerCPU = 4 << 20
    }

    /// Sends and receives 50 datagrams over loopback.
    private static let datagrams = [
      "python3", "-c",
      """
      import socket
      a = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
      a.bind(("127.0.0.1", 0))
      for i in range(50):
        a.sendto(b"x" * 100, a.getsockname())
        a.recv(200)
      """
    ]

    @Test(.enabled(if: Machine.hasTraceCmd, "trace-cmd is not installed"))
    func traceCmdReadsEveryEvent() throws {
      var options = options
      // Over some seconds, at which pages are read that are not full.
      options.command = Self.datagrams.map { $0.replacing("  a.recv(200)", with: "  a.recv(200)\n  __import__('time').sleep(0.05)") }
      let summary = try Recorder.record(options)
      #expect(summary.command == .exited(0))
      #expect(summary.end == .commandEnded)
      #expect(summary.lost == 0)
      if FileManager.default.fileExists(atPath: "/sys/kernel/tracing/buffer_subbuf_size_kb") {
        // Behind the magic number, the version, and one byte each for the order of bytes and the size of a long.
        #expect(try Files.contents(of: options.output)[14..<18] == [0, 0x40, 0, 0])
      }
      let report = try Machine.output(of: "trace-cmd report \(options.output)")
      let lines = report.split(separator: "\n").filter { !$0.hasPrefix("cpus=") }
      #expect(lines.count == summary.events)
      #expect(lines.count { $0.contains(" netif_receive_skb: ") && $0.contains("len=128") } >= 50)
      #expect(lines.contains { $0.contains("python3") && $0.contains(" net_dev_queue: ") })
      // What switches say trace-cmd finds by itself, but not without looking into them.
      #expect(try Machine.output(of: "trace-cmd report -R \(options.output) | grep ' net_dev_queue: ' | grep -c python3-") != "0\n")
      // The kernel names its own function where others record the event at the same time.
      let callers = ["func=sock_def_readable", "func=__traceiter_sk_data_ready"]
      #expect(lines.contains { line in line.contains(" sk_data_ready: ") && callers.contains { line.hasSuffix($0) } })
      #expect(Machine.instances(since: before) == [])
      #expect(try Files.names(in: directory.path) == ["test.dat"])
    }

    /// The kernel would stop noting names for all.
    @Test func namesAreNotNotedUnlessOthersRecord() throws {
      let tracing = try TraceDirectory.forRecording()
      defer { tracing.close() }
      let everyone = try Files.contents(of: "\(tracing.path)/trace_options")
      var notes: [String] = []
      do {
        let first = try RecordingInstance(tracing)
        defer { _ = first.remove() }
        _ = try first.configure(options, probes: [], &notes)
        let names = String(decoding: first.text("trace_options"), as: UTF8.self).split(separator: "\n").first { $0.hasSuffix("record-cmd") }
        // Others may be recording now.
        let expected = first.notesNames ? "record-cmd" : "norecord-cmd"
        #expect(names == "\(expected)")
        let second = try RecordingInstance(tracing)
        defer { _ = second.remove() }
        let isNoting = second.notesNames
        #expect(isNoting)
      }
      #expect(try Files.contents(of: "\(tracing.path)/trace_options") == everyone)
    }

    @Test func failingCommandIsReported() throws {
      var options = options
      options.command = ["sh", "-c", "exit 7"]
      let summary = try Recorder.record(options)
      #expect(summary.command == .exited(7))
      #expect(Machine.instances(since: before) == [])
    }

    @Test func missingCommandLeavesNothing() throws {
      var options = options
      options.command = ["/nonexistent/command"]
      let error = #expect(throws: CaptureError.self) { try Recorder.record(options) }
      #expect(error?.description == "cannot run `/nonexistent/command`: No such file or directory")
      #expect(Machine.instances(since: before) == [])
      #expect(try Files.names(in: directory.path) == [])
    }

    @Test func durationEndsCommand() throws {
      var options = options
      options.command = ["sleep", "60"]
      options.duration = .milliseconds(300)
      let summary = try Recorder.record(options)
      #expect(summary.end == .durationPassed)
      #expect(summary.command == .killed(15))
      #expect(summary.duration >= .milliseconds(300) && summary.duration < .seconds(10))
      #expect(Machine.instances(since: before) == [])
    }

    @Test(
      arguments: [
        ("INT", 2), ("TERM", 15), ("HUP", 1), ("QUIT", 3), ("USR1", 10), ("USR2", 12), ("ALRM", 14), ("STKFLT", 16), ("XCPU", 24), ("VTALRM", 26),
        ("PROF", 27), ("IO", 29), ("PWR", 30)
      ] as [(String, Int32)])
    func signalEndsRecordingWell(name: String, number: Int32) throws {
      var options = options
      options.command = ["sh", "-c", "kill -\(number) $PPID; exec sleep 60"]
      let summary = try Recorder.record(options)
      #expect(summary.end == .signal(number))
      #expect(summary.command == .killed(15))
      #expect(FileStatus(of: options.output)?.kind == .regular)
      #expect(Machine.instances(since: before) == [])
    }

    @Test func unwritableOutputIsNamedBeforeRecording() throws {
      var options = options
      options.output = "/nonexistent/test.dat"
      let error = #expect(throws: CaptureError.self) { try Recorder.record(options) }
      #expect(error?.description == "/nonexistent/test.dat cannot be written in /nonexistent: No such file or directory")
      options.output = "/dev/null"
      #expect(throws: CaptureError.self) { try Recorder.record(options) }
      #expect(FileStatus(of: "/dev/null")?.kind != .regular)
    }

    @Test func fullDiskIsOneSentence() async throws {
      await #expect(processExitsWith: .success) {
        let directory = try TemporaryDirectory()
        _ = try Machine.output(of: "mount -t tmpfs -o size=16k none \(directory.path)")
        defer { try? Mount.remove(directory.path) }
        let before = Machine.instances()
        var options = RecordingOptions()
        options.output = "\(directory.path)/test.dat"
        options.duration = .milliseconds(200)
        let error = #expect(throws: CaptureError.self) { try Recorder.record(options) }
        #expect(error?.description.hasSuffix("No space left on device") == true)
        #expect(Machine.instances(since: before) == [])
        #expect(try Files.names(in: directory.path) == [])
      }
    }

    @Test func whatAKilledRecorderLeavesIsRead() async throws {
      // The process that is killed knows this one's things only by their names.
      let parent = "\(NSTemporaryDirectory())wakepath-tests-killed"
      await #expect(processExitsWith: .signal(9)) {
        let directory = "\(NSTemporaryDirectory())wakepath-tests-killed"
        try? FileManager.default.removeItem(atPath: directory)
        try Files.makeDirectory(directory)
        var options = RecordingOptions()
        options.output = "\(directory)/killed.dat"
        let trips = RecorderTests.datagrams.last ?? ""
        options.command = ["sh", "-c", "python3 -c '\(trips)'; sleep 2.2; kill -9 $PPID"]
        _ = try Recorder.record(options)
      }
      defer { try? FileManager.default.removeItem(atPath: parent) }
      let left = try #require(try Files.names(in: parent).only)
      #expect(left.hasPrefix("killed.dat.") && left.hasSuffix(".pages"))
      #expect(Machine.instances(since: before).count == 1)
      let result = try Tool.wakepath("report", "--json", "\(parent)/\(left)")
      let report = try #require(try JSONSerialization.jsonObject(with: result.output) as? [String: Any])
      let trace = try #require(report["trace"] as? [String: Any])
      #expect(trace["files"] as? [String] == ["\(parent)/\(left)"] && trace["clock"] as? String == "mono" && trace["kernel"] is String)
      // All 50, although no page may have been full.
      #expect(try #require((report["completeness"] as? [String: Int])?["complete"]) >= 50)
      #expect((trace["lost"] as? [Any])?.isEmpty == true)
      // The next recording sets the kernel right, and speaks of what is beside it.
      var options = options
      options.output = "\(parent)/test.dat"
      options.duration = .milliseconds(10)
      let summary = try Recorder.record(options)
      #expect(summary.notes.contains { $0.contains("left by a recording that was killed") })
      #expect(summary.notes.contains { $0.contains("has left \(parent)/\(left): `wakepath report` reads it") })
      #expect(Machine.instances(since: before) == [])
      #expect(Set(try Files.names(in: parent)) == [left, "test.dat"])
    }

    /// Another recorder, perhaps in another container, takes instances whose recorder it does not see for left behind.
    @Test func instanceStaysWhileItIsInUse() throws {
      let tracing = try TraceDirectory.forRecording()
      defer { tracing.close() }
      let instance = try RecordingInstance(tracing)
      #expect(throws: Errno.resourceBusy) { try Files.removeDirectory(instance.path) }
      #expect(instance.remove() == nil)
      #expect(Machine.instances(since: before) == [])
    }

    /// As in a container, where every recorder has the same number.
    @Test func leftoverOfTheSameNumberStays() throws {
      let left = "\(options.output).\(ThisProcess.id).pages"
      try Files.makeDirectory(left)
      defer { try? FileManager.default.removeItem(atPath: left) }
      var options = options
      options.duration = .milliseconds(10)
      #expect(try Recorder.record(options).notes == [])
      for name in ["head.dat", "cpu0"] { try Data([1]).write(to: URL(fileURLWithPath: "\(left)/\(name)")) }
      #expect(try Recorder.record(options).notes == ["a recording that was killed has left \(left): `wakepath report` reads it"])
      #expect(try Files.names(in: directory.path) == ["test.dat", String(left.dropFirst(directory.path.count + 1))])
      #expect(try Files.names(in: left) == ["cpu0", "head.dat"])
    }

    /// A CPU takes four files, and a command gets what it would have without us.
    @Test func moreFilesThanUsualMayBeOpen() async throws {
      await #expect(processExitsWith: .success) {
        let directory = try TemporaryDirectory()
        try? ThisProcess.setOpenFiles(100)
        var options = RecordingOptions()
        options.output = "\(directory.path)/test.dat"
        options.command = ["sh", "-c", "sleep 0.2; (ulimit -n; awk '/open files/ { print $4 }' /proc/$PPID/limits) >\(directory.path)/limit"]
        _ = try Recorder.record(options)
        let limits = ThisProcess.openFiles
        #expect(limits.chosen == 100)
        #expect(try Files.contents(of: "\(directory.path)/limit") == Array("100\n\(limits.allowed)\n".utf8))
      }
    }

    @Test func pagesStayWhereTheFileCannotBeWritten() throws {
      var options = options
      // Longer than a second, so that a time was noted.
      options.command = ["sh", "-c", "mkdir \(options.output); sleep 1.3"]
      let error = #expect(throws: CaptureError.self) { try Recorder.record(options) }
      let left = "\(options.output).\(ThisProcess.id).pages"
      #expect(error?.description == "\(options.output) cannot be written: Is a directory; what was recorded is in \(left)")
      #expect(try Tool.wakepath("report", left).errors == "")
      #expect(try !Files.names(in: left).contains("until"))
      #expect(Machine.instances(since: before) == [])
      for path in [left, options.output] { try FileManager.default.removeItem(atPath: path) }
    }

    /// Where it cannot even end well, the pages stay: `aFileThatMayNotGrowIsLikeAFullDisk`.
    @Test func aDiskThatBecomesFullEndsItWell() async throws {
      await #expect(processExitsWith: .success) {
        let directory = try TemporaryDirectory()
        _ = try Machine.output(of: "mount -t tmpfs -o size=2m none \(directory.path)")
        defer { try? Mount.remove(directory.path) }
        var options = RecordingOptions()
        options.output = "\(directory.path)/test.dat"
        options.bufferBytesPerCPU = 64 << 10
        options.command = RecorderTests.datagrams.map { $0.replacing("range(50)", with: "range(10000)") }
        let summary = try Recorder.record(options)
        #expect(summary.end == .diskFull)
        #expect(summary.command == .exited(0))
        #expect(try Files.names(in: directory.path) == ["test.dat"])
        #expect(try Tool.wakepath("report", options.output).status == 0)
      }
    }

    @Test func onlyGivenDevicesAreKept() throws {
      var options = options
      options.command = Self.datagrams
      options.devices = ["nonexistent0"]
      let summary = try Recorder.record(options)
      #expect(summary.events > 0)
      options.devices = ["a\" || 1"]
      #expect(throws: CaptureError.self) { try Recorder.record(options) }
      #expect(Machine.instances(since: before) == [])
    }
  }
}

extension Collection {
  /// Its only element; nil if it has none or more.
  fileprivate var only: Element? { count == 1 ? first : nil }
}
