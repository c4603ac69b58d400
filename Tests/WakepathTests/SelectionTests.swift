import Foundation
import Support
import Testing

/// The packets that a command is asked about, and no others.
@Suite struct SelectionTests {
  private static let trace = Repository.root.appendingPathComponent("Traces/6.12-virtio-wire-flows/trace.dat").path

  private static func packets(_ options: String...) throws -> [[String: Any]] {
    try Tool.run(Repository.wakepath, ["packets", "--json"] + options + [trace]).lines.filter { !$0.isEmpty }
      .compactMap { try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] }
  }

  private static func report(_ options: String...) throws -> [String: Any] {
    let text = try Tool.run(Repository.wakepath, ["report", "--json"] + options + [trace]).lines.joined()
    return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  @Test(arguments: [["--port", "7100"], ["--port", "7102"], ["--device", "eth1"], ["--flow", "10.9.0.2:7101"], ["--outcome", "dropped"]])
  func aReportCountsTheSamePackets(selection: [String]) throws {
    let packets = try Self.packets(selection[0], selection[1])
    let report = try Self.report(selection[0], selection[1])
    let counts = try #require(report["packets"] as? [String: [String: Int]])
    let received = packets.filter { $0["direction"] as? String == "rx" }
    #expect(!packets.isEmpty)
    #expect(counts["rx"]?["packets"] == received.count)
    #expect(counts["tx"]?["packets"] == packets.count - received.count)
    for outcome in ["delivered", "dropped", "absorbed"] {
      #expect(counts["rx"]?[outcome] == received.count { $0["outcome"] as? String == outcome })
    }
    let read = received.filter { $0["outcome"] as? String == "delivered" && $0["completeness"] as? String == "complete" }
    let totals = try #require(report["totals"] as? [[String: Any]])
    #expect(totals.reduce(0) { $0 + ($1["count"] as? Int ?? 0) } == read.count)
  }

  /// Each way has the packets that were read by it, or that the device was done with.
  @Test func pathsAddUp() throws {
    let packets = try Self.packets().filter { $0["completeness"] as? String == "complete" }
    let paths = try #require(try Self.report()["paths"] as? [[String: Any]])
    #expect(paths.count == 7)
    for path in paths {
      let same = packets.filter { packet in
        packet["device"] as? String == path["device"] as? String && packet["protocol"] as? String == path["protocol"] as? String
          && packet["direction"] as? String == path["direction"] as? String
          && ["delivered", "completed"].contains(packet["outcome"] as? String)
      }
      #expect(path["count"] as? Int == same.count, "\(path)")
    }
  }

  @Test func interruptsBelongToNoPacket() throws {
    let all = try Self.report()["interrupts"] as? NSDictionary
    #expect(try Self.report("--port", "7100")["interrupts"] as? NSDictionary == all)
  }

  @Test func anUnknownNamespaceIsAMistake() throws {
    #expect(try Tool.wakepath("packets", "--netns", "no-such-namespace", Self.trace).status == 2)
  }
}
