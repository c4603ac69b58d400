internal import Linux
internal import Tracepoints

/// Sleeps while the kernel records: in windows if asked to, and with looks at a flight recording.
struct RecordingWait {
  private let inbox: Inbox
  private let deadline: ContinuousClock.Instant?
  private let budget: DiskBudget

  init(_ inbox: Inbox, deadline: ContinuousClock.Instant?, _ budget: DiskBudget) {
    self.inbox = inbox
    self.budget = budget
    self.deadline = deadline
  }

  /// Returns when the recording of `events` is to end.
  func untilEnd(
    _ instance: borrowing RecordingInstance, _ events: [RecordedEvent], _ burst: RecordingOptions.Burst?, _ watch: FlightWatch?
  ) throws(CaptureError) -> RecordingSummary.End {
    if burst != nil { instance.mark("\(RecordingNote.windowBegins)") }
    while true {
      let now = ContinuousClock.now
      if let end = end(until: burst.map { now + $0.on } ?? watch.map { now + $0.period }) { return end }
      if let watch, try watch.look() { return .triggered }
      guard let burst else { continue }
      instance.mark("\(RecordingNote.windowEnds)")
      let next = ContinuousClock.now + burst.off
      try instance.turn(on: false)
      if burst.disablesEvents { try instance.disableEvents() }
      if let end = end(until: next) { return end }
      if burst.disablesEvents { try instance.enable(events) }
      try instance.turn(on: true)
      instance.mark("\(RecordingNote.windowBegins)")
    }
  }

  /// Why the recording is to end, or nil when `moment` has come first. A command's last packets may still be on their way when it ends, so
  /// some time is added then.
  private func end(until moment: ContinuousClock.Instant?) -> RecordingSummary.End? {
    let next = [moment, deadline].compactMap(\.self).min()
    switch inbox.next(until: next) {
    case .signal(let number): return .signal(number)
    case nil: return next == deadline ? .durationPassed : nil
    // What failed is told when the readers are joined.
    case .readerFailed: return .commandEnded
    case .spaceEnded: return budget.end ?? .diskFull
    case .commandEnded:
      KernelClock.sleep(milliseconds: 50)
      return .commandEnded
    }
  }
}
