import Foundation
import Support
import Testing

/// One stage that a journey must show: what is not said may be anything.
struct Step {
  var stage: String
  var evidence: String?
  var context: String?
  /// A name for the CPU: the same name is the same CPU, `!a` is another CPU than `a`.
  var cpu: String?

  init(_ stage: String, _ evidence: String? = nil, in context: String? = nil, on cpu: String? = nil) {
    self.stage = stage
    self.evidence = evidence
    self.context = context
    self.cpu = cpu
  }

  /// Whether `seen`, a stage of `packets --json`, is this step; binds the CPU's name.
  func matches(_ seen: [String: Any], _ cpus: inout [String: Int]) -> Bool {
    guard seen["stage"] as? String == stage, let cpu = seen["cpu"] as? Int,
      evidence == nil || seen["evidence"] as? String == evidence, context == nil || seen["context"] as? String == context
    else { return false }
    guard let name = self.cpu else { return true }
    if name.hasPrefix("!") { return cpus[String(name.dropFirst())].map { $0 != cpu } ?? false }
    if let known = cpus[name] { return known == cpu }
    cpus[name] = cpu
    return true
  }

  /// Whether `steps` stand among the stages of `packet` in this order.
  static func follow(_ steps: [Step], in packet: [String: Any]) -> Bool {
    var rest = steps[...]
    var cpus: [String: Int] = [:]
    for stage in packet["stages"] as? [[String: Any]] ?? [] where rest.first?.matches(stage, &cpus) == true { rest.removeFirst() }
    return rest.isEmpty
  }
}

/// What every delivered packet of a recording shows on its way, what at least one of them shows in full, and what none may show.
struct Path: CustomTestStringConvertible, Sendable {
  var trace: String
  var device: String
  var each: [Step]
  var full: [Step]
  var without: Set<String> = []
  /// How many packets may come another way: those for which the reader did not poll in time.
  var exceptions = 0

  var testDescription: String { trace }

  private static let wire = [Step("gro", "napi_gro_receive_entry"), Step("receive"), Step("ready"), Step("read", in: "process")]
  private static let interrupt = [
    Step("irq", in: "hardirq", on: "a"), Step("raise", "softirq_raise", in: "hardirq", on: "a"), Step("softirq", "softirq_entry", on: "a")
  ]
  private static let toReader = [Step("ready"), Step("waking", "sched_waking"), Step("running", "sched_switch"), Step("read", in: "process")]
  private static let backlog = [Step("gro", "netif_rx_entry", on: "a"), Step("receive", on: "a"), Step("ready"), Step("read", in: "process")]
  private static let hop = [Step("gro", in: "softirq", on: "a"), Step("receive", in: "softirq", on: "!a"), Step("ready"), Step("read", in: "process")]
  private static let threaded = [
    Step("gro", in: "process", on: "a"), Step("receive", in: "process", on: "a"), Step("ready"), Step("read", in: "process")
  ]
  private static let asked = [
    Step("irq", in: "hardirq"), Step("raise", "sched_waking", in: "hardirq"), Step("softirq", "sched_switch", on: "a"),
    Step("gro", in: "process", on: "a"), Step("receive", in: "process")
  ]
  private static let realTime = [
    Step("irq", in: "hardirq"), Step("raise", "softirq_raise", in: "process"), Step("softirq", in: "softirq"), Step("gro", in: "softirq"),
    Step("receive")
  ]

  static let all = [
    Path(
      trace: "6.12-virtio-loopback-udp", device: "lo", each: backlog,
      full: [Step("gro", "netif_rx_entry"), Step("raise"), Step("softirq"), Step("receive")] + toReader, without: ["irq"]),
    Path(
      trace: "6.12-virtio-loopback-tcp", device: "lo", each: backlog,
      full: [Step("gro", "netif_rx_entry"), Step("softirq"), Step("receive"), Step("transport")] + toReader, without: ["irq"]),
    Path(
      trace: "6.12-virtio-veth-udp", device: "v1", each: backlog, full: [Step("gro", "netif_rx_entry"), Step("receive")] + toReader,
      without: ["irq"]),
    Path(
      trace: "6.12-virtio-veth-gro-tcp", device: "v1", each: wire,
      full: [Step("raise"), Step("softirq"), Step("gro"), Step("receive"), Step("transport"), Step("ready"), Step("read")], without: ["irq"]),
    Path(trace: "6.12-virtio-rps-udp", device: "eth1", each: hop, full: interrupt + hop.prefix(2) + toReader),
    Path(trace: "6.12-virtio-rps-tcp", device: "eth1", each: hop, full: interrupt + hop.prefix(2) + [Step("transport")] + toReader),
    Path(trace: "6.12-virtio-threaded-udp", device: "eth1", each: threaded, full: asked + toReader),
    Path(trace: "6.12-virtio-threaded-tcp", device: "eth1", each: threaded, full: asked + [Step("transport")] + toReader),
    Path(
      trace: "6.12-virtio-busy-udp", device: "eth1",
      each: [
        Step("gro", in: "process", on: "a"), Step("receive", in: "process", on: "a"), Step("ready", in: "process", on: "a"),
        Step("read", in: "process")
      ], full: wire, without: ["irq", "raise", "softirq", "waking"], exceptions: 40),
    Path(trace: "6.12-virtio-uring-udp", device: "eth1", each: wire, full: interrupt + wire.prefix(2) + toReader),
    Path(trace: "6.12-virtio-uring-tcp", device: "eth1", each: wire, full: interrupt + wire.prefix(2) + [Step("transport")] + toReader),
    // The reader, or the sender for it, works off the backlog of a socket that was held when the segment came.
    Path(
      trace: "6.12-virtio-backlog-tcp", device: "lo", each: backlog,
      full: [Step("gro", on: "a"), Step("receive", in: "softirq", on: "a"), Step("transport", "tcp_probe", in: "process"), Step("read")]),
    Path(trace: "6.12-virtio-bridge-udp", device: "eth1", each: wire, full: interrupt + wire.prefix(2) + toReader),
    Path(trace: "6.12-virtio-vlan-tcp", device: "eth1", each: wire, full: interrupt + wire.prefix(2) + [Step("transport")] + toReader),
    Path(trace: "6.12-virtio-forward-udp", device: "eth3", each: wire, full: interrupt + wire.prefix(2) + toReader),
    Path(trace: "6.12-virtio-wire-epoll", device: "eth1", each: wire, full: interrupt + wire.prefix(2) + toReader),
    Path(trace: "6.12-virtio-wire-flows", device: "eth1", each: wire, full: interrupt + wire.prefix(2) + toReader),
    Path(trace: "6.12-rt-virtio-wire-udp", device: "eth1", each: wire, full: realTime + toReader),
    Path(trace: "6.12-rt-virtio-wire-tcp", device: "eth1", each: wire, full: realTime + [Step("transport")] + toReader),
    Path(
      trace: "6.12-rt-virtio-loopback-tcp", device: "lo", each: [Step("gro", "netif_rx_entry"), Step("receive"), Step("ready"), Step("read")],
      full: [Step("gro"), Step("raise"), Step("softirq"), Step("receive"), Step("transport")] + toReader, without: ["irq"]),
    Path(
      trace: "6.12-e1000e-wire-udp", device: "eth1", each: [Step("claimed", in: "softirq")] + wire,
      full: interrupt + [Step("claimed")] + wire.prefix(2) + toReader),
    // Without sk_data_ready.
    Path(
      trace: "6.1-virtio-threaded-udp", device: "eth1", each: [Step("gro", in: "process"), Step("receive", in: "process"), Step("read")],
      full: asked + [Step("waking"), Step("running"), Step("read")], without: ["ready"]),
    Path(
      trace: "6.1-virtio-rps-udp", device: "eth1", each: [Step("gro", in: "softirq", on: "a"), Step("receive", on: "!a"), Step("read")],
      full: interrupt + hop.prefix(2) + [Step("waking"), Step("running"), Step("read")], without: ["ready"])
  ]
}

/// The ways of received packets, each in a recording made for it, and what must hold on all of them.
@Suite struct PathTests {
  private static func packets(_ trace: URL) throws -> [[String: Any]] {
    try Tool.wakepath("packets", "--json", "--direction", "rx", trace.appendingPathComponent("trace.dat").path).lines
      .filter { !$0.isEmpty }.compactMap { try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] }
  }

  private static func stages(_ packet: [String: Any]) -> [[String: Any]] { packet["stages"] as? [[String: Any]] ?? [] }

  @Test(arguments: Path.all)
  func packetsTakeTheWay(path: Path) throws {
    let trace = Repository.root.appendingPathComponent("Traces").appendingPathComponent(path.trace)
    let delivered = try Self.packets(trace).filter { $0["outcome"] as? String == "delivered" && $0["device"] as? String == path.device }
    #expect(delivered.count >= 8)
    let astray = delivered.filter { packet in
      !Step.follow(path.each, in: packet) || Self.stages(packet).contains { path.without.contains($0["stage"] as? String ?? "") }
    }
    #expect(astray.count <= path.exceptions, "\(astray.first ?? [:])")
    #expect(delivered.contains { Step.follow(path.full, in: $0) })
  }

  @Test func whatARouterPassesOnIsForwarded() throws {
    let packets = try Self.packets(Repository.root.appendingPathComponent("Traces/6.12-virtio-forward-udp"))
    let passing = packets.filter { $0["device"] as? String == "eth1" }
    let datagrams = packets.filter { $0["device"] as? String == "eth3" && $0["outcome"] as? String == "delivered" }
    #expect(!datagrams.isEmpty)
    #expect(passing.filter { $0["outcome"] as? String == "forwarded" }.count >= datagrams.count)
    #expect(passing.allSatisfy { $0["reader"] is NSNull })
  }

  /// One task reads many sockets; or each task its own.
  @Test(arguments: [("6.12-virtio-wire-epoll", 20, 1...1), ("6.12-virtio-wire-flows", 6, 6...6)])
  func packetsGoToTheirSockets(trace: String, sockets: Int, readers: ClosedRange<Int>) throws {
    let packets = try Self.packets(Repository.root.appendingPathComponent("Traces/\(trace)"))
    let delivered = packets.filter { $0["outcome"] as? String == "delivered" }
    #expect(Set(delivered.compactMap { $0["socket"] as? String }).count >= sockets)
    #expect(readers.contains(Set(delivered.compactMap { ($0["reader"] as? [String: Any])?["pid"] as? Int }).count))
  }

  @Test func framesThatGROMergedAreOnePacket() throws {
    let packets = try Self.packets(Repository.root.appendingPathComponent("Traces/6.12-virtio-veth-gro-tcp"))
    let frames = packets.compactMap { $0["frames"] as? Int }
    #expect((frames.max() ?? 0) > 8)
    let entries = try Tool.wakepath("events", Repository.root.appendingPathComponent("Traces/6.12-virtio-veth-gro-tcp/trace.dat").path).lines
      .filter { $0.contains(" napi_gro_receive_entry:") || $0.contains(" netif_rx_entry:") }
    #expect(frames.reduce(0, +) == entries.count)
  }

  /// Every message went to the socket, the reader and the call that kernel probes and the application's log say.
  @Test(
    .enabled(if: Tool.isInstalled("python3"), "python3 is not installed"),
    arguments: Repository.traces.filter { Repository.hasTruth($0) })
  func messagesAreJoinedToTheRightPackets(trace: URL) throws {
    let result = try Tool.run(
      "python3", [Repository.root.appendingPathComponent("Lab/truth.py").path, trace.path, "--wakepath", Repository.wakepath])
    #expect(result.status == 0, "\(String(decoding: result.output, as: UTF8.self))\(result.errors)")
  }

  /// A packet is born once: each netif_receive_skb is a journey's own, but those by which a bridge takes a packet a second time.
  @Test(arguments: Repository.traces)
  func deliveriesAreJourneys(trace: URL) throws {
    let path = trace.appendingPathComponent("trace.dat").path
    let deliveries = try Tool.wakepath("events", path).lines.filter { $0.contains(" netif_receive_skb:") && !$0.contains("dev=br0") }.count
    var births: Set<String> = []
    var received = 0
    for packet in try Self.packets(trace) {
      guard let receive = Self.stages(packet).first(where: { $0["stage"] as? String == "receive" }) else { continue }
      received += 1
      births.insert("\(packet["skb"] ?? "") \(receive["time"] ?? "")")
    }
    #expect(received == deliveries)
    #expect(births.count == received)
  }
}
