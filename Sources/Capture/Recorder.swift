internal import Linux
internal import SystemPackage

/// Records the running kernel's network events through tracefs into a trace.dat, and leaves the kernel as it was.
public enum Recorder {
  /// Records as `options` say until the command ends, the duration has passed, a signal comes or the disk has no more room, and then writes the file.
  public static func record(_ options: RecordingOptions) throws(CaptureError) -> RecordingSummary {
    let output = try OutputFile(options.output)
    let supervisor = try Supervisor(options.supervisor)
    defer { supervisor.finish() }
    if let folder = options.temporaryFolder { supervisor.add(.folder(folder)) }
    let inbox = try Inbox()
    // From here on no signal ends this process; what it asks for is done at the next look into the inbox.
    let route = SignalRoute(SignalRoute.ending, to: inbox.writeEnd)
    defer { route.restore() }
    let tracing = try TraceDirectory.forRecording(supervisor)
    defer { tracing.close() }
    // Each CPU takes four.
    let openFiles = ThisProcess.openFiles
    try? ThisProcess.setOpenFiles(openFiles.allowed)
    defer { try? ThisProcess.setOpenFiles(openFiles.chosen) }
    var notes = RecordingInstance.removeLeftovers(in: tracing) + DynamicEvents.removeLeftovers(in: tracing)
    notes += RecordingFolder.leftovers(beside: output)
    let session = RecordingSession(options, output, tracing, supervisor, inbox, commandOpenFiles: openFiles.chosen)
    var captured = try session.capture(&notes)
    // It ends with the recording, unless it is the disk that ends it.
    let goesOn = captured.end.isForWantOfSpace && captured.workload?.status == .running
    if !goesOn { captured.workload?.finish(inbox: inbox, grace: grace) }
    let bytes: Int
    do throws(CaptureError) {
      bytes = try captured.write()
    } catch {
      throw error.adding(notes)
    }
    if goesOn, let workload = captured.workload {
      options.tell?("\(captured.end.sentence(options.output)); the command runs on")
      session.await(workload)
    } else if captured.end.isForWantOfSpace {
      notes.append(captured.end.sentence(options.output))
    }
    return RecordingSummary(
      output: options.output, end: captured.end, duration: captured.duration, command: captured.workload?.status, bytes: bytes,
      cpus: captured.cpus, skipped: captured.skipped, notes: notes)
  }

  /// How long a command may take to end once it is asked to.
  static let grace = Duration.seconds(2)
}

extension RecordingSummary.End {
  /// Whether it ended for want of room on disk.
  var isForWantOfSpace: Bool { self == .sizeReached || self == .diskFull }

  /// What the user is told of a recording that ended for want of room.
  func sentence(_ output: String) -> String {
    self == .sizeReached
      ? "the recording ended because \(output) has the size that --max-size allows"
      : "the recording ended because the disk of \(output) is nearly full: 5 % of it, at most 1 GiB, are kept free"
  }
}
