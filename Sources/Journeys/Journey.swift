public import Events

/// The way of one received packet, as far as the recording shows it. A packet that GRO merged from several frames is one journey.
public struct Journey: Sendable {
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

  /// The number of the frame since the recording began; frames that GRO merged into another leave gaps.
  public var id = 0
  /// The address of the sk_buff, recycled as soon as it is freed.
  public var skb: UInt64 = 0
  /// The device it came in by.
  public var device = NameID.none
  /// Bytes, as netif_receive_skb says: without the Ethernet header.
  public var length: UInt32 = 0
  /// Frames on the wire that GRO merged, or IP put together, into this delivery.
  public var frames: UInt32 = 1
  /// The IP protocol, or nil where the trace cannot tell.
  public var protocolNumber: UInt16?
  /// The connection, seen from this machine.
  public var flow = FlowID.none
  /// The address of the socket, or 0 where the trace cannot tell.
  public var socket: UInt64 = 0
  public var outcome = Outcome.unknown
  /// The kernel's number of the drop reason, or -1.
  public var reason: Int32 = -1
  /// Where the kernel dropped it, or 0.
  public var location: UInt64 = 0
  public var completeness = Completeness.complete
  /// Who read it.
  public var reader: Task?
  /// Whom it woke.
  public var woke: Task?
  /// The bytes it carries within what its socket received since the trace began (TCP), or 0 up to its size (datagrams).
  public var stream: Range<Int64>?
  public var stages = StageMarks()

  init() {}

  /// The time of the first stage seen, in nanoseconds.
  public var firstTime: UInt64 { stages.inOrder.first?.mark.time ?? 0 }

  /// Nanoseconds from the first stage to the read, or nil if it was not read.
  public var total: Int64? {
    guard let read = stages[.read] else { return nil }
    return Int64(bitPattern: read.time &- firstTime)
  }
}
