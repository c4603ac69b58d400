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
    @inline(__always) borrowing get { timesInOrder() }
  }

  @inline(__always)
  private borrowing func timesInOrder() -> StageTimes {
    let marks = marks.span
    var times = StageTimes()
    var left = present
    while left != 0 {
      let number = left.trailingZeroBitCount
      left &= left &- 1
      guard let stage = Stage(rawValue: UInt8(truncatingIfNeeded: number)) else { continue }
      let mark = marks[Self.place(stage)]
      times.insert(stage, mark.time, mark.order)
    }
    return times
  }
}

/// When a journey came to which stage, in order of time.
public struct StageTimes: Sendable {
  /// How many stages there are.
  public private(set) var count = 0
  /// The stages; only the first `count` count.
  public private(set) var stages = [12 of Stage](repeating: .posted)
  /// Their times, in nanoseconds.
  public private(set) var times = [12 of UInt64](repeating: 0)
  private var orders = [12 of UInt32](repeating: 0)

  /// Where the packet's own way begins: a buffer is posted long before there is a packet for it.
  public var arrival: Int { count > 0 && stages[0] == .posted ? 1 : 0 }

  /// Insertion sort: twelve at most, nearly sorted, and stable.
  fileprivate mutating func insert(_ stage: Stage, _ time: UInt64, _ order: UInt32) {
    var at = count
    while at > 0, (time, order) < (times[at &- 1], orders[at &- 1]) {
      stages[at] = stages[at &- 1]
      times[at] = times[at &- 1]
      orders[at] = orders[at &- 1]
      at &-= 1
    }
    stages[at] = stage
    times[at] = time
    orders[at] = order
    count &+= 1
  }
}
