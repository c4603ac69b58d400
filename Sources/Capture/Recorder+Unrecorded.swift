internal import Linux

extension Recorder {
  /// Runs the command of `options` as `record` does, for as long as that may take, without recording: for machines that cannot be recorded.
  public static func runWithoutRecording(_ options: RecordingOptions) throws(CaptureError) -> RecordingSummary.End {
    let inbox = try Inbox()
    let route = SignalRoute(SignalRoute.ending, to: inbox.writeEnd)
    defer { route.restore() }
    let workload = try Workload.recorded(options, inbox: inbox, openFiles: ThisProcess.openFiles.chosen)
    defer { workload.finish(inbox: inbox, grace: .seconds(2)) }
    switch inbox.next(until: options.duration.map { ContinuousClock.now + $0 }) {
    case .signal(let number): return .signal(number)
    case .commandEnded, .readerFailed, .spaceEnded: return .commandEnded
    case nil: return .durationPassed
    }
  }
}
