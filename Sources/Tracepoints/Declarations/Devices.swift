// Packets between the stack and devices: include/trace/events/net.h. Kernels from 7.3 on add `net_cookie` to these, the cookie of the device's
// network namespace; it is not read.

/// A packet at a device (class `net_dev_template`, and net_dev_start_xmit).
public struct DevicePacket: EventView {
  public let body: EventBody
  @inlinable public init(_ body: EventBody) { self.body = body }

  /// The address of the sk_buff.
  @inlinable public var skb: UInt64 { body[Self.skb] }
  /// Bytes: without the Ethernet header where it is received, with it where it is sent.
  @inlinable public var length: UInt32 { body[Self.length] }
  /// The device's name.
  @inlinable public var device: NameID { body.name }

  @inlinable static var skb: Slot { .first }
  @inlinable static var length: Slot { .second }

  fileprivate static var fields: [Field] {
    [Field("name", .name, .word("dev=")), Field("skbaddr", skb, .address()), Field("len", length, .number())]
  }

  fileprivate static func body(_ kind: EventBody.Kind, _ skb: UInt64, _ length: UInt32, _ device: NameID) -> EventBody {
    EventBody(kind, device).with(Self.skb, skb).with(Self.length, length)
  }
}

/// The driver has taken a packet, or refused it.
public struct NetDevXmit: EventView {
  public let body: EventBody
  @inlinable public init(_ body: EventBody) { self.body = body }

  /// The address of the sk_buff.
  @inlinable public var skb: UInt64 { body[Self.skb] }
  /// Bytes with the Ethernet header.
  @inlinable public var length: UInt32 { body[Self.length] }
  /// `enum netdev_tx` (include/linux/netdevice.h) or a negative errno.
  @inlinable public var rc: Int32 { body[Self.rc] }
  /// The device's name.
  @inlinable public var device: NameID { body.name }

  @inlinable static var skb: Slot { .first }
  @inlinable static var length: Slot { .second }
  @inlinable static var rc: Slot { .third }
}

extension Tracepoint {
  static let netifReceiveSkb = Tracepoint(
    "net", "netif_receive_skb", .netifReceiveSkb, fields: DevicePacket.fields, need: "protocol processing of a packet begins",
    cost: "no packet can be followed", isEssential: true, filter: .devices(field: "name"))

  static let netDevQueue = Tracepoint(
    "net", "net_dev_queue", .netDevQueue, fields: DevicePacket.fields, need: "a packet is queued to a device",
    cost: "time in the queue of a device is unknown", filter: .devices(field: "name"))

  static let netDevStartXmit = Tracepoint(
    "net", "net_dev_start_xmit", .netDevStartXmit, fields: DevicePacket.fields, need: "the driver begins to send a packet",
    cost: "time in the queue cannot be told from time in the driver", filter: .devices(field: "name"))

  static let netDevXmit = Tracepoint(
    "net", "net_dev_xmit", .netDevXmit,
    fields: [
      Field("name", .name, .word("dev=")), Field("skbaddr", NetDevXmit.skb, .address()), Field("len", NetDevXmit.length, .number()),
      Field("rc", NetDevXmit.rc, .number())
    ],
    need: "the driver has taken a packet, or refused it", cost: "refusals of the driver are unknown", filter: .devices(field: "name"))
}

extension EventBody {
  /// What `net:netif_receive_skb` says.
  public static func netifReceiveSkb(skb: UInt64, length: UInt32, device: NameID) -> EventBody {
    DevicePacket.body(.netifReceiveSkb, skb, length, device)
  }
  /// What `net:net_dev_queue` says.
  public static func netDevQueue(skb: UInt64, length: UInt32, device: NameID) -> EventBody { DevicePacket.body(.netDevQueue, skb, length, device) }
  /// What `net:net_dev_start_xmit` says.
  public static func netDevStartXmit(skb: UInt64, length: UInt32, device: NameID) -> EventBody {
    DevicePacket.body(.netDevStartXmit, skb, length, device)
  }
  /// What `net:net_dev_xmit` says.
  public static func netDevXmit(skb: UInt64, length: UInt32, rc: Int32, device: NameID) -> EventBody {
    EventBody(.netDevXmit, device).with(NetDevXmit.skb, skb).with(NetDevXmit.length, length).with(NetDevXmit.rc, rc)
  }
}

extension Event {
  /// What `net:netif_receive_skb` says.
  @inlinable public var netifReceiveSkb: DevicePacket { DevicePacket(body) }
  /// What `net:net_dev_queue` says.
  @inlinable public var netDevQueue: DevicePacket { DevicePacket(body) }
  /// What `net:net_dev_start_xmit` says.
  @inlinable public var netDevStartXmit: DevicePacket { DevicePacket(body) }
  /// What `net:net_dev_xmit` says.
  @inlinable public var netDevXmit: NetDevXmit { NetDevXmit(body) }
}
