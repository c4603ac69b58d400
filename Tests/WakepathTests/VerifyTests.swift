import Foundation
import Support
import Testing

/// `wakepath verify` and `wakepath model` as people and scripts see them.
@Suite struct VerifyTests {
  private static func verify(_ path: String) throws -> (status: Int32, document: [String: Any]) {
    let result = try Tool.wakepath("verify", "--json", path)
    let document = try JSONSerialization.jsonObject(with: result.output) as? [String: Any]
    return (Int32(result.status), try #require(document, "\(result.errors)"))
  }

  /// Recordings that deviate, with the rules they break; each is explained in Docs/verify.md.
  private static let known: [String: Set<String>] = [:]

  @Test(arguments: Repository.traces) func everyRecordingConforms(trace: URL) throws {
    let (status, document) = try Self.verify(trace.appendingPathComponent("trace.dat").path)
    let expected = Self.known[trace.lastPathComponent] ?? []
    let deviations = document["deviations"] as? [[String: Any]] ?? []
    #expect(Set(deviations.compactMap { $0["rule"] as? String }) == expected, "\(deviations)")
    let journeys = try #require(document["journeys"] as? [String: Int])
    #expect(journeys["unexplained"] == 0, "\(document["unexplained"] ?? "")")
    #expect(journeys["conforming"] ?? 0 > 30)
    let unexpected = (document["claims"] as? [[String: Any]] ?? []).filter {
      $0["verdict"] as? String != "unobserved" && $0["verdict"] as? String != $0["expected"] as? String
    }
    #expect(unexpected.isEmpty, "\(unexpected)")
    #expect(status == (expected.isEmpty ? 0 : 1))
  }

  @Test func theDocumentHasWhatTheInterfacePromises() throws {
    let path = Repository.root.appendingPathComponent("Traces/6.12-virtio-tcp/trace.dat").path
    let (_, document) = try Self.verify(path)
    #expect(document["kernel"] as? String == "6.12.117+deb12-amd64")
    #expect(document["model"] as? String == "1")
    let claims = try #require(document["claims"] as? [[String: Any]])
    #expect(claims.count == 16)
    for claim in claims {
      for key in ["id", "says", "expected", "verdict", "for", "against", "example", "source"] { #expect(claim[key] != nil, "\(key) of \(claim)") }
    }
    func verdict(_ id: String) -> String? { claims.first { $0["id"] as? String == id }?["verdict"] as? String }
    #expect(verdict("S1") == "confirmed")
    #expect(verdict("S2b") == "refuted")
    #expect(verdict("S5") == "mixed")
    #expect(verdict("S7") == "confirmed")
    #expect(verdict("S8") == "refuted")
    #expect(verdict("S10") == "unobserved")
  }

  /// Every journey that packets lists is judged or skipped: conforming, deviating, unexplained and skipped add up.
  @Test func everyJourneyIsCounted() throws {
    let path = Repository.root.appendingPathComponent("Traces/6.12-virtio-udp-none/trace.dat").path
    let (_, document) = try Self.verify(path)
    let counts = try #require(document["journeys"] as? [String: Int])
    let packets = try Tool.wakepath("packets", "--json", path).lines.filter { !$0.isEmpty }
    #expect(counts.values.reduce(0, +) == packets.count)
  }

  @Test func aRecordingThatCannotBeReadIsStatusThree() throws {
    #expect(try Tool.wakepath("verify", "/nonexistent").status == 3)
    #expect(try Tool.wakepath("verify").status == 2)
    #expect(try Tool.wakepath("model", "--format", "png").status == 2)
  }

  /// The text says of every rule and every claim that a recording can decide what the document says.
  @Test func theTextSaysWhatTheDocumentSays() throws {
    let path = Repository.root.appendingPathComponent("Traces/6.12-virtio-tcp/trace.dat").path
    let lines = try Tool.wakepath("verify", path).lines.map(String.init)
    let (_, document) = try Self.verify(path)
    let rules = try #require(document["rules"] as? [[String: Any]])
    #expect(rules.count >= 10)
    for rule in rules {
      let id = try #require(rule["id"] as? String)
      let line = try #require(lines.first { $0.hasPrefix("\(id)  ") }, "\(id)")
      let numbers = line.split(separator: " ").suffix(3).compactMap { Int($0.replacing(",", with: "")) }
      if rule["unchecked"] as? String == nil { #expect(numbers == ["checked", "excused", "broken"].compactMap { rule[$0] as? Int }, "\(line)") }
    }
    for claim in try #require(document["claims"] as? [[String: Any]]) where claim["method"] as? String == "trace" {
      let id = try #require(claim["id"] as? String)
      let line = lines.first { $0.hasPrefix(id.padding(toLength: 5, withPad: " ", startingAt: 0)) }
      #expect(line?.hasSuffix(claim["verdict"] as? String ?? "?") == true, "\(id): \(line ?? "no line")")
    }
    #expect(lines.contains("Everything observed conforms."))
    #expect(lines.allSatisfy { $0.count <= 240 && !$0.contains("\u{1b}") })
  }

  // MARK: the model

  private static let docs = Repository.root.appendingPathComponent("Docs")

  @Test func theDrawingInTheRepositoryIsTheModels() throws {
    let printed = String(decoding: try Tool.wakepath("model", "--format", "dot").output, as: UTF8.self)
    let kept = try String(contentsOf: Self.docs.appendingPathComponent("model.dot"), encoding: .utf8)
    #expect(printed == kept, "write it anew: wakepath model --format dot > Docs/model.dot; dot -Tsvg Docs/model.dot -o Docs/model.svg")
  }

  /// Graphviz names each edge and node of its drawing; another version draws otherwise, but draws the same.
  @Test func theRenderedDrawingHasTheSameEdges() throws {
    let svg = try String(contentsOf: Self.docs.appendingPathComponent("model.svg"), encoding: .utf8)
    let drawn = Set(svg.matches(of: #/<title>([a-z]+)&#45;&gt;([a-z]+)</title>/#).map { "\($0.1) \($0.2)" })
    let result = try Tool.wakepath("model", "--json")
    let model = try #require(try JSONSerialization.jsonObject(with: result.output) as? [String: Any])
    let steps = try #require(model["steps"] as? [[String: Any]])
    #expect(drawn == Set(steps.map { "\($0["from"] ?? "") \($0["to"] ?? "")" }))
    for stage in try #require(model["stages"] as? [[String: Any]]) { #expect(svg.contains("<title>\(stage["id"] ?? "")</title>")) }
  }

  @Test(.enabled(if: Tool.isInstalled("dot"), "graphviz is not installed")) func graphvizReadsTheDrawing() throws {
    let dot = try Tool.wakepath("model", "--format", "dot").output
    let result = try Tool.run("dot", ["-Tsvg"], input: dot)
    #expect(result.status == 0)
    #expect(result.errors.isEmpty, "\(result.errors)")
  }

  /// The text has of every stage, rule and claim of the document what it means and where it comes from.
  @Test func theTextHasEveryStageRuleAndClaim() throws {
    let text = String(decoding: try Tool.wakepath("model").output, as: UTF8.self)
    let result = try Tool.wakepath("model", "--json")
    let model = try #require(try JSONSerialization.jsonObject(with: result.output) as? [String: Any])
    for (kind, keys) in [
      ("stages", ["id", "meaning", "evidence", "source"]), ("rules", ["id", "title", "says", "advice", "source"]),
      ("claims", ["id", "says", "because", "source"])
    ] {
      let entries = try #require(model[kind] as? [[String: Any]])
      #expect(entries.count >= 10, "\(kind)")
      for entry in entries {
        for key in keys { #expect(text.contains(entry[key] as? String ?? "no \(key)"), "\(key) of \(entry["id"] ?? "")") }
      }
    }
  }
}
