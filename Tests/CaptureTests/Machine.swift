import Foundation
import Linux
import Testing

@testable import Capture

/// What the machine that runs the tests allows.
enum Machine {
  /// Whether events can be recorded here, and if not, why.
  static let obstacle: String? = {
    do throws(CaptureError) {
      let tracing = try TraceDirectory.forRecording()
      defer { tracing.close() }
      let instance = try RecordingInstance(tracing)
      return instance.remove()
    } catch {
      return error.description
    }
  }()

  static var canRecord: Bool { obstacle == nil }
  static var hasTraceCmd: Bool { (try? output(of: "trace-cmd report --help >/dev/null 2>&1; command -v trace-cmd")) != nil }

  /// The names of all tracing instances but those of other processes that are recording now.
  static func instances() -> [String] {
    let names = (try? Files.names(in: "/sys/kernel/tracing/instances")) ?? []
    return names.filter { name in
      let pid = name.hasPrefix("wakepath-") ? Int32(name.dropFirst(9).prefix { $0 != "-" }) : nil
      return pid.map { $0 == ThisProcess.id || !Files.exists("/proc/\($0)") } ?? true
    }
  }

  /// The tracing instances that were not there before. One that a killed recorder has left goes with the next recording, whoever makes it.
  static func instances(since before: [String]) -> [String] { instances().filter { !before.contains($0) } }

  struct Failed: Error { var status: RecordingSummary.CommandStatus, text: String }

  /// What the shell command `script` prints.
  static func output(of script: String) throws -> String {
    let directory = try TemporaryDirectory()
    let inbox = try Inbox()
    let workload = try Workload(["sh", "-c", "( \(script) ) >\(directory.path)/out 2>\(directory.path)/err"], inbox: inbox)
    #expect(inbox.next(until: .now + .seconds(60)) == .commandEnded)
    let out = String(decoding: try Files.contents(of: "\(directory.path)/out"), as: UTF8.self)
    let errors = String(decoding: try Files.contents(of: "\(directory.path)/err"), as: UTF8.self)
    guard workload.status == .exited(0) else { throw Failed(status: workload.status, text: errors) }
    return out
  }
}

/// A directory that goes away with the last use of it.
final class TemporaryDirectory {
  let path: String

  init() throws {
    path = "\(FileManager.default.temporaryDirectory.path)/wakepath-tests-\(ThisProcess.id)-\(UInt32.random(in: 0 ... .max))"
    try Files.makeDirectory(path)
  }

  deinit {
    for name in (try? Files.names(in: path)) ?? [] { Files.remove("\(path)/\(name)") }
    try? Files.removeDirectory(path)
  }
}
