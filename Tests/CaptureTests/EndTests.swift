import Foundation
import Linux
import Support
import Testing

@testable import Capture

extension KernelTests {
  /// However the recorder ends, tracing is as it was.
  @Suite(.enabled(if: Machine.canRecord && geteuid() == 0, "\(Machine.obstacle ?? "not root")"))
  struct EndTests {
    private let directory: TemporaryDirectory
    private let mountBefore = Mount.find(at: "/sys/kernel/tracing")?.source

    init() throws { directory = try TemporaryDirectory() }

    private func expectGone(_ recorder: RunningRecorder) {
      #expect(RunningRecorder.wait { recorder.instances.isEmpty && !recorder.hasProbes })
      if mountBefore == nil { #expect(RunningRecorder.wait { Mount.find(at: "/sys/kernel/tracing") == nil }) }
    }

    private func removeLeftFolder() {
      for name in (try? Files.names(in: directory.path)) ?? [] where name.hasSuffix(".pages") {
        try? FileManager.default.removeItem(atPath: "\(directory.path)/\(name)")
      }
    }

    @Test(arguments: [SIGKILL, SIGSEGV, SIGBUS]) func aKilledRecorderGivesTracingBack(signal: Int32) throws {
      let recorder = try RunningRecorder("exec WAKEPATH record -o test.dat", in: directory.path)
      try recorder.awaitRecording()
      usleep(1_200_000)
      recorder.send(signal)
      #expect(recorder.end() == 128 + signal)
      expectGone(recorder)
      let left = "test.dat.\(recorder.pid).pages"
      #expect(
        RunningRecorder.wait { recorder.errors.contains("the recorder was killed: tracing is as it was before") }, "\(recorder.errors)")
      #expect(RunningRecorder.wait { recorder.errors.contains("what was recorded until then is in \(left)") })
      #expect(try Tool.wakepath("report", "\(directory.path)/\(left)").status == 0)
      removeLeftFolder()
    }

    /// A group of processes is killed as a whole where a terminal or a service goes.
    @Test func theSupervisorIsNotOfTheGroup() throws {
      let recorder = try RunningRecorder("exec setsid -w sh -c 'echo $$; exec WAKEPATH record -o test.dat'", in: directory.path)
      #expect(RunningRecorder.wait { ((try? Files.names(in: directory.path)) ?? []).contains { $0.hasSuffix(".pages") } })
      usleep(300_000)
      let name = try #require(try Files.names(in: directory.path).first { $0.hasSuffix(".pages") })
      let pid = try #require(Int32(name.split(separator: ".").dropLast().last ?? ""))
      kill(-pid, SIGKILL)
      _ = recorder.end()
      #expect(RunningRecorder.wait { !Files.exists("/sys/kernel/tracing/instances/wakepath-\(pid)") })
      removeLeftFolder()
    }

    /// `ulimit -f`: the kernel sends SIGXFSZ to who writes beyond it.
    @Test func aFileThatMayNotGrowIsLikeAFullDisk() throws {
      let script = "ulimit -f 6000; exec WAKEPATH record -o test.dat -- \(Programs.datagrams(40_000))"
      let recorder = try RunningRecorder(script, in: directory.path)
      #expect(recorder.end() == 3)
      #expect(recorder.errors.contains("File too large; what was recorded is in test.dat.\(recorder.pid).pages"), "\(recorder.errors)")
      expectGone(recorder)
      removeLeftFolder()
    }

    @Test func anInstanceThatSomebodyHoldsIsSaid() throws {
      // The second error is that of the file, whose name is taken by a directory.
      let hold = "sleep 4 </sys/kernel/tracing/instances/wakepath-$PPID/trace & sleep 0.5; mkdir test.dat"
      let recorder = try RunningRecorder("exec WAKEPATH record -o test.dat -- sh -c '\(hold)'", in: directory.path)
      #expect(recorder.end() == 3)
      #expect(recorder.errors.contains("test.dat cannot be written"), "\(recorder.errors)")
      #expect(recorder.errors.contains("could not be removed (Device or resource busy)"), "\(recorder.errors)")
      let instance = "/sys/kernel/tracing/instances/wakepath-\(recorder.pid)"
      if Files.exists(instance) {
        #expect(try Files.text(of: "\(instance)/tracing_on") == "0\n" && Files.text(of: "\(instance)/events/enable") == "0\n")
      }
      #expect(RunningRecorder.wait { (try? Files.removeDirectory(instance)) != nil || !Files.exists(instance) })
      removeLeftFolder()
    }

    /// In a mount namespace of their own, where tracefs is not mounted before.
    @Test func theLastOfTwoRecordersUnmounts() throws {
      let script = """
        umount /sys/kernel/tracing 2>/dev/null; umount /sys/kernel/debug 2>/dev/null
        WAKEPATH record --quiet -o a.dat --duration 1.5 >/dev/null & sleep 0.7
        WAKEPATH record --quiet -o b.dat --duration 2 >/dev/null & sleep 1.4; grep -c tracefs /proc/mounts; wait; grep -c tracefs /proc/mounts; true
        """
      let path = "\(directory.path)/script"
      try Data(script.replacing("WAKEPATH", with: Repository.wakepath).utf8).write(to: URL(fileURLWithPath: path))
      let result = try Tool.run("unshare", ["-m", "sh", "-c", "cd \(directory.path) && . ./script"])
      #expect(result.lines.prefix(2) == ["1", "0"], "\(result.errors)")
      #expect(try Files.names(in: directory.path) == ["a.dat", "b.dat", "script"], "\(result.errors)")
    }

    @Test(.enabled(if: Perf.obstacle == nil, "\(Perf.obstacle ?? "")")) func perfEndsWithTheRecorder() throws {
      let recorder = try RunningRecorder("exec WAKEPATH record --backend perf -o perf.data --duration 60 -- sleep 60", in: directory.path)
      func perfs() -> [String] {
        ((try? Files.names(in: "/proc")) ?? []).filter { process in
          guard Int(process) != nil, let command = try? Files.text(of: "/proc/\(process)/cmdline") else { return false }
          return command.contains("CLOCK_MONOTONIC") && Files.linkTarget("/proc/\(process)/cwd")?.contains(directory.path) == true
        }
      }
      #expect(RunningRecorder.wait { !perfs().isEmpty })
      usleep(800_000)
      recorder.send(SIGKILL)
      #expect(recorder.end() == 128 + SIGKILL)
      #expect(RunningRecorder.wait { perfs().isEmpty })
      let left = try #require(try Files.names(in: directory.path).first { $0.hasSuffix(".pages") })
      #expect(
        RunningRecorder.wait { (try? Tool.wakepath("report", "\(directory.path)/\(left)/perf.data").status) == 0 }, "perf wrote its file to the end")
      removeLeftFolder()
    }
  }
}
