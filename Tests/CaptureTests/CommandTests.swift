import Foundation
import Linux
import Support
import Testing

@testable import Capture

extension KernelTests {
  /// The command that is recorded: whose it is, what it gets, and how its end is passed on.
  @Suite(.enabled(if: Machine.canRecord && geteuid() == 0, "\(Machine.obstacle ?? "not root")"))
  struct CommandTests {
    private let directory: TemporaryDirectory

    init() throws {
      directory = try TemporaryDirectory()
      #expect(chmod(directory.path, 0o711) == 0)
    }

    private static let asked = "echo uid $(id -u) gid $(id -g) groups $(id -G) home $HOME user $USER sudo $SUDO_UID >&2"
    private static let sudo = "env SUDO_UID=65534 SUDO_GID=65534 SUDO_USER=nobody HOME=/root USER=root"

    @Test(arguments: ["tracefs", "perf"]) func itIsRunAsWhoCalledSudo(backend: String) throws {
      guard backend == "tracefs" || Perf.obstacle == nil else { return }
      let recorder = try RunningRecorder(
        "exec \(Self.sudo) WAKEPATH record --backend \(backend) -o test.dat -- sh -c '\(Self.asked)'", in: directory.path)
      #expect(recorder.end() == 0, "\(recorder.errors)")
      #expect(recorder.errors.contains("uid 65534 gid 65534 groups 65534 home /nonexistent user nobody sudo\n"), "\(recorder.errors)")
    }

    @Test func itIsRunAsRootIfAskedFor() throws {
      let recorder = try RunningRecorder("exec \(Self.sudo) WAKEPATH record --as-root -o test.dat -- sh -c '\(Self.asked)'", in: directory.path)
      #expect(recorder.end() == 0)
      #expect(recorder.errors.contains("uid 0 gid 0 ") && recorder.errors.contains(" home /root user root sudo 65534\n"), "\(recorder.errors)")
    }

    @Test(
      arguments: [
        ("tracefs", "sh -c 'exit 7'", 7), ("tracefs", "sh -c 'kill -9 $$'", 137), ("tracefs", "/nonexistent/command", 127),
        ("tracefs", "nonexistent-command", 127), ("tracefs", "/etc/passwd", 126), ("tracefs", "/etc", 126), ("tracefs", "true", 0),
        ("perf", "sh -c 'exit 7'", 7), ("perf", "nonexistent-command", 127)
      ] as [(String, String, Int32)])
    func itsEndIsPassedOn(backend: String, command: String, status: Int32) throws {
      guard backend == "tracefs" || Perf.obstacle == nil else { return }
      let recorder = try RunningRecorder("exec WAKEPATH record --backend \(backend) --quiet -o test.dat -- \(command)", in: directory.path)
      #expect(recorder.end() == status, "\(recorder.errors)")
      #expect(recorder.instances == [])
    }

    /// It has the three files that it should have, and whatever the test runner leaves open.
    @Test func noDescriptorOfOursIsInherited() throws {
      let list = "for f in /proc/self/fd/*; do readlink $f; done >&2; true"
      let recorder = try RunningRecorder("exec WAKEPATH record --quiet -o test.dat -- sh -c '\(list)'", in: directory.path)
      #expect(recorder.end() == 0)
      for word in ["tracing", ".pages", "pipe:"] { #expect(!recorder.errors.contains(word), "\(recorder.errors)") }
    }

    @Test func anUnknownDeviceIsRefusedAndAnUnknownTaskIsSaid() throws {
      let device = try RunningRecorder("exec WAKEPATH record -o test.dat --device nosuch -- true", in: directory.path)
      #expect(device.end() == 3)
      #expect(device.errors.hasPrefix("wakepath: there is no network device \"nosuch\" here: --device takes one of "))
      #expect(device.errors.contains("lo"))
      #expect(try Files.names(in: directory.path) == [])
      let task = try RunningRecorder("exec WAKEPATH record -o test.dat --task nosuch -- true", in: directory.path)
      #expect(task.end() == 0)
      #expect(task.errors.contains("no task is called \"nosuch\" now"))
    }

    /// A device that only another network namespace has is one.
    @Test func aDeviceOfAnotherNamespaceIsKnown() throws {
      #expect(RecordingOptions.problem(ofDevices: ["wpx0"]) != nil)
      let other = try RunningRecorder("exec unshare -n sh -c 'ip link add wpx0 type veth peer name wpx1; exec sleep 20'", in: directory.path)
      #expect(RunningRecorder.wait { RecordingOptions.problem(ofDevices: ["wpx0"]) == nil }, "\(other.errors)")
      other.send(SIGKILL)
      _ = other.end()
    }
  }

  /// As root, nothing is loaded or run from where a user can put something.
  @Suite(.enabled(if: Machine.canRecord && geteuid() == 0, "\(Machine.obstacle ?? "not root")"))
  struct EnvironmentTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// libtraceevent runs `tep_plugin_loader` of what lies there.
    @Test(.enabled(if: Tool.isInstalled("clang"), "clang is not installed"), arguments: ["TRACEEVENT_PLUGIN_DIR", "HOME"])
    func noPluginOfAUserIsLoaded(variable: String) throws {
      let folder = variable == "HOME" ? "\(directory.path)/.local/lib/traceevent/plugins" : directory.path
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let source = "#include <fcntl.h>\nint tep_plugin_loader(void *t) { open(\"\(directory.path)/loaded\", O_CREAT, 0600); return 0; }\n"
      try Data(source.utf8).write(to: URL(fileURLWithPath: "\(folder)/plugin_x.c"))
      let built = try Tool.run("clang", ["-shared", "-fPIC", "-o", "\(folder)/plugin_x.so", "\(folder)/plugin_x.c"])
      try #require(built.status == 0, "\(built.errors)")
      let recorder = try RunningRecorder("exec env \(variable)=\(directory.path) WAKEPATH record --quiet -o test.dat -- true", in: directory.path)
      #expect(recorder.end() == 0, "\(recorder.errors)")
      #expect(!Files.exists("\(directory.path)/loaded"))
      try? FileManager.default.removeItem(atPath: "\(directory.path)/.local")
    }

    @Test(.enabled(if: Perf.obstacle == nil, "\(Perf.obstacle ?? "")")) func perfIsThatOfTheSystem() throws {
      try Data("#!/bin/sh\ntouch \(directory.path)/run\n".utf8).write(to: URL(fileURLWithPath: "\(directory.path)/perf"))
      #expect(chmod("\(directory.path)/perf", 0o755) == 0)
      let recorder = try RunningRecorder(
        "exec env PATH=\(directory.path):$PATH WAKEPATH record --backend perf --quiet -o perf.data -- true", in: directory.path)
      #expect(recorder.end() == 0, "\(recorder.errors)")
      #expect(!Files.exists("\(directory.path)/run"))
    }

    @Test func aTemporaryDirectoryThatOthersOwnIsNotTaken() async throws {
      await #expect(processExitsWith: .success) {
        let directory = try TemporaryDirectory()
        setenv("TMPDIR", directory.path, 1)
        #expect(ThisProcess.temporaryDirectory() == directory.path)
        #expect(chmod(directory.path, 0o777) == 0)
        #expect(ThisProcess.temporaryDirectory() == "/tmp")
        #expect(chmod(directory.path, 0o1777) == 0)
        #expect(ThisProcess.temporaryDirectory() == directory.path)
        #expect(chown(directory.path, 65534, 65534) == 0)
        #expect(ThisProcess.temporaryDirectory(otherwise: "/var/tmp") == "/var/tmp")
        setenv("TMPDIR", "here", 1)
        #expect(ThisProcess.temporaryDirectory() == "/tmp")
      }
    }
  }
}
