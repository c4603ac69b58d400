// Packets enter the stack: the class `net_dev_rx_verbose_template` of include/trace/events/net.h, and `net_dev_rx_exit_template`.

/// A packet that enters the stack.
public struct Arrival: EventView {
  /// The address of the sk_buff.
  public var skb: UInt64
  /// The device's name.
  public var device: NameID
  /// The id of the NAPI instance that polled it, or 0.
  public var napi: UInt32
  /// Bytes without the Ethernet header.
  public var length: UInt32

  @inlinable static var skbSlot: Slot { .first }
  @inlinable static var napiSlot: Slot { .second }
  @inlinable static var lengthSlot: Slot { .third }

  @inlinable @inline(__always)
  public init(_ body: EventBody) {
    self.init(skb: body[Self.skbSlot], device: body.name, napi: body[Self.napiSlot], length: body[Self.lengthSlot])
  }

  @inlinable
  public init(skb: UInt64, device: NameID, napi: UInt32, length: UInt32) {
    self.skb = skb
    self.device = device
    self.napi = napi
    self.length = length
  }

  fileprivate static var fields: [Field] {
    [
      Field("name", .name, .word("dev=")), Field("napi_id", napiSlot, .number()), Field("skbaddr", skbSlot, .address()),
      Field("len", lengthSlot, .number())
    ]
  }

  /// An event of `kind` that tells it.
  fileprivate func told(by kind: EventBody.Kind) -> EventBody {
    EventBody(kind, device).with(Self.skbSlot, skb).with(Self.napiSlot, napi).with(Self.lengthSlot, length)
  }
}

/// GRO has done with a packet.
public struct GROExit: EventView {
  public let body: EventBody
  @inlinable public init(_ body: EventBody) { self.body = body }

  /// GRO's verdict (`enum gro_result`, include/linux/netdevice.h).
  @inlinable public var result: Int32 { body[Self.result] }

  @inlinable static var result: Slot { .first }
  fileprivate static var fields: [Field] { [Field("ret", result, .number())] }
}

extension Tracepoint {
  static let groReceiveEntry = Tracepoint(
    "net", "napi_gro_receive_entry", .groEntry, fields: Arrival.fields, need: "the driver hands a packet to the stack",
    cost: "merging by GRO cannot be shown, and the driver's time is counted as the stack's", filter: .devices(field: "name"))

  static let groReceiveExit = Tracepoint(
    "net", "napi_gro_receive_exit", .groExit, fields: GROExit.fields, need: "whether GRO merged, held or passed the packet",
    cost: "which frames were merged into a packet is unknown")

  /// Tells the same as `groReceiveEntry`.
  static let groFragsEntry = Tracepoint(
    "net", "napi_gro_frags_entry", .groEntry, fields: Arrival.fields, need: "the same for drivers that hand over fragments",
    cost: "packets of drivers that use fragments begin at netif_receive_skb", filter: .devices(field: "name"))

  /// Tells the same as `groReceiveExit`.
  static let groFragsExit = Tracepoint(
    "net", "napi_gro_frags_exit", .groExit, fields: GROExit.fields, need: "the same for drivers that hand over fragments",
    cost: "which fragments were merged into a packet is unknown")

  static let netifRxEntry = Tracepoint(
    "net", "netif_rx_entry", .netifRxEntry, fields: Arrival.fields,
    need: "a packet of loopback or of a driver without NAPI enters the stack", cost: "packets over loopback begin at netif_receive_skb",
    filter: .devices(field: "name"))

  static let receiveEntry = Tracepoint(
    "net", "netif_receive_skb_entry", .receiveEntry, fields: Arrival.fields, need: "a packet enters the stack past GRO",
    cost: "packets handed over past GRO begin at netif_receive_skb", filter: .devices(field: "name"))

  static let receiveListEntry = Tracepoint(
    "net", "netif_receive_skb_list_entry", .receiveListEntry, fields: Arrival.fields, need: "a driver hands over a list of packets past GRO",
    cost: "packets handed over in lists begin at netif_receive_skb", filter: .devices(field: "name"))
}

extension EventBody {
  /// A driver hands over a packet.
  public static func groEntry(_ arrival: Arrival) -> EventBody { arrival.told(by: .groEntry) }
  /// The verdict of GRO on it.
  public static func groExit(result: Int32) -> EventBody { EventBody(.groExit).with(GROExit.result, result) }
  /// A packet goes to the per-CPU backlog.
  public static func netifRxEntry(_ arrival: Arrival) -> EventBody { arrival.told(by: .netifRxEntry) }
  /// A driver without GRO, or a bridge, hands over a packet.
  public static func receiveEntry(_ arrival: Arrival) -> EventBody { arrival.told(by: .receiveEntry) }
  /// A driver hands over several packets, one such event for each, before the first of them is delivered.
  public static func receiveListEntry(_ arrival: Arrival) -> EventBody { arrival.told(by: .receiveListEntry) }
}

extension Event {
  /// What `net:napi_gro_receive_entry` or `napi_gro_frags_entry` says.
  @inlinable public var groEntry: Arrival { Arrival(body) }
  /// What `net:napi_gro_receive_exit` or `napi_gro_frags_exit` says.
  @inlinable public var groExit: GROExit { GROExit(body) }
  /// What `net:netif_rx_entry` says.
  @inlinable public var netifRxEntry: Arrival { Arrival(body) }
  /// What `net:netif_receive_skb_entry` says.
  @inlinable public var receiveEntry: Arrival { Arrival(body) }
  /// What `net:netif_receive_skb_list_entry` says.
  @inlinable public var receiveListEntry: Arrival { Arrival(body) }
  /// What a driver or the backlog hands over, of any event that says so.
  @inlinable public var arrival: Arrival { Arrival(body) }
}
