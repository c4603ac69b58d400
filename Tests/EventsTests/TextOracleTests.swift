import Decoding
import Foundation
import Support
import Testing

@testable import Events

@Suite("The text of a recording", .enabled(if: Tool.isInstalled("trace-cmd"), "trace-cmd is not installed"))
struct TextOracleTests {
  /// Every `trace.dat` of the repository, and those in the folders of the folder that WAKEPATH_RECORDINGS names.
  private static let recordings: [String] = {
    let more = ProcessInfo.processInfo.environment["WAKEPATH_RECORDINGS"].map { URL(fileURLWithPath: $0) }
    let folders = more.flatMap { try? FileManager.default.contentsOfDirectory(at: $0, includingPropertiesForKeys: nil) } ?? []
    return (Repository.traces + folders).map { $0.appendingPathComponent("trace.dat").path }
      .filter { FileManager.default.fileExists(atPath: $0) }
  }()

  /// The file that `trace-cmd report` with `options` makes of `recording`.
  private static func report(_ recording: String, _ options: [String]) throws -> URL {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("wakepath-\(UUID().uuidString).txt")
    try Tool.run("trace-cmd", ["report"] + options + [recording]).output.write(to: url)
    return url
  }

  /// The events of `path` without what their text does not tell, and their times.
  private func events(_ path: String, named: Bool = true) throws -> (events: [String], times: [UInt64]) {
    var stream = EventStream(try Recording(paths: [path]))
    var events: [String] = []
    var times: [UInt64] = []
    while let event = stream.next() {
      if !Self.isInText(event) { continue }
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
    let (change, call, gap) = (event.schedSwitch, event.sockRecvLength, event.gap)
    switch event.kind {
    case .schedSwitch:
      event.body = .schedSwitch(
        previous: change.previous, previousState: change.previousState & 0x4ff == 0 ? 0 : 1, next: change.next, nextComm: change.nextComm)
    case .sockRecvLength where call.flags & 2 != 0 && call.result > 0:
      event.body = .sockRecvLength(socket: call.socket, family: call.family, protocol: call.protocolNumber, result: 0, flags: call.flags)
    case .gap: event.body = .gap(before: (gap.before + 500) / 1000 * 1000, events: gap.events)
    default: break
    }
    return event
  }

  /// Bytes of packets and addresses of DMA are read from binary recordings only.
  private static func isInText(_ event: Event) -> Bool {
    switch event.kind {
    case .flow, .flowSent, .dmaMap, .dmaUnmap, .dmaSyncForCPU: false
    default: true
    }
  }

  @Test("has the same events as the recording", arguments: recordings)
  func equality(recording: String) throws {
    let expected = try events(recording)
    #expect(!expected.events.isEmpty)
    // Kernels before 6.3 print the address of a drop's place and not its name.
    let unnamed = try events(recording, named: false).events
    for options in [["-t"], ["-l"], ["-N", "-t", "--ts-diff"]] {
      let text = try Self.report(recording, options)
      defer { try? FileManager.default.removeItem(at: text) }
      let found = try events(text.path)
      let times = options.contains("-t") ? expected.times : expected.times.map { ($0 + 500) / 1000 * 1000 }
      #expect(found.times == times, "\(options)")
      let different = zip(zip(expected.events, unnamed), found.events).first { $0.0 != $1 && $0.1 != $1 }
      #expect(different == nil, "\(options)")
    }
  }

  @Test("has the same contexts as the recording, with the letters of the latency format or without", arguments: recordings)
  func contexts(recording: String) throws {
    let expected = try contexts(of: recording, all: false)
    let letters = try Self.report(recording, ["-l", "-t"])
    let none = try Self.report(recording, ["-t"])
    defer { for url in [letters, none] { try? FileManager.default.removeItem(at: url) } }
    #expect(try contexts(of: letters.path, all: true) == contexts(of: recording, all: true))
    // PREEMPT_RT runs other tasks inside of soft interrupts, which text without letters does not tell.
    if !recording.contains("-rt-") { #expect(try contexts(of: none.path, all: false) == expected) }
  }

  /// Whether each event was written in a hard interrupt, else in a soft one. Timers and calls from other CPUs raise and wake in
  /// interrupts that have no event of their own, so these two are left out unless `all` are wanted; so are those behind a loss, until
  /// an event says where the CPU is.
  private func contexts(of path: String, all: Bool) throws -> [String] {
    var stream = EventStream(try Recording(paths: [path]))
    var contexts: [String] = []
    var lost: Set<Int32> = []
    while let event = stream.next() {
      if !Self.isInText(event) { continue }
      switch event.kind {
      case .softirqRaise, .schedWaking: if !all { continue }
      case .gap: lost.insert(event.cpu)
      case .schedSwitch, .softirqEntry: lost.remove(event.cpu)
      default: break
      }
      if !all, lost.contains(event.cpu) { continue }
      contexts.append(event.flags.contains(.hardirq) ? "hard" : event.flags.contains(.softirq) ? "soft" : "task")
    }
    return contexts
  }
}
