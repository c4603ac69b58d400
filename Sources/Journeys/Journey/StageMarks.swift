public import Events

/// One stage of a journey: when and where it was seen, by which event, and how sure that is. 16 bytes, for a journey has many.
public struct StageMark: Sendable {
  /// Nanoseconds of the trace's clock.
  public var time: UInt64
  /// The number of the event, which orders events of equal time.
  var order: UInt32 = 0
  public var cpu: Int16
  public var evidence: Evidence
  /// `context` in the upper half, `link` in the lower.
  private var contextAndLink: UInt8

  @inline(__always)
  init(_ event: Event, _ evidence: Evidence, _ link: Link) {
    self.init(time: event.time, cpu: event.cpu, context: event.context, evidence: evidence, link: link)
    order = event.order
  }

  init(time: UInt64, cpu: Int32, context: ExecutionContext, evidence: Evidence, link: Link) {
    self.time = time
    self.cpu = Int16(truncatingIfNeeded: cpu)
    self.evidence = evidence
    contextAndLink = context.rawValue << 4 | link.rawValue
  }

  public var context: ExecutionContext { ExecutionContext(rawValue: contextAndLink >> 4) ?? .process }

  public var link: Link {
    get { Link(rawValue: contextAndLink & 15) ?? .inferred }
    set { contextAndLink = contextAndLink & 0xf0 | newValue.rawValue }
  }
}

extension Event {
  /// What the CPU was doing, from the event's flags.
  public var context: ExecutionContext {
    flags.contains(.hardirq) ? .hardirq : flags.contains(.softirq) ? .softirq : .process
  }
}

/// The stages of a journey that were seen.
public struct StageMarks: Sendable {
  private var marks = [12 of StageMark](repeating: StageMark(time: 0, cpu: 0, context: .process, evidence: .softirqEntry, link: .exact))
  private var present: UInt32 = 0

  /// The mark of `stage`, or nil where it was not seen.
  public subscript(stage: Stage) -> StageMark? {
    @inline(__always) borrowing get {
      guard present & (1 << UInt32(stage.rawValue)) != 0 else { return nil }
      return marks.span[Self.place(stage)]
    }
    @inline(__always) set {
      if let newValue {
        marks[Self.place(stage)] = newValue
        present |= 1 << UInt32(stage.rawValue)
      } else {
        present &= ~(1 << UInt32(stage.rawValue))
      }
    }
  }

  /// Forgets all stages.
  mutating func removeAll() { present = 0 }

  /// A journey goes one way, so the stages of sending share the places of the first stages of receiving.
  private static func place(_ stage: Stage) -> Int {
    Int(stage.rawValue < Stage.send.rawValue ? stage.rawValue : stage.rawValue - Stage.send.rawValue)
  }

  /// Whether `stage` was seen.
  public borrowing func has(_ stage: Stage) -> Bool { present & (1 << UInt32(stage.rawValue)) != 0 }

  /// The stages seen, in order of time; stages of equal time in the order in which they were written.
  public var inOrder: [(stage: Stage, mark: StageMark)] {
    let order = times
    return (0..<order.count).map { (order.stages[$0], marks[Self.place(order.stages[$0])]) }
  }

  /// The same without the marks.
  public var times: StageTimes {
    var times = StageTimes()
    read(into: &times)
    return times
  }

  /// Replaces `times` by those of the stages seen.
  @inline(__always)
  borrowing func read(into times: inout StageTimes) { times.read(marks.span, present) { Self.place($0) } }
}

/// When a journey came to which stage, in order of time.
public struct StageTimes: Sendable {
  /// How many stages there are.
  public private(set) var count = 0
  /// The stages; only the first `count` count.
  public private(set) var stages = [12 of Stage](repeating: .posted)
  /// Their times, in nanoseconds.
  public private(set) var times = [12 of UInt64](repeating: 0)

  /// Of no stage yet.
  public init() {}

  /// Where the packet's own way begins: a buffer is posted long before there is a packet for it.
  public var arrival: Int { count > 0 && stages[0] == .posted ? 1 : 0 }

  /// Takes the stages whose bits are in `present`, each from its place in `marks`, and puts it behind all that are not later: twelve at most,
  /// nearly in order. Stages of equal time stand in the order in which they were written.
  @inline(__always)
  fileprivate mutating func read(_ marks: Span<StageMark>, _ present: UInt32, _ place: (Stage) -> Int) {
    var (left, filled) = (present, 0)
    // An inline array is copied for each look at it, a span is not.
    var stages = stages.mutableSpan
    var times = times.mutableSpan
    while left != 0 {
      let number = left.trailingZeroBitCount
      left &= left &- 1
      guard let stage = Stage(rawValue: UInt8(truncatingIfNeeded: number)) else { continue }
      let mark = marks[place(stage)]
      var at = filled
      while at > 0, mark.time <= times[at &- 1] {
        if mark.time == times[at &- 1], mark.order >= marks[place(stages[at &- 1])].order { break }
        (stages[at], times[at]) = (stages[at &- 1], times[at &- 1])
        at &-= 1
      }
      (stages[at], times[at]) = (stage, mark.time)
      filled &+= 1
    }
    count = filled
  }
}
