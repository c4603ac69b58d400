public import Events
public import Journeys

/// One journey as a line of JSON.
public enum PacketJSON {
  /// Appends `journey` to `output`; names come from `stream`. `deviations` are the rules of the model that the packet broke.
  public static func write(
    _ journey: Journey, deviations: [String] = [], _ stream: borrowing EventStream, to output: inout TextOutput
  ) {
    let names = Names(journey, stream)
    output.json { json in
      json.object { json in
        packet(journey, names, &json)
        tasks(journey, names, &json)
        place(journey, &json)
        json.array("stages", journey.stages.inOrder) { json, seen in stage(seen.stage, seen.mark, &json) }
        json.array("deviations", deviations) { $0.string($1) }
      }
    }
  }

  /// What the recording calls the things that a journey has numbers for.
  private struct Names {
    let device: String
    let flow: Flow?
    let reason, location: String?
    let reader, woke, sender: String?

    init(_ journey: Journey, _ stream: borrowing EventStream) {
      device = stream.names[journey.device]
      flow = stream.flows[journey.flow]
      reason = stream.dropReason(journey.reason)
      location = journey.outcome == .dropped && journey.location != 0 ? stream.symbol(at: journey.location) : nil
      reader = journey.reader.map { PacketJSON.comm($0, stream) }
      woke = journey.woke.map { PacketJSON.comm($0, stream) }
      sender = journey.sender.map { PacketJSON.comm($0, stream) }
    }
  }

  private static func packet(_ journey: Journey, _ names: Names, _ json: inout JSONWriter) {
    json.field("id", journey.id)
    json.field("direction", journey.direction.rawValue)
    json.field("device", names.device)
    json.field("skb", hex(journey.skb))
    json.field("length", journey.length)
    json.field("frames", journey.frames)
    json.field("protocol", journey.protocolNumber.map { protocolName($0) })
    if let flow = names.flow {
      json.object("flow") { json in
        json.field("from", (journey.direction == .rx ? flow.remote : flow.local).description)
        json.field("to", (journey.direction == .rx ? flow.local : flow.remote).description)
      }
    } else {
      json.null("flow")
    }
    json.field("socket", journey.socket == 0 ? nil : hex(journey.socket))
    json.field("outcome", journey.outcome.rawValue)
    if journey.isOutcomeInferred { json.field("link", Link.inferred.name) }
    json.field("reason", names.reason)
    if journey.outcome == .dropped { json.field("location", names.location) }
    json.field("completeness", journey.completeness.rawValue)
  }

  private static func tasks(_ journey: Journey, _ names: Names, _ json: inout JSONWriter) {
    task("reader", journey.reader, names.reader, &json)
    task("woke", journey.woke, names.woke, &json)
    task("sender", journey.sender, names.sender, &json)
    json.field("follows", journey.follows)
    if let first = journey.copyOf { json.field("copyOf", first) }
    if journey.fragments > 0 { json.field("fragments", journey.fragments) }
  }

  /// Where in its connection the packet stands.
  private static func place(_ journey: Journey, _ json: inout JSONWriter) {
    if let range = journey.stream {
      json.object("stream") { json in
        json.field("from", range.lowerBound)
        json.field("to", range.upperBound)
      }
    } else {
      json.null("stream")
    }
    if let namespace = journey.header?.namespace, namespace != 0 { json.field("netns", namespace) } else { json.null("netns") }
    tcp(journey.header, &json)
  }

  private static func stage(_ stage: Stage, _ mark: StageMark, _ json: inout JSONWriter) {
    json.object { json in
      json.field("stage", stage.id)
      json.field("time", mark.time)
      json.field("cpu", mark.cpu)
      json.field("context", mark.context.name)
      json.field("evidence", mark.evidence.name)
      json.field("link", mark.link.name)
    }
  }

  private static func task(_ name: String, _ task: Journey.Task?, _ comm: String?, _ json: inout JSONWriter) {
    guard let task else { return json.null(name) }
    json.object(name) { json in
      json.field("pid", task.pid)
      json.field("comm", comm)
    }
  }

  /// The name of `task`; `?` where the recording has none.
  static func comm(_ task: Journey.Task, _ stream: borrowing EventStream) -> String {
    task.comm != .none ? stream.names[task.comm] : stream.comm(task.pid) ?? "?"
  }

  /// An address of kernel memory as the kernel prints it.
  static func hex(_ address: UInt64) -> String { "0x" + String(address, radix: 16) }

  /// `tcp`, `udp`, …; the number where there is no common name.
  public static func protocolName(_ number: UInt16) -> String {
    switch number {
    case Event.IPProtocol.icmp: "icmp"
    case Event.IPProtocol.tcp: "tcp"
    case Event.IPProtocol.udp: "udp"
    case Event.IPProtocol.icmpv6: "icmpv6"
    case 136: "udplite"
    default: String(number)
    }
  }
}
