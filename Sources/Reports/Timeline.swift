public import Events
public import Journeys

/// One journey as a timeline: every stage, where it was seen, and who held the CPU in each gap.
public struct Timeline {
  /// A gap between two stages on the CPU where the journey goes on.
  struct Gap {
    var from: (stage: Stage, mark: StageMark)
    var to: (stage: Stage, mark: StageMark)
    /// Nanoseconds that each occupant held that CPU in the gap, in order of appearance.
    var occupants: [(occupant: CPUAccount.Holder, time: UInt64)] = []
  }

  let journey: Journey
  private(set) var gaps: [Gap]
  private var cpus: [Int32: CPUAccount] = [:]

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
    var state = cpus[event.cpu] ?? CPUAccount()
    account(state, event)
    state.observe(event)
    cpus[event.cpu] = state
  }

  /// Adds the time since the CPU's last event to every gap it overlaps.
  private mutating func account(_ state: CPUAccount, _ event: Event) {
    guard let occupant = state.holder else { return }
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
