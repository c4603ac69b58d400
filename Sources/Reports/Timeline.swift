public import Events
public import Journeys

/// One journey as a timeline: every stage, where it was seen, and who held the CPU in each gap.
public struct Timeline {
  /// Something that held a CPU for a while.
  struct Occupant: Hashable {
    enum Kind: Hashable {
      case hardirq(Int32, NameID)
      case softirq(Int32)
      case task(Int32, NameID)
    }
    var kind: Kind
  }

  /// A gap between two stages on the CPU where the journey goes on.
  struct Gap {
    var from: (stage: Stage, mark: StageMark)
    var to: (stage: Stage, mark: StageMark)
    /// Nanoseconds that each occupant held that CPU in the gap, in order of appearance.
    var occupants: [(occupant: Occupant, time: UInt64)] = []
  }

  /// What a CPU is doing now.
  private struct Occupancy {
    var task: (pid: Int32, comm: NameID)?
    var softirqs: [Int32] = []
    var handlers: [(irq: Int32, name: NameID)] = []
    var since: UInt64 = 0

    var occupant: Occupant? {
      if let handler = handlers.last { return Occupant(kind: .hardirq(handler.irq, handler.name)) }
      if let vector = softirqs.last { return Occupant(kind: .softirq(vector)) }
      return task.map { Occupant(kind: .task($0.pid, $0.comm)) }
    }
  }

  let journey: Journey
  private(set) var gaps: [Gap]
  private var cpus: [Int32: Occupancy] = [:]

  /// A timeline of `journey`, to be fed with the recording's events from its start.
  public init(_ journey: Journey) {
    self.journey = journey
    let stages = journey.stages.inOrder
    gaps = zip(stages, stages.dropFirst()).map { Gap(from: $0, to: $1) }
  }

  /// The time after which no event matters, in nanoseconds.
  public var end: UInt64 { gaps.last?.to.mark.time ?? 0 }

  /// Takes in the next event.
  public mutating func consume(_ event: Event) {
    var state = cpus[event.cpu] ?? Occupancy()
    account(state, event)
    switch event.kind {
    case .irqHandlerEntry:
      if state.handlers.count < 8 { state.handlers.append((event.irqHandlerEntry.irq, event.irqHandlerEntry.name)) }
    case .irqHandlerExit: _ = state.handlers.popLast()
    case .softirqEntry: state.softirqs = [event.softirqEntry.vector]
    case .softirqExit: state.softirqs = []
    case .schedSwitch:
      state.task = (event.schedSwitch.next, event.schedSwitch.nextComm)
    case .gap:
      state = Occupancy()
    default:
      if state.task == nil { state.task = (event.pid, .none) }
    }
    state.since = event.time
    cpus[event.cpu] = state
  }

  /// Adds the time since the CPU's last event to every gap it overlaps.
  private mutating func account(_ state: Occupancy, _ event: Event) {
    guard let occupant = state.occupant else { return }
    for index in gaps.indices where Int32(gaps[index].to.mark.cpu) == event.cpu {
      let begin = max(state.since, gaps[index].from.mark.time)
      let end = min(event.time, gaps[index].to.mark.time)
      guard begin < end else { continue }
      if let known = gaps[index].occupants.firstIndex(where: { $0.occupant == occupant }) {
        gaps[index].occupants[known].time += end - begin
      } else {
        gaps[index].occupants.append((occupant, end - begin))
      }
    }
  }
}
