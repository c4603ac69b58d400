import Foundation
import Support
import Testing

/// Text as people have it: the same simulated recording in several hands, which must tell the same.
@Suite("Texts from other hands") struct TextInputTests {
  private static func input(_ name: String) -> String {
    Repository.root.appendingPathComponent("Tests/WakepathTests/Inputs/\(name).txt").path
  }

  private static let answer = "Received  40 frames as 40 packets: 35 delivered, 5 dropped"

  @Test(
    "tell of all forty packets and of no damage",
    arguments: ["percpu-concat", "foreign-line", "report-R", "perf-stack-spaces", "no-final-newline"])
  func fortyPackets(name: String) throws {
    let result = try Tool.wakepath("report", Self.input(name))
    #expect(result.status == 0 && result.errors.isEmpty)
    #expect(result.lines.contains { $0.hasPrefix(Self.answer) }, "\(result.lines.prefix(4))")
    #expect(result.lines.contains("Seen      40 complete"))
  }

  @Test("may have been through a log, a mail or a browser") func decorations() throws {
    let text = try String(contentsOfFile: Self.input("no-final-newline"), encoding: .utf8)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let forms: [(name: String, text: String)] = [
      ("BOM", "\u{feff}" + text),
      ("atrace", "TRACE:\n" + text),
      ("dump", "Dumping ftrace buffer:\n---------------------------------\n\(text)\n---------------------------------\n"),
      ("fence", "```\n\(text)\n```\n"),
      ("colours", lines.map { $0.hasPrefix("#") ? "\u{1b}[1;32m\($0)\u{1b}[0m" : String($0) }.joined(separator: "\n")),
      ("dmesg", lines.map { "[  123.456789] \($0)" }.joined(separator: "\n") + "\n[  124.000001] usb 1-1: new device\n"),
      ("journal", lines.map { "Nov 30 12:00:00 host kernel: [  123.456789] \($0)" }.joined(separator: "\n"))
    ]
    for form in forms {
      let result = try Tool.wakepath("report", "-", input: Data(form.text.utf8))
      #expect(result.status == 0 && result.errors.isEmpty, "\(form.name): \(result.errors)")
      #expect(result.lines.contains { $0.hasPrefix(Self.answer) }, "\(form.name)")
    }
  }

  @Test("say that ticks are no time") func counter() throws {
    let result = try Tool.wakepath("report", Self.input("clock-counter"))
    #expect(result.status == 0)
    #expect(result.lines.contains { $0.hasPrefix("Clock     its ticks are no time") })
    #expect(!result.lines.contains { $0.contains(" µs") || $0.contains(" ns ") })
    let json = try Tool.wakepath("report", "--json", Self.input("clock-counter"))
    let document = try #require(try JSONSerialization.jsonObject(with: json.output) as? [String: Any])
    #expect((document["trace"] as? [String: Any])?["unit"] as? String == "ticks")
    #expect((document["stages"] as? [Any])?.isEmpty == true)
  }

  @Test("without packets say what they have, what is missing for which answer, and how to record it") func withoutPackets() throws {
    let lines = try Tool.wakepath("report", Self.input("clock-counter")).lines
    #expect(lines.contains("Events    184 sched_switch, 92 sched_waking, 4 softirq_entry, 4 softirq_exit, 4 softirq_raise"))
    #expect(lines.contains { $0.hasSuffix("netif_receive_skb: no packet can be followed") })
    #expect(lines.contains { $0.hasPrefix("Record    wakepath record COMMAND") })
    // A recording with packets has no need to.
    #expect(!(try Tool.wakepath("report", Self.input("foreign-line")).lines.contains { $0.hasPrefix("Missing") }))
  }

  @Test("of an unknown kind are refused before they are kept", .timeLimit(.minutes(1))) func endless() throws {
    let result = try Tool.run("sh", ["-c", "\(Repository.wakepath) report - < /dev/zero"])
    #expect(result.status == 3)
    #expect(result.errors.contains("standard input: at byte 0: is no trace"))
  }
}
