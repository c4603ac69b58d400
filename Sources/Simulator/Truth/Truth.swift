public import Events
public import Journeys

/// What really happened in a simulated machine, packet by packet.
public final class Truth {
  /// Frames and packets that reached the stack, in order; those that GRO merged into another say so.
  public internal(set) var received: [ReceivedTruth] = []
  /// Packets handed to a device, in order.
  public internal(set) var sent: [SentTruth] = []

  func add(_ truth: ReceivedTruth) { received.append(truth) }
}

/// A task that a packet woke.
public final class Waking {
  public let pid: Int32
  let mark: Mark
  /// When it got a CPU; nil if it had not been away, or never did.
  var running: Mark?

  init(pid: Int32, mark: Mark) {
    self.pid = pid
    self.mark = mark
  }

  public var time: UInt64 { mark.time }
  public var runningTime: UInt64? { running?.time }
}

/// Packets that were handed to the protocols together.
final class BatchTruth {
  var count = 0
  /// Whether one of them waited in a socket's backlog, or was consumed, without an event.
  var hasSilent = false
}

/// The life of one received frame or packet.
public final class ReceivedTruth {
  public let address: UInt64
  public let device: String
  /// Bytes as netif_receive_skb says them.
  public internal(set) var length: Int
  public internal(set) var frames = 1
  /// When each stage was reached, in nanoseconds.
  public private(set) var stages: [Stage: UInt64] = [:]
  /// nil while the machine has not come to an end with it.
  public private(set) var outcome: Journey.Outcome?
  public internal(set) var socket: UInt64 = 0
  public internal(set) var protocolNumber: UInt16?
  /// The task that read it.
  public internal(set) var reader: Int32?
  public internal(set) var wakings: [Waking] = []
  /// Bytes of the stream, or 0 up to the datagram's size.
  public internal(set) var stream: Range<Int64>?
  /// The packet of this machine that it was when it was sent.
  public internal(set) var follows: SentTruth?
  /// TCP merged it into another packet without an event while it waited in a socket's backlog.
  public internal(set) var isMergedInBacklog = false
  /// While it waited to be read, TCP had data that it had not announced: below SO_RCVLOWAT, or before bytes that precede them.
  public internal(set) var isOrderHidden = false
  /// It waited in a socket's backlog.
  public internal(set) var isBacklogged = false
  /// A segment without data, as others of its connection are.
  public internal(set) var isEmpty = false
  /// The packets that were handed to the protocols together.
  var batch: BatchTruth?
  /// The stack consumed it without an event that names it or stands in its context.
  public internal(set) var isSilent = false
  var isFromBacklog = false
  /// Bytes of the stream it carries, where its packet has others' data, too.
  var payload: Int?

  init(_ address: UInt64, device: String, length: Int) {
    self.address = address
    self.device = device
    self.length = length
  }

  func mark(_ stage: Stage, _ mark: Mark?) { if let mark { stages[stage] = mark.time } }

  /// Marks `stage` if it came after the packet entered the stack.
  func markLate(_ stage: Stage, _ mark: Mark) { if mark.time > stages[.gro] ?? 0 { stages[stage] = mark.time } }

  func end(_ outcome: Journey.Outcome) { if self.outcome == nil { self.outcome = outcome } }

  /// GRO put this frame into `head`.
  func merge(into head: ReceivedTruth) {
    end(.merged)
    head.frames += 1
  }
}

/// The life of one packet on its way out.
public final class SentTruth {
  public let address: UInt64
  public let device: String
  public internal(set) var stages: [Stage: UInt64] = [:]
  public internal(set) var frames = 0
  /// The task whose call sent it.
  public internal(set) var sender: Int32?
  /// The received packet that it answers.
  public internal(set) var follows: ReceivedTruth?
  var openFrames = 0

  init(_ address: UInt64, device: String) {
    self.address = address
    self.device = device
  }

  /// Whether the device is done with every part of it.
  public var isCompleted: Bool { openFrames == 0 && stages[.complete] != nil }

  func complete(_ mark: Mark) {
    openFrames -= 1
    stages[.complete] = mark.time
  }
}
