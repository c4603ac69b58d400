import Foundation
import Linux
import Support
import Testing

@testable import Capture

/// `wakepath record` as a user runs it, beside the test.
final class RunningRecorder {
  let pid: Int32
  private let process = Process()
  private let folder: URL
  private let directory: String

  /// Starts `words` in a shell, which must become the recorder (`exec`), in the directory `folder`.
  init(_ words: String, in directory: String) throws {
    self.directory = directory
    folder = try Repository.temporaryDirectory()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", words.replacing("WAKEPATH", with: Repository.wakepath)]
    // A runtime that explains crashes keeps the signal to itself.
    process.environment = ProcessInfo.processInfo.environment.merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 }
    process.currentDirectoryURL = URL(fileURLWithPath: directory)
    for name in ["out", "err"] { try Data().write(to: folder.appendingPathComponent(name)) }
    process.standardOutput = try FileHandle(forWritingTo: folder.appendingPathComponent("out"))
    process.standardError = try FileHandle(forWritingTo: folder.appendingPathComponent("err"))
    process.standardInput = FileHandle.nullDevice
    try process.run()
    pid = process.processIdentifier
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// The tracing instances of this recorder.
  var instances: [String] {
    ((try? Files.names(in: "/sys/kernel/tracing/instances")) ?? []).filter { $0 == "wakepath-\(pid)" || $0.hasPrefix("wakepath-\(pid)-") }
  }

  /// Whether a probe of this recorder is there.
  var hasProbes: Bool { ((try? Files.text(of: "/sys/kernel/tracing/dynamic_events")) ?? "").contains("wakepath_\(pid)/") }

  /// Waits until it records.
  func awaitRecording() throws {
    // A new instance is turned on before it is set up; the folder of pages comes behind that.
    let hasFolder = { [directory, pid] in ((try? Files.names(in: directory)) ?? []).contains { $0.hasSuffix(".\(pid).pages") } }
    let isOn = { [pid] in (try? Files.text(of: "/sys/kernel/tracing/instances/wakepath-\(pid)/tracing_on")) == "1\n" }
    try #require(Self.wait { hasFolder() && isOn() }, "\(errors)")
  }

  /// Waits for its end; the status as a shell has it.
  func end() -> Int32 {
    process.waitUntilExit()
    return process.terminationReason == .uncaughtSignal ? 128 + process.terminationStatus : process.terminationStatus
  }

  func send(_ signal: Int32) { kill(pid, signal) }

  var errors: String { (try? String(contentsOf: folder.appendingPathComponent("err"), encoding: .utf8)) ?? "" }

  /// Whether `condition` comes true within ten seconds.
  static func wait(for condition: () -> Bool) -> Bool {
    for _ in 0..<500 {
      if condition() { return true }
      usleep(20_000)
    }
    return false
  }
}

/// Programs that tests record.
enum Programs {
  /// Sends and receives `count` datagrams over loopback, then makes the file `done` if it is named.
  static func datagrams(_ count: Int, done: String = "") -> String {
    "python3 -c 'import socket; a = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); a.bind((\"127.0.0.1\", 0));"
      + " [(a.sendto(b\"x\" * 100, a.getsockname()), a.recv(200)) for i in range(\(count))]\(done.isEmpty ? "" : "; open(\"\(done)\", \"w\")")'"
  }
}
