import Foundation
import Support
import Testing

/// Recordings with the headers of each packet, held against the application's log.
@Suite struct FlowTests {
  private static let recordings = Repository.traces.filter { ["flow", "dma"].contains($0.lastPathComponent.split(separator: "-").last) }

  private struct Run {
    var packets: [[String: Any]]
    var devices: [String: String]
    /// Where the log says that the messages came from, and what was received in all.
    var sender: String
    var receiver: String
    var bytes: Int
    var workload: String
  }

  private static func objects(_ lines: some Sequence<Substring>) throws -> [[String: Any]] {
    try lines.filter { !$0.isEmpty }.compactMap { try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] }
  }

  private static func run(_ trace: URL) throws -> Run {
    func text(_ name: String) throws -> String { try String(contentsOf: trace.appendingPathComponent(name), encoding: .utf8) }
    let log = try objects(text("recv.jsonl").split(separator: "\n"))
    let meta = try #require(try JSONSerialization.jsonObject(with: Data(text("meta.json").utf8)) as? [String: Any])
    let workload = try #require(meta["workload"] as? String)
    return Run(
      packets: try objects(Tool.wakepath("packets", "--json", trace.appendingPathComponent("trace.dat").path).lines),
      devices: try #require(meta["devices"] as? [String: String]), sender: try #require(log.lazy.compactMap { $0["from"] as? String }.first),
      receiver: workload == "tcp" ? "10.9.0.2:7002" : "10.9.0.2:7001", bytes: log.reduce(0) { $0 + ($1["bytes"] as? Int ?? 0) },
      workload: workload)
  }

  @Test func thereAreRecordings() { #expect(Self.recordings.count >= 3) }

  /// A question for a neighbour's address has 28 bytes, 42 with the link's header, and 46 with Ethernet's padding.
  @Test(arguments: recordings) func everyPacketHasItsFlow(trace: URL) throws {
    let run = try Self.run(trace)
    var seen = 0
    for packet in run.packets {
      let length = try #require(packet["length"] as? Int)
      guard let flow = packet["flow"] as? [String: String] else {
        #expect(length <= 46, "packet \(packet["id"] ?? "?") has no flow")
        #expect(packet["protocol"] is NSNull, "packet \(packet["id"] ?? "?") has a protocol and no flow")
        continue
      }
      // What is received on one card was sent by the other.
      let isFromSender = (packet["device"] as? String == run.devices["rx"]) == (packet["direction"] as? String == "rx")
      #expect(packet["protocol"] as? String == run.workload)
      #expect(flow["from"] == (isFromSender ? run.sender : run.receiver), "packet \(packet["id"] ?? "?")")
      #expect(flow["to"] == (isFromSender ? run.receiver : run.sender), "packet \(packet["id"] ?? "?")")
      seen += 1
    }
    #expect(seen >= 70)
  }

  /// Each card is in a network namespace of its own.
  @Test(arguments: recordings.filter { $0.lastPathComponent.hasSuffix("tcp-flow") }) func packetsKnowTheirNamespace(trace: URL) throws {
    let text = try String(contentsOf: trace.appendingPathComponent("meta.json"), encoding: .utf8)
    let meta = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let namespaces = try #require(meta["namespaces"] as? [String: Int])
    let devices = try #require(meta["devices"] as? [String: String])
    let packets = try Self.run(trace).packets.filter { !($0["flow"] is NSNull) }
    for (name, device) in devices {
      let number = try #require(namespaces[name])
      let mine = packets.filter { $0["device"] as? String == device }
      #expect(mine.count > 70)
      #expect(mine.allSatisfy { $0["netns"] as? Int == number })
      let selected = try Tool.wakepath("packets", "--netns", "\(number)", "--json", trace.appendingPathComponent("trace.dat").path)
      #expect(try Self.objects(selected.lines).filter { !($0["flow"] is NSNull) }.count == mine.count)
    }
  }

  /// A packet's place in the stream is found by the order of events; its own header knows it, too.
  @Test(arguments: recordings.filter { $0.lastPathComponent.contains("tcp") }) func segmentsLieWhereTheirNumbersSay(trace: URL) throws {
    let run = try Self.run(trace)
    let received = run.packets.filter { $0["direction"] as? String == "rx" && $0["device"] as? String == run.devices["rx"] }
    let segments = received.compactMap { packet in (packet["tcp"] as? [String: Any]).map { (packet, $0) } }
    let synchronised = try #require(segments.first { ($0.1["flags"] as? [String])?.contains("syn") == true })
    let start = try #require(synchronised.1["sequence"] as? Int) + 1
    var bytes = 0
    for (packet, tcp) in segments where packet["outcome"] as? String == "delivered" {
      let stream = try #require(packet["stream"] as? [String: Int])
      let (sequence, payload) = try (#require(tcp["sequence"] as? Int), #require(tcp["payload"] as? Int))
      #expect(stream["from"] == (sequence - start) & 0xffff_ffff, "packet \(packet["id"] ?? "?")")
      #expect(stream["to"] == (sequence - start) & 0xffff_ffff + payload, "packet \(packet["id"] ?? "?")")
      bytes += payload
    }
    #expect(bytes == run.bytes)
  }
}
