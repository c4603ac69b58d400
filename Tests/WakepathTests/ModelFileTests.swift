import Foundation
import Support
import Testing

/// `wakepath verify --model` and `--expect`: a user's own model, and what a user expects besides.
@Suite struct ModelFileTests {
  private static let tcp = Repository.root.appendingPathComponent("Traces/6.12-virtio-tcp/trace.dat").path

  /// Runs `body` with the path of a file that holds `text`.
  private func withFile<T>(_ text: String, _ body: (String) throws -> T) throws -> T {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("model-\(UUID().uuidString).yaml")
    try Data(text.utf8).write(to: path)
    defer { try? FileManager.default.removeItem(at: path) }
    return try body(path.path)
  }

  private func model() throws -> String { String(decoding: try Tool.wakepath("model", "--format", "yaml").output, as: UTF8.self) }

  /// What came of the expectations in `text`, held against a recording.
  private func expect(_ text: String, _ recording: String = tcp) throws -> (status: Int, results: [[String: Any]]) {
    try withFile("expectations:\n" + text) { path in
      let result = try Tool.wakepath("verify", "--json", "--expect", path, recording)
      let document = try JSONSerialization.jsonObject(with: result.output) as? [String: Any]
      return (Int(result.status), try #require(document?["expectations"] as? [[String: Any]], "\(result.errors)"))
    }
  }

  // MARK: --model

  @Test func yamlPrintsTheFileByteForByte() throws {
    let kept = try Data(contentsOf: Repository.root.appendingPathComponent("Sources/Model/linux.yaml"))
    #expect(try Tool.wakepath("model", "--format", "yaml").output == kept)
  }

  @Test func thePrintedModelIsTheModel() throws {
    try withFile(model()) { path in
      let own = try Tool.wakepath("verify", "--model", path, Self.tcp)
      let reference = try Tool.wakepath("verify", Self.tcp)
      #expect(own.status == 0 && own.output == reference.output, "\(own.errors)")
    }
  }

  /// A number changed in the file changes the verdict: frames that lose 32 bytes of headers and more no longer add up.
  @Test func aChangedNumberChangesTheVerdict() throws {
    let strict = try model().replacing("least merged headers: 20", with: "least merged headers: 200")
    try withFile(strict) { path in
      let result = try Tool.wakepath("verify", "--json", "--model", path, Self.tcp)
      let document = try #require(try JSONSerialization.jsonObject(with: result.output) as? [String: Any], "\(result.errors)")
      let deviations = try #require(document["deviations"] as? [[String: Any]])
      #expect(result.status == 1)
      #expect(Set(deviations.compactMap { $0["rule"] as? String }) == ["R2"])
    }
  }

  /// A step taken out of the file: journeys that take it are unexplained.
  @Test func aStepThatIsNotInTheFileIsUnexplained() throws {
    let model = try model()
    let begin = try #require(model.range(of: "  - from: running\n    to: read\n"))
    let rest = model[begin.upperBound...]
    let end = try #require(rest.range(of: "  - from:"))
    try withFile(String(model[..<begin.lowerBound] + rest[end.lowerBound...])) { path in
      let text = String(decoding: try Tool.wakepath("verify", "--model", path, Self.tcp).output, as: UTF8.self)
      #expect(text.contains("read followed running, a step the model does not have"))
    }
  }

  @Test func aWrongModelIsStatusThreeWithItsLine() throws {
    try withFile(model().replacing("    code: poll-work\n", with: "")) { path in
      let result = try Tool.wakepath("verify", "--model", path, Self.tcp)
      #expect(result.status == 3)
      #expect(result.output.isEmpty)
      #expect(result.errors.contains(#/model-.*\.yaml:[0-9]+: rule R1 has no code/#), "\(result.errors)")
    }
    #expect(try Tool.wakepath("verify", "--model", "/nonexistent.yaml", Self.tcp).status == 3)
    #expect(try Tool.wakepath("verify", "--live", "--model", "/nonexistent.yaml").status == 2)
  }

  // MARK: --expect

  @Test func whatHoldsIsMet() throws {
    let (status, results) = try expect(
      """
        - expectation: raise to softirq
          packets: {direction: rx}
          from: raise
          to: softirq
          share: 50 %
          under: 1 s
        - expectation: nothing is sent to nobody
          packets: {direction: rx, port: 7002}
          never: {outcome: dropped, reason: NO_SOCKET}
        - expectation: everything arrives
          packets: {direction: rx, protocol: tcp}
          delivered: 99 %
      """)
    #expect(status == 0)
    #expect(results.map { $0["verdict"] as? String } == ["met", "met", "met"], "\(results)")
    #expect(results.allSatisfy { ($0["packets"] as? [Int])?.isEmpty == true && $0["judged"] as? Int ?? 0 > 100 })
  }

  /// The packets that broke an expectation are named, the slowest first, and each really is that slow.
  @Test func whatDoesNotHoldIsBrokenWithItsPackets() throws {
    let (status, results) = try expect(
      """
        - expectation: read at once
          packets: {direction: rx}
          total: true
          share: 99 %
          under: 1 µs
        - expectation: never wakes
          never: {stage: waking}
      """)
    #expect(status == 1)
    #expect(results.map { $0["verdict"] as? String } == ["broken", "broken"], "\(results)")
    let slow = try #require(results[0]["packets"] as? [Int])
    #expect(slow.count == 8)
    #expect(results[0]["failing"] as? Int ?? 0 > 8)
    let listed = try Tool.wakepath("packets", "--json", "--slower-than", "1us", Self.tcp).lines.filter { $0.contains("\"id\":\(slow[0]),") }
    #expect(listed.count == 1)
  }

  @Test func brokenExpectationsAreInTheText() throws {
    try withFile("expectations:\n  - expectation: never wakes\n    never: {stage: waking}\n") { path in
      let result = try Tool.wakepath("verify", "--expect", path, Self.tcp)
      let text = String(decoding: result.output, as: UTF8.self)
      #expect(result.status == 1)
      for part in ["broken     never wakes: none of the packets comes to waking", "packets ", "expectations broken: never wakes"] {
        #expect(text.contains(part), "\(part) in \(text.suffix(600))")
      }
    }
  }

  /// Nothing to judge is not "met".
  @Test func whatCannotBeJudgedIsOpen() throws {
    let (status, results) = try expect(
      """
        - expectation: no such port
          packets: {port: 1}
          never: {condition: in ksoftirqd}
        - expectation: buffers are not posted
          never: {stage: posted}
        - expectation: claimed at once
          from: posted
          to: claimed
          share: 99 %
          under: 1 s
      """)
    #expect(status == 0)
    #expect(results.map { $0["verdict"] as? String } == ["open", "open", "open"], "\(results)")
    #expect(results.map { $0["detail"] as? String ?? "" }.map { $0.prefix(3) } == ["no ", "not", "not"])
  }

  @Test(arguments: [
    ("  - expectation: a\n", "2: an expectation has one of"),
    ("  - expectation: a\n    never: {stage: wakign}\n", "3: unknown stage 'wakign'"),
    ("  - expectation: a\n    from: irq\n    to: read\n    share: 99\n    under: 1 ms\n", "5: 'share' of an expectation must be a share"),
    ("  - expectation: a\n    from: irq\n    to: read\n    share: 99 %\n    under: 100\n", "6: 'under' of an expectation must be a time"),
    ("  - expectation: a\n    packets: {prot: 1}\n    never: {stage: read}\n", "3: 'packets' of an expectation has no 'prot'"),
    ("  - expectation: a\n    never: {outcome: delivered, reason: NO_SOCKET}\n", "'reason' goes with 'outcome: dropped'"),
    ("  - expectation: a\n    packets: {port: 70000}\n    never: {stage: read}\n", "a port is a number up to 65535")
  ])
  func aWrongExpectationIsRefusedWithItsLine(text: String, says: String) throws {
    try withFile("expectations:\n" + text) { path in
      let result = try Tool.wakepath("verify", "--expect", path, Self.tcp)
      #expect(result.status == 3)
      #expect(result.errors.contains(says), "\(result.errors)")
    }
  }
}
