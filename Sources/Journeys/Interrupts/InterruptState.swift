internal import Events

/// What the interrupts of one CPU are doing, as far as packets depend on it.
struct InterruptState {
  /// The handlers that run.
  var handlers = HandlerStack()
  /// Interrupts that asked for NET_RX and whose packets have not been seen yet.
  private(set) var raised: [RaisedInterrupt] = []
  /// The first request for NET_RX since it last began.
  private var pendingRaise: StageMark?
  /// The request that the running NET_RX answers.
  private(set) var raise: StageMark?
  /// Whether NET_RX asked for itself before it began, and before the next.
  private(set) var hasOwnRaise = false
  var hasPendingOwnRaise = false
  /// The beginning of the running NET_RX.
  private(set) var softirq: StageMark?
  /// What is known of why the pending and the running NET_RX came late.
  var pendingConditions: Conditions = []
  var conditions: Conditions = []
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
  /// Vector and begin of the soft interrupt that runs, and hard interrupt time inside it, in nanoseconds.
  var vector: (number: Int, begin: UInt64, hardTime: UInt64)?

  /// NET_RX is asked for.
  mutating func request(_ mark: StageMark) {
    // Several requests before one run: which of them it was for is not told.
    if pendingRaise == nil { pendingRaise = mark } else { pendingRaise?.link = .inferred }
    if vector != nil { pendingConditions.insert(.softirqBusy) }
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
  }

  /// NET_RX ends, at `time` in nanoseconds.
  mutating func endReceiving(_ time: UInt64) {
    // Interrupts from before this run announced polls that found no packet (a transmit queue, for example).
    let begin = softirq?.time ?? time
    if !raised.isEmpty { raised.removeAll { $0.hasPoll || $0.entry.time < begin } }
    softirq = nil
    raise = nil
    poll = nil
  }

  /// Whether an interrupt later than `time` has not been given to a poll.
  func hasOpenInterrupt(after time: UInt64) -> Bool { raised.contains { $0.isOpen(since: time) } }

  /// Remembers an interrupt until its packets are seen.
  mutating func remember(_ interrupt: RaisedInterrupt) {
    if raised.count >= Self.raisedLimit { raised.removeFirst() }
    raised.append(interrupt)
  }

  /// The interrupt of `handler` is served by a thread: what the handler has to ask for, its thread asks for.
  mutating func forgetInterrupt(of handler: InterruptHandler) {
    raised.removeAll { $0.raise == nil && $0.entry.time == handler.entry.time }
  }

  /// A poll is the consequence of interrupt `index` of those raised.
  mutating func assignToPoll(_ index: Int) -> RaisedInterrupt {
    raised[index].hasPoll = true
    return raised[index]
  }

  /// A CPU has few network interrupts pending at once; more are left over from before a loss.
  private static let raisedLimit = 64
}
