public import Events
public import Journeys

/// One journey as a line of JSON.
public enum PacketJSON {
  /// Appends `journey` to `output`; names come from `stream`. `deviations` are the rules of the model that the packet broke.
  public static func write(
    _ journey: Journey, deviations: [String] = [], _ stream: borrowing EventStream, to output: inout TextOutput
  ) {
    var json = JSONWriter()
    let flow = stream.flows[journey.flow]
    let reason = stream.dropReason(journey.reason)
    let location = journey.outcome == .dropped && journey.location != 0 ? stream.symbol(at: journey.location) : nil
    let reader = journey.reader.map { Self.comm($0, stream) }
    let woke = journey.woke.map { Self.comm($0, stream) }
    let sender = journey.sender.map { Self.comm($0, stream) }
    let device = stream.names[journey.device]
    json.object { json in
      json.field("id", journey.id)
      json.field("direction", journey.direction.rawValue)
      json.field("device", device)
      json.field("skb", hex(journey.skb))
      json.field("length", journey.length)
      json.field("frames", journey.frames)
      json.field("protocol", journey.protocolNumber.map { protocolName($0) })
      if let flow {
        json.object("flow") { json in
          json.field("from", (journey.direction == .rx ? flow.remote : flow.local).description)
          json.field("to", (journey.direction == .rx ? flow.local : flow.remote).description)
        }
      } else {
        json.null("flow")
      }
      json.field("socket", journey.socket == 0 ? nil : hex(journey.socket))
      json.field("outcome", journey.outcome.rawValue)
      json.field("reason", reason)
      if journey.outcome == .dropped { json.field("location", location) }
      json.field("completeness", journey.completeness.rawValue)
      task("reader", journey.reader, reader, &json)
      task("woke", journey.woke, woke, &json)
      task("sender", journey.sender, sender, &json)
      json.field("follows", journey.follows)
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
      json.array("stages", journey.stages.inOrder) { json, seen in
        json.object { json in
          json.field("stage", seen.stage.id)
          json.field("time", seen.mark.time)
          json.field("cpu", seen.mark.cpu)
          json.field("context", "\(seen.mark.context)")
          json.field("evidence", seen.mark.evidence.name)
          json.field("link", "\(seen.mark.link)")
        }
      }
      json.array("deviations", deviations) { $0.string($1) }
    }
    output.bytes.append(contentsOf: json.bytes)
    output.endLine()
  }

  private static func task(_ name: String, _ task: Journey.Task?, _ comm: String?, _ json: inout JSONWriter) {
    guard let task else { return json.null(name) }
    json.object(name) { json in
      json.field("pid", task.pid)
      json.field("comm", comm)
    }
  }

  static func comm(_ task: Journey.Task, _ stream: borrowing EventStream) -> String {
    task.comm != .none ? stream.names[task.comm] : stream.comm(task.pid) ?? "?"
  }

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
