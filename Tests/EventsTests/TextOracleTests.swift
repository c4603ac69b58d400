import Decoding
import Foundation
import Testing

@testable import Events

/// What a machine has for comparing text with the recordings it was made of.
enum Oracle {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  static let traceCmd = ["/usr/bin/trace-cmd", "/usr/local/bin/trace-cmd"].first { FileManager.default.isExecutableFile(atPath: $0) }

  /// Every `trace.dat` of the repository, and those in the folder that WAKEPATH_RECORDINGS names.
  static let recordings: [String] = {
    let folders = [root.appendingPathComponent("Traces").path, ProcessInfo.processInfo.environment["WAKEPATH_RECORDINGS"]].compactMap { $0 }
    return folders.flatMap { folder in
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder))?.sorted() ?? []
      return names.map { "\(folder)/\($0)/trace.dat" }.filter { FileManager.default.fileExists(atPath: $0) }
    }
  }()

  /// The file that `trace-cmd report` with `options` makes of `recording`.
  static func report(_ recording: String, _ options: [String]) throws -> URL {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("wakepath-\(UUID().uuidString).txt")
    _ = FileManager.default.createFile(atPath: url.path, contents: nil)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: traceCmd ?? "/bin/false")
    process.arguments = ["report"] + options + [recording]
    process.standardOutput = try FileHandle(forWritingTo: url)
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return url
  }
}

@Suite(
  "The text of a recording", .enabled(if: Oracle.traceCmd != nil, "trace-cmd is not installed"),
  .enabled(if: !Oracle.recordings.isEmpty, "there are no recordings under Traces"))
struct TextOracleTests {
  /// The events of `path` without what their text does not tell, and their times.
  private func events(_ path: String, named: Bool = true) throws -> (events: [String], times: [UInt64]) {
    var stream = EventStream(try Recording(paths: [path]))
    var events: [String] = []
    var times: [UInt64] = []
    while let event = stream.next() {
      events.append("[\(event.cpu)] \(event.pid) \(stream.text(Self.printed(event), named: named))")
      times.append(event.time)
    }
    #expect(!stream.recording.diagnostics.hasDamage, "\(stream.recording.diagnostics.rows)")
    return (events, times)
  }

  /// `event` without what its text does not tell: of a task only whether it could have gone on (libtraceevent has letters of its own),
  /// and no length of a look (MSG_PEEK).
  private static func printed(_ event: Event) -> Event {
    var event = event
    switch event.body {
    case .schedSwitch(let previous, let state, let next, let comm):
      event.body = .schedSwitch(previous: previous, previousState: state & 0x4ff == 0 ? 0 : 1, next: next, nextComm: comm)
    case .sockRecvLength(let socket, let family, let number, let result, let flags) where flags & 2 != 0 && result > 0:
      event.body = .sockRecvLength(socket: socket, family: family, protocol: number, result: 0, flags: flags)
    default: break
    }
    return event
  }

  @Test("has the same events as the recording", arguments: Oracle.recordings)
  func equality(recording: String) throws {
    let expected = try events(recording)
    #expect(!expected.events.isEmpty)
    // Kernels before 6.3 print the address of a drop's place and not its name.
    let unnamed = try events(recording, named: false).events
    for options in [["-t"], ["-l"], ["-N", "-t", "--ts-diff"]] {
      let text = try Oracle.report(recording, options)
      defer { try? FileManager.default.removeItem(at: text) }
      let found = try events(text.path)
      let times = options.contains("-t") ? expected.times : expected.times.map { ($0 + 500) / 1000 * 1000 }
      #expect(found.times == times, "\(options)")
      let different = zip(zip(expected.events, unnamed), found.events).first { $0.0 != $1 && $0.1 != $1 }
      #expect(different == nil, "\(options)")
    }
  }

  @Test("has the same contexts as the recording, with the letters of the latency format or without", arguments: Oracle.recordings)
  func contexts(recording: String) throws {
    let expected = try contexts(of: recording, all: false)
    let letters = try Oracle.report(recording, ["-l", "-t"])
    let none = try Oracle.report(recording, ["-t"])
    defer { for url in [letters, none] { try? FileManager.default.removeItem(at: url) } }
    #expect(try contexts(of: letters.path, all: true) == contexts(of: recording, all: true))
    #expect(try contexts(of: none.path, all: false) == expected)
  }

  /// Whether each event was written in a hard interrupt, else in a soft one. Timers and calls from other CPUs raise and wake in
  /// interrupts that have no event of their own, so these two are left out unless `all` are wanted.
  private func contexts(of path: String, all: Bool) throws -> [String] {
    var stream = EventStream(try Recording(paths: [path]))
    var contexts: [String] = []
    while let event = stream.next() {
      switch event.body {
      case .softirqRaise, .schedWaking: if !all { continue }
      default: break
      }
      contexts.append(event.flags.contains(.hardirq) ? "hard" : event.flags.contains(.softirq) ? "soft" : "task")
    }
    return contexts
  }
}
