public import Events

/// The way of one received packet, as far as the recording shows it. A packet that GRO merged from several frames is one journey.
public struct Journey: Sendable {
  /// Which way a packet goes.
  public enum Direction: String, Sendable, CaseIterable {
    case rx, tx
  }

  /// What became of a packet.
  public enum Outcome: String, Sendable, CaseIterable {
    /// An application read it.
    case delivered
    /// It was ready for an application that did not read it before the trace ended.
    case queued
    /// The kernel threw it away.
    case dropped
    /// The stack consumed it: an ACK, ARP, an echo, a handshake.
    case absorbed
    /// It went out by another device.
    case forwarded
    /// It is a fragment that IP put together with others; the packet that was delivered is the one of the last fragment.
    case merged
    /// It was sent, and the device is done with it.
    case completed
    /// Nothing was seen that tells.
    case unknown
  }

  /// Whether the recording holds the whole journey.
  public enum Completeness: String, Sendable, CaseIterable {
    case complete
    /// The recording began or ended inside it.
    case truncated
    /// Events were lost inside it.
    case lost
    /// Two packets fit the evidence.
    case ambiguous
  }

  /// A task and the name it had then.
  public struct Task: Sendable, Equatable {
    public var pid: Int32
    public var comm: NameID

    public init(pid: Int32, comm: NameID) {
      self.pid = pid
      self.comm = comm
    }
  }

  /// The number of the frame or sent packet since the recording began; frames that GRO merged into another leave gaps.
  public var id = 0
  public var direction = Direction.rx
  /// The address of the sk_buff, recycled as soon as it is freed.
  public var skb: UInt64 = 0
  /// The device it came in or went out by.
  public var device = NameID.none
  /// Bytes: without the Ethernet header where it was received (netif_receive_skb), with it where it was sent (net_dev_queue).
  public var length: UInt32 = 0
  /// The id of the journey of the same packet's first delivery, or nil if this is it: several sockets may receive one packet, each a copy of
  /// its own (multicast, raw sockets), and UDP may cut one packet into several datagrams for a socket without UDP_GRO.
  public var copyOf: Int?
  /// How many IP fragments the packet was put together from; 0 for a whole one.
  public var fragments: UInt32 = 0
  /// Frames on the wire that GRO merged, or IP put together, into this delivery, or that this packet was split into before the driver.
  public var frames: UInt32 = 1
  /// The IP protocol, or nil where the trace cannot tell.
  public var protocolNumber: UInt16?
  /// The connection, seen from this machine.
  public var flow = FlowID.none
  /// What its own headers say, or nil where they were not recorded. Frames that GRO merged have those of the first.
  public var header: PacketHeader?
  /// The address of the socket, or 0 where the trace cannot tell.
  public var socket: UInt64 = 0
  public var outcome = Outcome.unknown
  /// Whether no event shows the outcome, nor which packet it is of: the stack takes some packets in silence, and IP fragments without headers are
  /// told by their lengths.
  public var isOutcomeInferred = false
  /// The kernel's number of the drop reason, or -1.
  public var reason: Int32 = -1
  /// Where the kernel dropped it, or 0.
  public var location: UInt64 = 0
  public var completeness = Completeness.complete
  /// Who read it.
  public var reader: Task?
  /// Whom it woke.
  public var woke: Task?
  /// Who sent it.
  public var sender: Task?
  /// The id of the packet it follows from: for a received one, the packet a local device sent; for a sent one, the received packet that
  /// it answers (an ACK) or that is forwarded.
  public var follows: Int?
  /// The bytes it carries within what its socket received since the trace began (TCP), or 0 up to its size (datagrams).
  public var stream: Range<Int64>?
  public var stages = StageMarks()
  /// What else was noticed about it.
  public var conditions: Conditions = []

  init() {}

  /// The journey of a further delivery of the same packet: what both share, up to where the packet was received, under the number `id`.
  func copy(numbered id: Int) -> Journey {
    var copy = self
    (copy.id, copy.copyOf) = (id, copyOf ?? self.id)
    for stage in [Stage.transport, .ready, .waking, .running, .read] { copy.stages[stage] = nil }
    (copy.reader, copy.woke, copy.stream) = (nil, nil, nil)
    return copy
  }

  /// The same as a new one with this address, in fewer steps.
  mutating func begin(at address: UInt64) {
    (id, direction, skb, device, length, frames, protocolNumber, flow) = (0, .rx, address, .none, 0, 1, nil, .none)
    (header, socket, outcome, reason, location, completeness) = (nil, 0, .unknown, -1, 0, .complete)
    (reader, woke, sender, follows, stream, conditions) = (nil, nil, nil, nil, nil, [])
    (copyOf, fragments, isOutcomeInferred) = (nil, 0, false)
    stages.removeAll()
  }

  /// The stages from the first sign of the packet on: a buffer is posted long before there is a packet for it.
  public var stagesSinceArrival: [(stage: Stage, mark: StageMark)] {
    let stages = stages.inOrder
    return stages.first?.stage == .posted ? Array(stages.dropFirst()) : stages
  }

  /// Replaces `times` by when it came to which stage.
  public func read(into times: inout StageTimes) { stages.read(into: &times) }

  /// The time of the first sign of the packet, in nanoseconds.
  public var firstTime: UInt64 {
    let stages = stages.times
    return stages.arrival < stages.count ? stages.times[stages.arrival] : 0
  }

  /// Nanoseconds from the first sign to the read, or nil if it was not read.
  public var total: Int64? {
    guard let read = stages[.read] else { return nil }
    return Int64(bitPattern: read.time &- firstTime)
  }
}
