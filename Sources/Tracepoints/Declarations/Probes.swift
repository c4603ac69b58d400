// The probes that `wakepath record` makes where the kernel's own events say too little, and lines in the recording.

/// sock_def_readable was entered.
public struct Readable: EventView {
  public let body: EventBody
  @inlinable public init(_ body: EventBody) { self.body = body }

  /// The address of the socket; 0 where it is not told.
  @inlinable public var socket: UInt64 { body[Self.socket] }

  @inlinable static var socket: Slot { .first }
}

extension Tracepoint {
  /// The system that recordings give for events of these probes.
  public static let probeSystem = "wakepath"

  private static func probe(
    _ name: String, _ kind: EventBody.Kind, _ copy: PacketHeader.Copy, need: String, cost: String, filter: Filter? = nil
  ) -> Tracepoint {
    Tracepoint(
      probeSystem, name, kind, fields: [Field("header", .first, form: .header(copy))], need: need, cost: cost, recording: .probe, filter: filter)
  }

  /// What a received packet carries.
  static let flow = probe(
    "flow", .flow, .received, need: "addresses, ports, sequence number and TCP flags of each received packet",
    cost: "a packet's flow is known only where an event of its socket shows it")

  /// What a sent packet carries.
  static let flowSent = probe(
    "flow_sent", .flowSent, .sent, need: "addresses, ports, sequence number and TCP flags of each sent packet", cost: "sent packets have no flow")

  /// A packet whose headers the driver left in a page, once they are in sk_buff's own memory.
  static let flowPulled = probe(
    "flow_pulled", .flowPulled, .pulled, need: "ports of packets that a driver received into pages",
    cost: "packets that a driver received into pages have no ports")

  /// The same for datagrams that UDP has looked at, on kernels whose probes do not know the arguments of a function that returns (before 6.9).
  static let flowUDP = probe(
    "flow_udp", .flowPulled, .datagram, need: "ports of datagrams that a driver received into pages",
    cost: "datagrams that a driver received into pages have no ports", filter: .condition("nonlinear > 0"))

  /// The socket's announcement of data, on kernels that have no event for it (before 6.3). Probes and tracers of other makes tell it, too, so
  /// that it is known by its function and not by its name.
  public static let sockDefReadable = Tracepoint(
    probeSystem, "sock_def_readable", .sockDefReadable, fields: [Field("sk", Readable.socket)],
    need: "the socket announces data (kernels before 6.3, by kprobe)", cost: "the step from a packet to the wakeup it causes is inferred",
    recording: .probe)

  /// A line in the recording; the recorder's own tell what the recording leaves out.
  static let print = Tracepoint(
    "ftrace", "print", .recorderLine, fields: [Field("buf", nil, form: .line)], need: "what the recording leaves out, and where it pauses",
    cost: "pauses are taken for times in which nothing happened", recording: .never)
}

extension EventBody {
  /// What a packet carries, right behind its netif_receive_skb.
  public static func flow(_ header: PacketHeader) -> EventBody { EventBody(.flow, header) }
  /// The same once a header that a driver left in a page is among the packet's own bytes.
  public static func flowPulled(_ header: PacketHeader) -> EventBody { EventBody(.flowPulled, header) }
  /// The same of a packet that is sent, right behind its net_dev_start_xmit.
  public static func flowSent(_ header: PacketHeader) -> EventBody { EventBody(.flowSent, header) }

  /// The same event of a packet, of which a decoder tells `header`.
  package mutating func tell(_ header: PacketHeader) { self = EventBody(kind, header) }
}

extension Event {
  /// What a probe of sock_def_readable says.
  @inlinable public var sockDefReadable: Readable { Readable(body) }
  /// What a packet carries, of an event that says so.
  public var header: PacketHeader { body.header }
}
