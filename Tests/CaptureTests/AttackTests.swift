import Foundation
import Linux
import Support
import Testing

@testable import Capture

extension KernelTests {
  /// Another user owns the directory that root records into, and does with its names what they may. Each of these was lost once.
  @Suite(.enabled(if: Machine.canRecord && geteuid() == 0, "\(Machine.obstacle ?? "not root")"))
  struct AttackTests {
    private let directory: TemporaryDirectory
    private let victim: TemporaryDirectory
    private var output: String { "\(directory.path)/test.dat" }

    init() throws {
      directory = try TemporaryDirectory()
      victim = try TemporaryDirectory()
      for name in ["cpu0", "head.dat", "until", "precious"] { try Data("kept".utf8).write(to: URL(fileURLWithPath: "\(victim.path)/\(name)")) }
      // Others reach both through the directory above.
      #expect(chmod(victim.path, 0o711) == 0 && chown(directory.path, 65534, 65534) == 0)
    }

    private func expectVictimUnharmed() throws {
      #expect(try Files.names(in: victim.path) == ["cpu0", "head.dat", "precious", "until"])
      for name in try Files.names(in: victim.path) { #expect(try Files.text(of: "\(victim.path)/\(name)") == "kept") }
    }

    private func expectRecording() throws {
      let status = try #require(FileStatus(of: output))
      #expect(Files.linkTarget(output) == nil && status.kind == .regular && status.owner == 0 && status.mode == 0o600)
      #expect(try Tool.wakepath("report", output).status == 0)
    }

    /// Runs Python as the other user, beside the test.
    private func attack(_ script: String) throws -> Process {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      process.arguments = [
        "python3", "-c", "import os, time\nos.setgroups([]); os.setgid(65534); os.setuid(65534)\nd = '\(directory.path)'\n\(script)"
      ]
      try process.run()
      return process
    }

    @Test func theFolderOfPagesBecomesALink() throws {
      let attacker = try attack(
        """
        end = time.time() + 20
        while time.time() < end:
          for n in os.listdir(d):
            if n.endswith('.pages'):
              time.sleep(0.4); os.rename(d + '/' + n, d + '/moved'); os.symlink('\(victim.path)', d + '/' + n); raise SystemExit
          time.sleep(0.01)
        """)
      let recorder = try RunningRecorder("exec WAKEPATH record --quiet -o test.dat --duration 2", in: directory.path)
      #expect(recorder.end() == 0, "\(recorder.errors)")
      attacker.waitUntilExit()
      try expectVictimUnharmed()
      try expectRecording()
      #expect(try Files.names(in: "\(directory.path)/moved") == [])
    }

    @Test(arguments: ["link", "fifo", "file", "directory"]) func namesArePlanted(kind: String) throws {
      let make =
        switch kind {
        case "link": "os.symlink('\(victim.path)/precious', p)"
        case "fifo": "os.mkfifo(p)"
        case "file": "open(p, 'w').close(); os.chmod(p, 0o666)"
        default: "os.mkdir(p)"
        }
      // The recorder is one of the next processes, and so the names it would take are known.
      let attacker = try attack(
        """
        for i in range(os.getpid(), os.getpid() + 400):
          for n in ['test.dat.%d.part', 'test.dat.%d.pages', 'test.dat.%d-2.pages']:
            p = d + '/' + n % i
            \(make)
        """)
      attacker.waitUntilExit()
      #expect(attacker.terminationStatus == 0)
      let planted = try Files.names(in: directory.path)
      let recorder = try RunningRecorder("umask 0; exec timeout 30 WAKEPATH record --quiet -o test.dat --duration 0.5", in: directory.path)
      #expect(recorder.end() == 0, "\(recorder.errors)")
      try expectVictimUnharmed()
      try expectRecording()
      #expect(try Files.names(in: directory.path) == (planted + ["test.dat"]).sorted())
    }

    @Test func whatIsThereIsReplacedAndNotWrittenInto() throws {
      try Data("old".utf8).write(to: URL(fileURLWithPath: output))
      #expect(chmod(output, 0o666) == 0 && link(output, "\(directory.path)/other") == 0)
      let recorder = try RunningRecorder("umask 0; exec WAKEPATH record --quiet -o test.dat --duration 0.2", in: directory.path)
      #expect(recorder.end() == 0, "\(recorder.errors)")
      try expectRecording()
      #expect(try Files.text(of: "\(directory.path)/other") == "old")
    }

    @Test(arguments: ["link", "fifo"]) func whatIsNoFileIsRefused(kind: String) throws {
      if kind == "link" { symlink("\(victim.path)/precious", output) } else { mkfifo(output, 0o666) }
      let recorder = try RunningRecorder("exec timeout 30 WAKEPATH record --quiet -o test.dat --duration 0.2", in: directory.path)
      #expect(recorder.end() == 3)
      #expect(recorder.errors.contains(kind == "link" ? "test.dat is a link, which another may turn elsewhere" : "test.dat is not a plain file"))
      try expectVictimUnharmed()
      #expect(try Files.names(in: directory.path) == ["test.dat"])
    }

    @Test func whatIsMadeIsClosedToOthers() throws {
      let recorder = try RunningRecorder("umask 0; exec WAKEPATH record --quiet -o test.dat --duration 30", in: directory.path)
      try recorder.awaitRecording()
      let folder = "\(directory.path)/test.dat.\(recorder.pid).pages"
      #expect(FileStatus(of: folder)?.mode == 0o700)
      for name in try Files.names(in: folder) { #expect(FileStatus(of: "\(folder)/\(name)")?.mode == 0o600, "\(name)") }
      recorder.send(SIGTERM)
      #expect(recorder.end() == 0)
      try expectRecording()
    }
  }
}
