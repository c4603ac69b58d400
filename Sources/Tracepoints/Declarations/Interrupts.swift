// The interrupt and its soft half: include/trace/events/irq.h and napi.h.

/// A hard interrupt's handler begins.
public struct IRQHandlerEntry: EventView {
  public let body: EventBody
  @inlinable public init(_ body: EventBody) { self.body = body }

  /// The number of the interrupt line.
  @inlinable public var irq: Int32 { body[Self.irq] }
  /// What the handler's driver calls it.
  @inlinable public var name: NameID { body.name }

  @inlinable static var irq: Slot { .first }
}

/// A hard interrupt's handler ends.
public struct IRQHandlerExit: EventView {
  public let body: EventBody
  @inlinable public init(_ body: EventBody) { self.body = body }

  /// The number of the interrupt line.
  @inlinable public var irq: Int32 { body[Self.irq] }

  @inlinable static var irq: Slot { .first }
}

/// A soft interrupt is asked for, begins or ends (class `softirq`).
public struct SoftInterrupt: EventView {
  public let body: EventBody
  @inlinable public init(_ body: EventBody) { self.body = body }

  /// Which one, as in `SoftIRQ`.
  @inlinable public var vector: Int32 { body[Self.vector] }

  @inlinable static var vector: Slot { .first }
  fileprivate static var fields: [Field] { [Field("vec", vector, .number())] }
}

/// A poll of a NAPI instance has ended.
public struct NAPIPoll: EventView {
  public let body: EventBody
  @inlinable public init(_ body: EventBody) { self.body = body }

  /// The address of the instance.
  @inlinable public var napi: UInt64 { body[Self.napi] }
  /// The device's name.
  @inlinable public var device: NameID { body.name }
  /// Packets that it took.
  @inlinable public var work: Int32 { body[Self.work] }
  /// Packets that it may take.
  @inlinable public var budget: Int32 { body[Self.budget] }

  @inlinable static var napi: Slot { .first }
  @inlinable static var work: Slot { .second }
  @inlinable static var budget: Slot { .third }
}

extension Tracepoint {
  static let irqHandlerEntry = Tracepoint(
    "irq", "irq_handler_entry", .irqHandlerEntry,
    fields: [Field("irq", IRQHandlerEntry.irq, .number()), Field("name", .name, .rest())],
    need: "the hard interrupt that announces a packet", cost: "journeys begin at the soft interrupt", filter: .interruptLines)

  static let irqHandlerExit = Tracepoint(
    "irq", "irq_handler_exit", .irqHandlerExit, fields: [Field("irq", IRQHandlerExit.irq, .number())],
    need: "how long the hard interrupt held the CPU", cost: "events inside an interrupt handler are told apart by their flags only",
    filter: .interruptLines)

  static let softirqRaise = Tracepoint(
    "irq", "softirq_raise", .softirqRaise, fields: SoftInterrupt.fields,
    need: "when the hard half asks for the soft half", cost: "the wait for the soft interrupt counts as time in the hard one",
    filter: .condition("vec == \(SoftIRQ.netRX)"))

  static let softirqEntry = Tracepoint(
    "irq", "softirq_entry", .softirqEntry, fields: SoftInterrupt.fields,
    need: "when the soft half starts, on which CPU and in whose time", cost: "waiting for the soft interrupt cannot be told from polling in it")

  static let softirqExit = Tracepoint(
    "irq", "softirq_exit", .softirqExit, fields: SoftInterrupt.fields,
    need: "when the soft half ends", cost: "what follows a soft interrupt may be counted as part of it")

  static let napiPoll = Tracepoint(
    "napi", "napi_poll", .napiPoll,
    fields: [
      Field("napi", NAPIPoll.napi, .address("struct ")), Field("dev_name", .name, .word("device ")),
      Field("work", NAPIPoll.work, .number("work ")), Field("budget", NAPIPoll.budget, .number("budget "))
    ],
    need: "how many packets one poll of a driver took, and from which device",
    cost: "batches of packets cannot be shown, and threaded NAPI is not recognised")
}

extension EventBody {
  /// What `irq:irq_handler_entry` says.
  public static func irqHandlerEntry(irq: Int32, name: NameID) -> EventBody { EventBody(.irqHandlerEntry, name).with(IRQHandlerEntry.irq, irq) }
  /// What `irq:irq_handler_exit` says.
  public static func irqHandlerExit(irq: Int32) -> EventBody { EventBody(.irqHandlerExit).with(IRQHandlerExit.irq, irq) }
  /// What `irq:softirq_raise` says.
  public static func softirqRaise(vector: Int32) -> EventBody { EventBody(.softirqRaise).with(SoftInterrupt.vector, vector) }
  /// What `irq:softirq_entry` says.
  public static func softirqEntry(vector: Int32) -> EventBody { EventBody(.softirqEntry).with(SoftInterrupt.vector, vector) }
  /// What `irq:softirq_exit` says.
  public static func softirqExit(vector: Int32) -> EventBody { EventBody(.softirqExit).with(SoftInterrupt.vector, vector) }

  /// What `napi:napi_poll` says.
  public static func napiPoll(napi: UInt64, device: NameID, work: Int32, budget: Int32) -> EventBody {
    EventBody(.napiPoll, device).with(NAPIPoll.napi, napi).with(NAPIPoll.work, work).with(NAPIPoll.budget, budget)
  }
}

extension Event {
  /// The values of the event that the property is named after, as below for every tracepoint.
  @inlinable public var irqHandlerEntry: IRQHandlerEntry { IRQHandlerEntry(body) }
  /// What `irq:irq_handler_exit` says.
  @inlinable public var irqHandlerExit: IRQHandlerExit { IRQHandlerExit(body) }
  /// What `irq:softirq_raise` says.
  @inlinable public var softirqRaise: SoftInterrupt { SoftInterrupt(body) }
  /// What `irq:softirq_entry` says.
  @inlinable public var softirqEntry: SoftInterrupt { SoftInterrupt(body) }
  /// What `irq:softirq_exit` says.
  @inlinable public var softirqExit: SoftInterrupt { SoftInterrupt(body) }
  /// What `napi:napi_poll` says.
  @inlinable public var napiPoll: NAPIPoll { NAPIPoll(body) }
}
