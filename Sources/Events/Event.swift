/// One event of the network path, decoded: plain numbers, names as ids. `body` says what they mean.
///
/// It lies flat, so that a decoder fills it field by field in the same steps whatever happened, and a reader takes the numbers it needs.
public struct Event: Sendable {
  /// Nanoseconds of the trace's clock.
  public var time: UInt64
  /// The CPU that wrote it.
  public var cpu: Int32
  /// The task that was current on that CPU.
  public var pid: Int32
  /// The number of the event in its recording; it orders events of equal time.
  public var order: UInt32 = 0
  /// What is no number of its own in a packet's header, and whether a gap says how many events were lost.
  var detail: UInt32 = 0
  /// The device, interrupt or task that it names, if its `body` has a name.
  public internal(set) var name = NameID.none
  /// What that CPU was doing.
  public var flags: ContextFlags
  /// What happened.
  public internal(set) var kind = Kind.windowEnds
  /// The values of its `body` but the name, in their order; signed ones are widened with their sign. Further ones mean nothing, for an event
  /// in a batch keeps what another had there.
  public internal(set) var numbers: (UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0)

  public init(time: UInt64, cpu: Int32, pid: Int32, flags: ContextFlags, body: Body) {
    self.time = time
    self.cpu = cpu
    self.pid = pid
    self.flags = flags
    self.body = body
  }
}

/// Events that lie side by side, to be filled over and over.
public struct EventBatch: Sendable {
  /// The events, and behind them room for more.
  public internal(set) var events: [Event]
  /// How many there are.
  public internal(set) var count = 0
  /// How many events there were before the first of them.
  var before: UInt32 = 0

  /// A batch for `EventStream.next` to fill, with room for `capacity` events or a few more.
  public init(capacity: Int = Self.step) {
    events = Array(
      repeating: Event(time: 0, cpu: 0, pid: 0, flags: [], body: .windowEnds), count: max(capacity, Self.step) + Self.heldLimit)
  }

  /// So many events at once still lie in a cache near the processor when they are looked at, and the loops that decode and follow them take
  /// turns seldom enough.
  public static let step = 1024

  /// So many events at most are held for the next batch.
  static let heldLimit = 16

  /// There is room for so many more.
  var room: Int { events.count &- count }

  /// Event `index` of them.
  @inlinable public subscript(index: Int) -> Event { events[index] }

  /// Puts `event` where event `place` is, which moves behind it with all others.
  mutating func insert(_ event: Event, at place: Int) {
    append(event)
    for index in stride(from: count &- 1, to: place, by: -1) { events[index] = events[index &- 1] }
    events[place] = event
    for index in place..<count { events[index].order = before &+ UInt32(truncatingIfNeeded: index) &+ 1 }
  }

  mutating func append(_ event: Event) {
    events[count] = event
    events[count].order = before &+ UInt32(truncatingIfNeeded: count) &+ 1
    count &+= 1
  }
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

/// The kernel's soft interrupt vectors (`enum` in include/linux/interrupt.h).
public enum SoftIRQ {
  @inlinable public static var netTX: Int32 { 2 }
  @inlinable public static var netRX: Int32 { 3 }
  /// Names by number.
  public static let names = ["HI", "TIMER", "NET_TX", "NET_RX", "BLOCK", "IRQ_POLL", "TASKLET", "SCHED", "HRTIMER", "RCU"]
}

/// A packet that enters the stack: what `net_dev_rx_verbose_template` (include/trace/events/net.h) says of it.
public struct Arrival: Sendable {
  /// The address of the sk_buff.
  public var skb: UInt64
  public var device: NameID
  /// The id of the NAPI instance that polled it, or 0.
  public var napi: UInt32
  /// Bytes without the Ethernet header.
  public var length: UInt32

  public init(skb: UInt64, device: NameID, napi: UInt32, length: UInt32) {
    self.skb = skb
    self.device = device
    self.napi = napi
    self.length = length
  }
}

extension Event {
  /// TCP states (include/net/tcp_states.h).
  public enum TCPState {
    @inlinable public static var established: Int32 { 1 }
    @inlinable public static var synSent: Int32 { 2 }
    @inlinable public static var synReceived: Int32 { 3 }
    @inlinable public static var finWait1: Int32 { 4 }
    @inlinable public static var finWait2: Int32 { 5 }
    @inlinable public static var close: Int32 { 7 }
    @inlinable public static var closeWait: Int32 { 8 }
    @inlinable public static var lastACK: Int32 { 9 }
    @inlinable public static var listen: Int32 { 10 }
  }

  /// IP protocol numbers.
  public enum IPProtocol {
    @inlinable public static var icmp: UInt16 { 1 }
    @inlinable public static var tcp: UInt16 { 6 }
    @inlinable public static var udp: UInt16 { 17 }
    @inlinable public static var icmpv6: UInt16 { 58 }
  }

  /// Address families (include/linux/socket.h).
  public enum AddressFamily {
    @inlinable public static var inet: UInt16 { 2 }
    @inlinable public static var inet6: UInt16 { 10 }
  }
}
