public import Events

/// One stage of a journey: when and where it was seen, by which event, and how sure that is.
public struct StageMark: Sendable {
  /// Nanoseconds of the trace's clock.
  public var time: UInt64
  public var cpu: Int16
  public var context: ExecutionContext
  public var evidence: Evidence
  public var link: Link
  /// The number of the event, which orders events of equal time.
  var order: UInt32 = 0

  init(_ event: Event, _ evidence: Evidence, _ link: Link) {
    self.init(time: event.time, cpu: event.cpu, context: event.context, evidence: evidence, link: link)
    order = event.order
  }

  init(time: UInt64, cpu: Int32, context: ExecutionContext, evidence: Evidence, link: Link) {
    self.time = time
    self.cpu = Int16(truncatingIfNeeded: cpu)
    self.context = context
    self.evidence = evidence
    self.link = link
  }
}

extension Event {
  /// What the CPU was doing, from the event's flags.
  var context: ExecutionContext {
    flags.contains(.hardirq) ? .hardirq : flags.contains(.softirq) ? .softirq : .process
  }
}

/// The stages of a journey that were seen.
public struct StageMarks: Sendable {
  private var marks = [12 of StageMark](repeating: StageMark(time: 0, cpu: 0, context: .process, evidence: .softirqEntry, link: .exact))
  private var present: UInt32 = 0

  /// The mark of `stage`, or nil where it was not seen.
  public subscript(stage: Stage) -> StageMark? {
    get { present & (1 << UInt32(stage.rawValue)) != 0 ? marks[Int(stage.rawValue)] : nil }
    set {
      if let newValue {
        marks[Int(stage.rawValue)] = newValue
        present |= 1 << UInt32(stage.rawValue)
      } else {
        present &= ~(1 << UInt32(stage.rawValue))
      }
    }
  }

  /// Whether `stage` was seen.
  public func has(_ stage: Stage) -> Bool { present & (1 << UInt32(stage.rawValue)) != 0 }

  /// The stages seen, in order of time; stages of equal time in the order in which they were written.
  public var inOrder: [(stage: Stage, mark: StageMark)] {
    var seen: [(stage: Stage, mark: StageMark)] = []
    for stage in Stage.allCases where has(stage) { seen.append((stage, marks[Int(stage.rawValue)])) }
    // Insertion sort: twelve at most, nearly sorted, and stable.
    for index in seen.indices.dropFirst() {
      var at = index
      while at > 0, (seen[at].mark.time, seen[at].mark.order) < (seen[at - 1].mark.time, seen[at - 1].mark.order) {
        seen.swapAt(at, at - 1)
        at -= 1
      }
    }
    return seen
  }
}
