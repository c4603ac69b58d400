internal import Events

/// A hard interrupt that asked for NET_RX, or came while NET_RX ran, when asking leaves no event (kernel 6.4 and later).
struct RaisedInterrupt {
  /// Its number.
  var irq: Int32
  /// When its handler began.
  var entry: StageMark
  /// When it asked for NET_RX; nil where it came while NET_RX ran.
  var raise: StageMark?
  /// Whether a poll has been found to be its consequence.
  var hasPoll = false

  /// Whether no poll has it, and it came behind `time` in nanoseconds.
  func isOpen(since time: UInt64) -> Bool { !hasPoll && entry.time > time }
}

/// A handler of a hard interrupt.
struct InterruptHandler {
  /// The number of the interrupt.
  var irq: Int32 = 0
  /// When it began.
  var entry = StageMark(time: 0, cpu: 0, context: .hardirq, evidence: .irqHandlerEntry, link: .ordered)
  /// Whether it has asked for NET_RX.
  var hasRaised = false
}

/// The handlers that run on one CPU; they nest two or three deep.
struct HandlerStack {
  private var handlers = [8 of InterruptHandler](repeating: InterruptHandler())
  private var depth = 0
  /// The handler that ended last, until the next begins: its thread is woken behind its end (`__handle_irq_event_percpu`).
  private(set) var ended: InterruptHandler?

  /// The innermost running handler.
  var innermost: InterruptHandler? { depth > 0 ? handlers.span[depth &- 1] : nil }

  /// Whether none runs.
  var isEmpty: Bool { depth == 0 }

  /// A handler begins.
  mutating func push(_ handler: InterruptHandler) {
    // More means that their exits are missing.
    let place = depth < handlers.count ? depth : 0
    (depth, ended) = (place &+ 1, nil)
    var room = handlers.mutableSpan
    room[place] = handler
  }

  /// The handler of `irq` ends, and with it those inside it; nil if none of it runs.
  mutating func pop(_ irq: Int32) -> InterruptHandler? {
    var place = depth &- 1
    while place >= 0, handlers.span[place].irq != irq { place &-= 1 }
    guard place >= 0 else { return nil }
    let handler = handlers.span[place]
    (depth, ended) = (place, handler)
    return handler
  }

  /// The innermost handler asks for NET_RX.
  mutating func noteRaise() {
    let innermost = depth &- 1
    guard innermost >= 0 else { return }
    var room = handlers.mutableSpan
    room[innermost].hasRaised = true
  }
}
