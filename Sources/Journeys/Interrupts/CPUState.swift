internal import Events

/// A hard interrupt that asked for NET_RX, or came while NET_RX ran, when asking leaves no event (kernel 6.4 and later).
struct RaisedInterrupt {
  var irq: Int32
  var entry: StageMark
  /// nil where it came while NET_RX ran.
  var raise: StageMark?
  var isClaimed = false

  /// Whether no poll has it, and it came behind `time`.
  func isOpen(since time: UInt64) -> Bool { !isClaimed && entry.time > time }
}

/// The interrupt that announces a NAPI instance, and how often that fitted.
struct Announcer: BitwiseCopyable {
  var irq: Int32
  var votes: Int32
}

/// What one CPU is doing, as far as packets depend on it.
struct CPUState {
  /// A handler that runs.
  struct Handler {
    var irq: Int32 = 0
    var entry = StageMark(time: 0, cpu: 0, context: .hardirq, evidence: .irqHandlerEntry, link: .ordered)
    var hasRaised = false
  }

  /// Handlers nest two or three deep.
  private var handlers = [8 of Handler](repeating: Handler())
  private var depth = 0
  /// The handler that ended last, until the next begins: its thread is woken behind its end (`__handle_irq_event_percpu`).
  private(set) var ended: Handler?
  /// Interrupts that asked for NET_RX and whose packets have not been seen yet.
  var raised: [RaisedInterrupt] = []
  /// The first request for NET_RX since it last began.
  var pendingRaise: StageMark?
  /// The request that the running NET_RX answers.
  var raise: StageMark?
  /// Whether NET_RX asked for itself before it began, and before the next.
  var hasOwnRaise = false
  var hasPendingOwnRaise = false
  /// The beginning of the running NET_RX.
  var softirq: StageMark?
  /// What is known of why the pending and the running NET_RX came late.
  var pendingConditions: Conditions = []
  var conditions: Conditions = []
  /// Whether any NET_RX has been seen to begin: before that, the recording began inside one.
  var hasSeenSoftirq = false
  /// The poll of a NAPI instance.
  struct Poll {
    var napi: UInt32
    /// What it was announced by.
    var interrupt: RaisedInterrupt?
    /// Whether that instance was polled before since NET_RX began.
    var isRepeated: Bool
  }
  /// The one that runs.
  var poll: Poll?
  /// The packet on its way out that was just split into segments.
  var splitting = PacketRef.none
  /// What the packet said of itself with which a driver was called last.
  var sentHeader = PacketHeader(skb: 0)
  /// Heads that GRO holds.
  var held: [PacketRef] = []
  /// Frames merged into one of several held heads.
  var mergedFrames = 0
  /// Vector and begin of the soft interrupt that runs, and hard interrupt time inside it, in nanoseconds.
  var vector: (number: Int, begin: UInt64, hardTime: UInt64)?

  /// The innermost running handler.
  var handler: Handler? { depth > 0 ? handlers.span[depth &- 1] : nil }

  /// Whether any runs.
  var isInHandler: Bool { depth > 0 }

  mutating func enter(_ handler: Handler) {
    // More means that their exits are missing.
    let place = depth < handlers.count ? depth : 0
    (depth, ended) = (place &+ 1, nil)
    var room = handlers.mutableSpan
    room[place] = handler
  }

  mutating func exit(_ irq: Int32) -> Handler? {
    var place = depth &- 1
    while place >= 0, handlers.span[place].irq != irq { place &-= 1 }
    guard place >= 0 else { return nil }
    let handler = handlers.span[place]
    (depth, ended) = (place, handler)
    return handler
  }

  /// The innermost handler asked for NET_RX.
  mutating func noteRaise() {
    let innermost = depth &- 1
    guard innermost >= 0 else { return }
    var room = handlers.mutableSpan
    room[innermost].hasRaised = true
  }

  /// NET_RX begins.
  mutating func beginReceiving(_ mark: StageMark) {
    softirq = mark
    raise = pendingRaise
    pendingRaise = nil
    hasOwnRaise = hasPendingOwnRaise
    hasPendingOwnRaise = false
    conditions = pendingConditions
    pendingConditions = []
    poll = nil
    hasSeenSoftirq = true
  }

  /// NET_RX ends, at `time` in nanoseconds.
  mutating func endReceiving(_ time: UInt64) {
    // Interrupts from before this run announced polls that found no packet (a transmit queue, for example).
    let begin = softirq?.time ?? time
    if !raised.isEmpty { raised.removeAll { $0.isClaimed || $0.entry.time < begin } }
    softirq = nil
    raise = nil
    poll = nil
  }

  /// Whether an interrupt later than `time` has not been given to a poll.
  func hasUnclaimedInterrupt(after time: UInt64) -> Bool { raised.contains { !$0.isClaimed && $0.entry.time > time } }

  /// Remembers an interrupt until its packets are seen.
  mutating func remember(_ interrupt: RaisedInterrupt) {
    if raised.count >= Self.raisedLimit { raised.removeFirst() }
    raised.append(interrupt)
  }

  /// A CPU has few network interrupts pending at once; more are left over from before a loss.
  private static let raisedLimit = 64

  /// Forgets everything that lost events make doubtful.
  mutating func reset() {
    let seen = hasSeenSoftirq
    self = CPUState()
    hasSeenSoftirq = seen
  }
}
