// The end of a packet, and its way into a program's memory: include/trace/events/skb.h.

/// A packet is dropped.
public struct KfreeSkb: EventView {
  public let body: EventBody
  @inlinable public init(_ body: EventBody) { self.body = body }

  /// The address of the sk_buff.
  @inlinable public var skb: UInt64 { body[Self.skb] }
  /// The kernel's code that drops it: an address, or in text the id of its name.
  @inlinable public var location: UInt64 { body[Self.location] }
  /// `enum skb_drop_reason`, or in text the id of its name; -1 where the kernel does not say.
  @inlinable public var reason: Int32 { body[Self.reason] }

  @inlinable static var skb: Slot { .first }
  @inlinable static var location: Slot { .second }
  @inlinable static var reason: Slot { .third }
}

/// A packet ends well.
public struct ConsumeSkb: EventView {
  public let body: EventBody
  @inlinable public init(_ body: EventBody) { self.body = body }

  /// The address of the sk_buff.
  @inlinable public var skb: UInt64 { body[Self.skb] }
  /// The kernel's code that frees it, as in `KfreeSkb`; 0 before kernel 6.3.
  @inlinable public var location: UInt64 { body[Self.location] }

  @inlinable static var skb: Slot { .first }
  @inlinable static var location: Slot { .second }
}

/// Bytes of a packet are copied to a program.
public struct SkbCopyDatagram: EventView {
  public let body: EventBody
  @inlinable public init(_ body: EventBody) { self.body = body }

  /// The address of the sk_buff.
  @inlinable public var skb: UInt64 { body[Self.skb] }
  /// Bytes.
  @inlinable public var length: Int32 { body[Self.length] }

  @inlinable static var skb: Slot { .first }
  @inlinable static var length: Slot { .second }
}

extension Tracepoint {
  static let kfreeSkb = Tracepoint(
    "skb", "kfree_skb", .kfreeSkb,
    fields: [
      Field("skbaddr", KfreeSkb.skb, .address()), Field("location", KfreeSkb.location, .place()),
      Field("reason", KfreeSkb.reason, .nameOfNumber("reason: "), absent: -1, since: "5.17")
    ],
    need: "a packet is dropped, where and why", cost: "drops and their reasons are unknown")

  static let consumeSkb = Tracepoint(
    "skb", "consume_skb", .consumeSkb,
    fields: [Field("skbaddr", ConsumeSkb.skb, .address()), Field("location", ConsumeSkb.location, .place(), since: "6.3")],
    need: "a packet ends well: a datagram was read, a transmission is complete",
    cost: "reads of datagrams and completions of transmissions are unknown")

  static let skbCopyDatagram = Tracepoint(
    "skb", "skb_copy_datagram_iovec", .skbCopyDatagram,
    fields: [Field("skbaddr", SkbCopyDatagram.skb, .address()), Field("len", SkbCopyDatagram.length, .number())],
    need: "the application copies a TCP packet's bytes", cost: "reads of TCP data are known by position in the stream only")
}

extension EventBody {
  /// What `skb:kfree_skb` says.
  public static func kfreeSkb(skb: UInt64, location: UInt64, reason: Int32) -> EventBody {
    EventBody(.kfreeSkb).with(KfreeSkb.skb, skb).with(KfreeSkb.location, location).with(KfreeSkb.reason, reason)
  }
  /// What `skb:consume_skb` says.
  public static func consumeSkb(skb: UInt64, location: UInt64) -> EventBody {
    EventBody(.consumeSkb).with(ConsumeSkb.skb, skb).with(ConsumeSkb.location, location)
  }
  /// What `skb:skb_copy_datagram_iovec` says.
  public static func skbCopyDatagram(skb: UInt64, length: Int32) -> EventBody {
    EventBody(.skbCopyDatagram).with(SkbCopyDatagram.skb, skb).with(SkbCopyDatagram.length, length)
  }
}

extension Event {
  /// What `skb:kfree_skb` says.
  @inlinable public var kfreeSkb: KfreeSkb { KfreeSkb(body) }
  /// What `skb:consume_skb` says.
  @inlinable public var consumeSkb: ConsumeSkb { ConsumeSkb(body) }
  /// What `skb:skb_copy_datagram_iovec` says.
  @inlinable public var skbCopyDatagram: SkbCopyDatagram { SkbCopyDatagram(body) }
}
