import Bytes
import Foundation
import Linux
import Support
import Testing

@testable import Capture

@Suite struct LineSignatureTests {
  private func end(of text: String) -> LineSignature? { LineSignature(endOf: ByteBuffer(Array(text.utf8)).bytes) }

  @Test func isReadBackFromHeadAndLine() throws {
    let signature = LineSignature()
    #expect(LineSignature(head: signature.head) == signature)
    #expect(end(of: "wakepath: a window ends\(signature.end)") == signature)
    #expect(LineSignature(head: "wakepath signs lines with 000000000000000a")?.end == " #000000000000000a")
    #expect(LineSignature() != signature)
  }

  @Test(arguments: ["", "wakepath: a window ends", "x #00000000000000g0", "x 0000000000000000", " #000000000000000"])
  func isNotSeenWhereThereIsNone(text: String) { #expect(end(of: text) == nil) }

  @Test(arguments: ["wakepath", "", "wakepath signs lines with ", "wakepath signs lines with x"])
  func headsWithoutOneNameNone(text: String) { #expect(LineSignature(head: text) == nil) }
}

extension KernelTests {
  /// Who may write into a recording's instance cannot speak for the recorder.
  @Suite(.enabled(if: Machine.canRecord && geteuid() == 0, "\(Machine.obstacle ?? "not root")"))
  struct MarkTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func report(_ path: String) throws -> [String: Any] {
      let result = try Tool.wakepath("report", "--json", path)
      #expect(result.status == 0, "\(result.errors)")
      return try #require(try JSONSerialization.jsonObject(with: result.output) as? [String: Any])
    }

    /// Before there were signatures, everything behind this line counted as a pause.
    @Test(arguments: ["wakepath: a window ends", "wakepath: a window ends #0123456789abcdef", "wakepath: of the tasks those called x are recorded"])
    func aForgedLineIsData(line: String) throws {
      let forge = "echo \"\(line)\" >/sys/kernel/tracing/instances/wakepath-$PPID/trace_marker"
      let script = "\(Programs.datagrams(60)); \(forge); \(Programs.datagrams(100))"
      try Data(script.utf8).write(to: URL(fileURLWithPath: "\(directory.path)/script"))
      let recorder = try RunningRecorder("exec WAKEPATH record --quiet -o test.dat --device lo -- sh script", in: directory.path)
      #expect(recorder.end() == 0, "\(recorder.errors)")
      let path = "\(directory.path)/test.dat"
      let report = try report(path)
      #expect(try #require((report["completeness"] as? [String: Int])?["complete"]) >= 160)
      #expect(report["schedulingOf"] == nil || (report["schedulingOf"] as? [String]) == [])
      let events = try Tool.wakepath("events", "--event", "print", path).lines
      #expect(events.contains { $0.contains(line) })
    }

    /// The recorder's own lines are understood, from its file and from trace-cmd's text of it.
    @Test(.enabled(if: Machine.hasTraceCmd, "trace-cmd is not installed")) func linesOfOursAreUnderstood() throws {
      let recorder = try RunningRecorder(
        "exec WAKEPATH record --quiet -o test.dat --burst 100ms/100ms --task python3 -- \(Programs.datagrams(3000))", in: directory.path)
      #expect(recorder.end() == 0, "\(recorder.errors)")
      let path = "\(directory.path)/test.dat"
      let text = "\(directory.path)/text"
      try (try Tool.run("trace-cmd", ["report", path])).output.write(to: URL(fileURLWithPath: text))
      for file in [path, text] {
        let report = try report(file)
        #expect(report["schedulingOf"] as? [String] == ["python3"], "\(file)")
        let windows = try #require((report["trace"] as? [String: Any])?["windows"] as? [Any])
        #expect(windows.count >= 1)
      }
    }
  }
}
