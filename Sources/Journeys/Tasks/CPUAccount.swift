public import Events

/// Who holds one CPU, as its events show it: a task, the soft interrupt that runs in its place, and the interrupt handlers in that.
///
/// The one account for timelines, claims and experiments. The rules about nesting and switches keep their own, for they doubt what this one
/// takes for granted.
public struct CPUAccount: Sendable {
  /// What holds a CPU.
  public enum Holder: Hashable, Sendable {
    case hardirq(Int32, NameID)
    case softirq(Int32)
    case task(Int32, NameID)
  }

  /// What an event has ended; times in nanoseconds.
  public enum Ended: Sendable, Equatable {
    /// The outermost handler; with those inside it.
    case handlers(time: UInt64)
    /// A soft interrupt; `time` is without the handlers that ran inside it.
    case softInterrupt(vector: Int32, begin: UInt64, time: UInt64)
  }

  private struct Handler {
    var irq: Int32 = 0
    var name = NameID.none
  }

  /// Handlers nest two or three deep.
  private var handlers = [8 of Handler](repeating: Handler())
  private var depth = 0
  /// When the outermost handler began.
  private var handlersBegin: UInt64 = 0
  /// The soft interrupt that runs, or -1; when it began, and the time of handlers in it.
  private var vector: Int32 = -1
  private var softBegin: UInt64 = 0
  private var hardInside: UInt64 = 0
  private var task: (pid: Int32, comm: NameID)?
  /// When its last event was written, in nanoseconds of the trace's clock.
  public private(set) var since: UInt64 = 0

  /// Of a CPU of which nothing is known yet.
  public init() {}

  /// What holds it since its last event, or nil where that is not known.
  public var holder: Holder? {
    if depth > 0 {
      let innermost = handlers.span[depth &- 1]
      return .hardirq(innermost.irq, innermost.name)
    }
    if vector >= 0 { return .softirq(vector) }
    return task.map { .task($0.pid, $0.comm) }
  }

  /// Whether an interrupt handler runs.
  public var isInHandler: Bool { depth > 0 }

  /// Takes in the CPU's next event; what it ended, if it did.
  @discardableResult
  public mutating func observe(_ event: Event) -> Ended? {
    defer { since = event.time }
    switch event.kind {
    case .irqHandlerEntry: enter(Handler(irq: event.irqHandlerEntry.irq, name: event.irqHandlerEntry.name), event.time)
    case .irqHandlerExit: return leave(event.time)
    case .softirqEntry: (vector, softBegin, hardInside) = (event.softirqEntry.vector, event.time, 0)
    case .softirqExit:
      guard vector >= 0 else { return nil }
      defer { vector = -1 }
      return .softInterrupt(vector: vector, begin: softBegin, time: event.time.since(softBegin).since(hardInside))
    case .schedSwitch: task = (event.schedSwitch.next, event.schedSwitch.nextComm)
    case .gap: self = CPUAccount()
    default: if task == nil { task = (event.pid, .none) }
    }
    return nil
  }

  private mutating func enter(_ handler: Handler, _ time: UInt64) {
    if depth == 0 { handlersBegin = time }
    guard depth < handlers.count else { return }
    var room = handlers.mutableSpan
    room[depth] = handler
    depth &+= 1
  }

  private mutating func leave(_ time: UInt64) -> Ended? {
    guard depth > 0 else { return nil }
    depth &-= 1
    guard depth == 0 else { return nil }
    if vector >= 0 { hardInside &+= time.since(max(handlersBegin, softBegin)) }
    return .handlers(time: time.since(handlersBegin))
  }
}
