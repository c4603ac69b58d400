import Foundation
import Support
import Testing

/// What `report`, `packets`, `show` and `verify` print of eight recordings, word for word. A change that is meant is recorded anew with
/// `WAKEPATH_RECORD=1 swift test --filter GoldenTests`, and read in the commit's diff.
@Suite struct GoldenTests {
  static let isRecording = ProcessInfo.processInfo.environment["WAKEPATH_RECORD"] == "1"
  static let folder = Repository.root.appendingPathComponent("Tests/WakepathTests/Golden")

  static let recordings = [
    "6.1-virtio-udp", "6.1-virtio-tcp-flow", "6.12-virtio-tcp", "6.12-virtio-wire-flows", "6.12-virtio-forward-udp", "6.12-e1000e-udp-dma",
    "6.12-virtio-threaded-udp", "6.12-rt-virtio-loopback-tcp"
  ]

  /// The commands, by the name of their text; each is given the recording.
  static let commands: [(name: String, words: [String])] = [
    ("report", ["report"]), ("packets", ["packets"]), ("show", ["show", "--packet", "20"]), ("verify", ["verify"])
  ]

  /// `packets` prints as many lines as there are packets; the first say enough.
  private static let kept = 40

  @Test(arguments: recordings, commands.indices) func printsWhatItPrinted(recording: String, index: Int) throws {
    let command = Self.commands[index]
    let words = command.words + ["Traces/\(recording)/trace.dat"]
    let result = try Tool.run(Repository.wakepath, words, in: Repository.root)
    let lines = result.lines.prefix(command.name == "packets" ? Self.kept : .max).map(String.init)
    let printed = ["$ wakepath \(words.joined(separator: " "))", "exit status \(result.status)"] + lines
    let file = Self.folder.appendingPathComponent("\(recording).\(command.name).txt")
    if Self.isRecording {
      try Data(printed.joined(separator: "\n").utf8).write(to: file)
      Issue.record("recorded \(file.lastPathComponent) anew; look at it, and run again without WAKEPATH_RECORD")
      return
    }
    let golden = try String(contentsOf: file, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if printed != golden { Issue.record("\(file.lastPathComponent) differs (- golden, + now):\n\(Self.difference(golden, printed))") }
  }

  /// The lines that differ, with - and + before them, and where.
  static func difference(_ old: [String], _ new: [String]) -> String {
    var changes: [(line: Int, text: String)] = []
    for change in new.difference(from: old) {
      switch change {
      case .remove(let offset, let element, _): changes.append((offset + 1, "-\(offset + 1): \(element)"))
      case .insert(let offset, let element, _): changes.append((offset + 1, "+\(offset + 1): \(element)"))
      }
    }
    changes.sort { $0.line < $1.line }
    return changes.prefix(60).map(\.text).joined(separator: "\n") + (changes.count > 60 ? "\n… and \(changes.count - 60) lines more" : "")
  }

  @Test func aDifferenceSaysWhichLines() {
    #expect(Self.difference(["a", "b", "c"], ["a", "x", "c", "d"]) == "-2: b\n+2: x\n+4: d")
  }
}
