/// One event of the network path, decoded: plain numbers, names as ids. Views say what they mean (`event.netifReceiveSkb.length`).
public struct Event: Sendable {
  /// What happened. It stands first so that the small fields fill the room behind it.
  public var body: EventBody
  /// What that CPU was doing.
  public var flags: ContextFlags
  /// The CPU that wrote it.
  public var cpu: Int32
  /// The task that was current on that CPU.
  public var pid: Int32
  /// The number of the event in its recording; it orders events of equal time.
  public var order: UInt32 = 0
  /// Nanoseconds of the trace's clock.
  public var time: UInt64

  public init(time: UInt64, cpu: Int32, pid: Int32, flags: ContextFlags, body: EventBody) {
    self.time = time
    self.cpu = cpu
    self.pid = pid
    self.flags = flags
    self.body = body
  }

  public typealias Body = EventBody
  public typealias Kind = EventBody.Kind

  /// What happened.
  @inlinable public var kind: EventBody.Kind { body.kind }
  /// The device, interrupt or task that it names, if it has a name.
  @inlinable public var name: NameID { body.name }
}

/// `common_flags` of an event (include/linux/trace_events.h): the context it was written in.
///
/// Its constants, and those below, are computed: one that is stored costs a call in every other module.
public struct ContextFlags: OptionSet, Sendable {
  public let rawValue: UInt8
  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Inside a hard interrupt handler.
  @inlinable public static var hardirq: ContextFlags { ContextFlags(rawValue: 0x08) }
  /// Serving a soft interrupt (not merely with bottom halves disabled).
  @inlinable public static var softirq: ContextFlags { ContextFlags(rawValue: 0x10) }
  /// Bottom halves are disabled (kernel 6.1 and later).
  @inlinable public static var bottomHalvesOff: ContextFlags { ContextFlags(rawValue: 0x80) }
}
