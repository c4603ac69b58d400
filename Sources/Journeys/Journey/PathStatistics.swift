public import Events

/// Counts over a whole recording, kept while journeys are made.
public struct PathStatistics: Sendable {
  /// Frames that entered the stack.
  public internal(set) var frames = 0
  /// Journeys by outcome, in the order of `Journey.Outcome.allCases`.
  public var outcomes: [Int] { byOutcome.indices.map { byOutcome[$0] } }
  private var byOutcome = [8 of Int](repeating: 0)
  /// Reads of received packets by applications: a packet that several sockets received counts for each that was read.
  public private(set) var deliveries = 0
  /// Journeys by completeness, in the order of `Journey.Completeness.allCases`.
  public var completeness: [Int] { byCompleteness.indices.map { byCompleteness[$0] } }
  private var byCompleteness = [4 of Int](repeating: 0)
  /// Hard interrupts, and the time in their handlers in nanoseconds.
  public internal(set) var hardInterrupts = 0
  public internal(set) var hardTime: UInt64 = 0
  /// Whether the hard interrupts are those of all devices, and not only of the recorded ones.
  public internal(set) var hasAllInterrupts = true
  /// The names of the tasks whose scheduling alone is recorded; empty where it is recorded of all.
  public private(set) var chosenTasks: [NameID] = []
  /// Soft interrupts by vector, and the time in them without hard interrupts, in nanoseconds.
  public var softInterrupts: [Int] { soft.indices.map { soft[$0].count } }
  public var softTime: [UInt64] { soft.indices.map { soft[$0].time } }
  private var soft = [10 of SoftCounts](repeating: SoftCounts())
  /// Packets handed to a device for sending, how many of them were seen to be done, and how many were dropped.
  public internal(set) var sent = 0
  public internal(set) var sentCompleted = 0
  public internal(set) var sentDropped = 0
  /// Times that a socket had no room for a packet (`sock_rcvqueue_full`), and the least memory that such a socket may use, in bytes.
  public internal(set) var fullQueues = 0
  public internal(set) var leastQueueLimit = Int32.max
  /// Packets given up because too many were in flight.
  public internal(set) var evicted = 0
  /// Drops of received packets by reason and place, at most a few hundred kinds.
  public private(set) var drops: [Drop: Int] = [:]

  /// A socket had no room for a packet.
  mutating func note(_ full: SockRcvqueueFull) {
    fullQueues += 1
    leastQueueLimit = min(leastQueueLimit, full.limit)
  }

  mutating func choose(_ task: NameID) { if !chosenTasks.contains(task), chosenTasks.count < 1024 { chosenTasks.append(task) } }

  private struct SoftCounts {
    var count = 0
    var time: UInt64 = 0
  }

  /// A reason and place of drops.
  public struct Drop: Hashable, Sendable {
    public var reason: Int32
    public var location: UInt64
  }

  /// Packets that were received, whatever became of them; fragments count with the packet they are part of.
  public var packets: Int { outcomes.reduce(0, +) - packets(Journey.Outcome.merged) }

  /// Journeys that ended as `outcome`.
  public func packets(_ outcome: Journey.Outcome) -> Int { outcomes[Journey.Outcome.allCases.firstIndex(of: outcome) ?? 0] }

  /// Journeys that are `kind`.
  public func packets(_ kind: Journey.Completeness) -> Int { completeness[Journey.Completeness.allCases.firstIndex(of: kind) ?? 0] }

  /// Statistics of nothing.
  public init() {}

  /// Takes in a journey that has ended, received or sent.
  public mutating func add(_ journey: Journey) {
    if journey.direction == .rx {
      frames += journey.copyOf == nil ? Int(journey.frames) : 0
      count(journey)
    } else {
      sent += 1
      countSent(journey)
    }
  }

  /// The same interrupts, which belong to no packet, with the packets of `selected`.
  public func withPackets(of selected: PathStatistics) -> PathStatistics {
    var result = selected
    result.hardInterrupts = hardInterrupts
    result.hardTime = hardTime
    result.soft = soft
    result.evicted = evicted
    return result
  }

  /// A soft interrupt of `vector` begins. What is in place is looked at as a span, for an inline array is copied.
  @inline(__always)
  mutating func beginSoft(_ vector: Int) {
    var soft = soft.mutableSpan
    if soft.indices.contains(vector) { soft[vector].count &+= 1 }
  }

  /// It ends, after `time` nanoseconds without hard interrupts.
  @inline(__always)
  mutating func endSoft(_ vector: Int, _ time: UInt64) {
    var soft = soft.mutableSpan
    if soft.indices.contains(vector) { soft[vector].time &+= time }
  }

  @inline(__always)
  mutating func count(_ journey: borrowing Journey) {
    if journey.outcome == .delivered { deliveries &+= 1 }
    // One packet, however many sockets receive it.
    guard journey.copyOf == nil else { return }
    var byOutcome = byOutcome.mutableSpan
    byOutcome[Self.index(journey.outcome)] &+= 1
    // A fragment is a part of a packet, not one more.
    guard journey.outcome != .merged else { return }
    var byCompleteness = byCompleteness.mutableSpan
    byCompleteness[Self.index(journey.completeness)] &+= 1
    guard journey.outcome == .dropped else { return }
    drops[Drop(reason: journey.reason, location: journey.location), default: 0] += 1
  }

  @inline(__always)
  mutating func countSent(_ journey: borrowing Journey) {
    switch journey.outcome {
    case .completed: sentCompleted += 1
    case .dropped:
      sentDropped += 1
      drops[Drop(reason: journey.reason, location: journey.location), default: 0] += 1
    default: break
    }
  }

  private static func index(_ outcome: Journey.Outcome) -> Int {
    switch outcome {
    case .delivered: 0
    case .queued: 1
    case .dropped: 2
    case .absorbed: 3
    case .forwarded: 4
    case .merged: 5
    case .completed: 6
    case .unknown: 7
    }
  }

  private static func index(_ completeness: Journey.Completeness) -> Int {
    switch completeness {
    case .complete: 0
    case .truncated: 1
    case .lost: 2
    case .ambiguous: 3
    }
  }
}
