import Foundation
import Support
import Testing

/// The command line as people type it: options anywhere, near misses, selections that find nothing, names that are no text.
@Suite struct FrontDoorTests {
  private static let trace = Repository.root.appendingPathComponent("Traces/6.12-virtio-udp/trace.dat").path
  private static let named = Repository.root.appendingPathComponent("Tests/WakepathTests/Inputs/escape-in-name.txt").path

  @Test(arguments: [["--json"], ["--jobs", "1", "--json"], ["--jobs=2", "--color", "never", "--json"], ["--quiet", "--json"]])
  func optionsMayStandBeforeTheSubcommand(options: [String]) throws {
    let before = try Tool.run(Repository.wakepath, options + ["report", Self.trace])
    let behind = try Tool.run(Repository.wakepath, ["report"] + options + [Self.trace])
    #expect(before.status == 0 && before.output == behind.output && before.output.first == UInt8(ascii: "{"))
  }

  @Test func aCommandThatIsNoneIsNamed() throws {
    let near = try Tool.wakepath("reprot", Self.trace)
    #expect(near.status == 2)
    #expect(near.errors.contains("There is no command 'reprot'; did you mean 'report'?"))
    let far = try Tool.wakepath("--json", "frobnicate")
    #expect(far.status == 2)
    #expect(far.errors.contains("There is no command 'frobnicate'."))
  }

  @Test func theVersionIsThatOfTheChangelog() throws {
    let printed = String(decoding: try Tool.wakepath("--version").output, as: UTF8.self)
    #expect(printed.contains(#/^[0-9]+\.[0-9]+\.[0-9]+\n$/#))
    let changes = try String(contentsOf: Repository.root.appendingPathComponent("CHANGELOG.md"), encoding: .utf8)
    let newest = try #require(changes.firstMatch(of: #/\n## ([0-9]+\.[0-9]+\.[0-9]+)/#))
    #expect(printed == "\(newest.1)\n")
  }

  @Test func aSelectionOfNothingSaysSo() throws {
    let report = try Tool.wakepath("report", "--device", "nosuch", Self.trace)
    let text = String(decoding: report.output, as: UTF8.self)
    #expect(report.status == 0)
    let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("none of ") })
    #expect(line.contains(#/^none of [0-9,]+ packets matches --device nosuch; the recording has .*eth1/#))
    #expect(!text.contains("No received packet"))
    for words in [["packets"], ["packets", "--json"], ["packets", "--slowest", "3"], ["report", "--json"]] {
      let result = try Tool.run(Repository.wakepath, words + ["--device", "nosuch", Self.trace])
      #expect(result.status == 0 && result.errors == "wakepath: \(line)\n", "\(words)")
    }
    #expect(try Tool.wakepath("packets", "--quiet", "--device", "nosuch", Self.trace).errors.isEmpty)
    let two = try Tool.wakepath("packets", "--direction", "rx", "--port", "7", "--slower-than", "1m", Self.trace)
    #expect(two.errors.hasSuffix("packets matches --direction rx --port 7 --slower-than 1m\n"))
  }

  @Test func aSelectionOfSentPacketsIsNotCalledEmpty() throws {
    let text = String(decoding: try Tool.wakepath("report", "--direction", "tx", Self.trace).output, as: UTF8.self)
    #expect(text.contains("\nSent      "))
    #expect(!text.contains("No received packet"))
  }

  @Test func aCommandToRecordNeedsNoDashes() throws {
    let words = ["record", "--buffer", "nonsense", "sleep", "1"]
    let result = try Tool.run(Repository.wakepath, words)
    #expect(result.status == 2 && result.errors.contains("--buffer takes a size"))
    let unknown = try Tool.wakepath("record", "--bufer", "8M")
    #expect(unknown.status == 2 && unknown.errors.contains("Unknown option '--bufer'"))
    for words in [["record", "--help"], ["record", "-h"], ["help", "record"], ["record", "--buffer", "8M", "--help"]] {
      let help = try Tool.run(Repository.wakepath, words)
      #expect(help.status == 0 && help.lines.contains { $0.hasPrefix("USAGE: wakepath record") }, "\(words)")
    }
  }

  // MARK: names that would steer a terminal

  /// A task called ESC[31mred ESC[0m reads packets there.
  @Test(arguments: [["report"], ["report", "--color", "always"], ["packets"], ["packets", "--slowest", "3"], ["show", "--packet", "2"], ["verify"]])
  func aTasksNameDoesNotReachTheTerminal(words: [String]) throws {
    let result = try Tool.run(Repository.wakepath, words + [Self.named])
    let text = String(decoding: result.output, as: UTF8.self)
    #expect(!text.contains("\u{1b}[31m"))
    #expect(words.contains("verify") || text.contains("\\x1b[31mred\\x1b[0m"), "\(text)")
    if !words.contains("always") { #expect(!text.contains("\u{1b}")) }
  }

  @Test func aTasksNameIsWholeInJSON() throws {
    let result = try Tool.wakepath("packets", "--json", "--outcome", "delivered", Self.named)
    let line = try #require(result.lines.first { $0.contains("reader\":{") })
    #expect(line.contains(#""comm":"\u001b[31mred\u001b[0m""#))
    let packet = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
    #expect((packet?["reader"] as? [String: Any])?["comm"] as? String == "\u{1b}[31mred\u{1b}[0m")
  }

  @Test(arguments: ["\u{1b}]0;mine\u{7}", "two\nwakepath: lines", "\u{202e}tad.ecart", "\u{9b}31m"]) func aFilesNameDoesNotReachTheTerminal(
    name: String
  ) throws {
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent(name)
    try Data(contentsOf: URL(fileURLWithPath: Self.trace)).write(to: file)
    for words in [["report"], ["verify"], ["show", "--packet", "999999"], ["report", "--device", name], ["packets", "--device", name]] {
      let result = try Tool.run(Repository.wakepath, words + [file.path])
      #expect(result.status == (words[0] == "show" ? 3 : 0))
      for text in [String(decoding: result.output, as: UTF8.self), result.errors] { Self.expectHarmless(text) }
    }
    for words in [["report", file.path + "x"], ["report", "--\(name)", file.path], [name], ["packets", "--color", name, file.path]] {
      let result = try Tool.run(Repository.wakepath, words)
      #expect(result.status == 2 || result.status == 3)
      #expect(!result.errors.split(separator: "\n").contains("wakepath: lines"))
      Self.expectHarmless(result.errors)
    }
  }

  private static func expectHarmless(_ text: String) {
    let bad = text.unicodeScalars.first {
      ($0.value < 0x20 && $0 != "\n") || (0x7f..<0xa0).contains($0.value) || (0x202a...0x202e).contains($0.value)
    }
    #expect(bad == nil, "\(String(bad?.value ?? 0, radix: 16)) in \(text)")
  }

  /// Foundation cannot name such a file; a shell can.
  @Test func aFileWhoseNameIsNoTextIsRead() throws {
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    let script = "name=$(printf 'a\\233b.dat'); cp '\(Self.trace)' \"$name\"; '\(Repository.wakepath)' report \"$1\" \"$name\""
    let text = try Tool.run("sh", ["-c", script, "sh", "--quiet"], in: folder)
    #expect(text.status == 0, "\(text.errors)")
    #expect(text.lines.first?.hasPrefix("a\\x9bb.dat ") == true)
    let json = try Tool.run("sh", ["-c", script, "sh", "--json"], in: folder)
    #expect(json.lines.first?.hasPrefix(#"{"trace":{"files":["a\\x9bb.dat"],"#) == true)
  }
}
