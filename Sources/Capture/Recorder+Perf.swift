internal import Linux
internal import SystemPackage

extension Recorder {
  /// Records the same events with the installed `perf record` into a perf.data, where no tracing instance can be made. It records no packet
  /// headers, no windows, and keeps no last part only.
  public static func recordThroughPerf(_ options: RecordingOptions) throws(CaptureError) -> RecordingSummary {
    let output = try OutputFile(options.output)
    let filter = try RecordingInstance.filter(options.devices)
    let supervisor = try Supervisor(options.supervisor)
    defer { supervisor.finish() }
    let inbox = try Inbox()
    let route = SignalRoute(SignalRoute.ending, to: inbox.writeEnd)
    defer { route.restore() }
    // perf looks for the events in tracefs, but does not mount it.
    let tracing = TraceDirectory(mounting: ThisProcess.isRoot)
    defer { tracing?.close() }
    if let tracing, tracing.isOurs { supervisor.add(.mount(tracing.path)) }
    // A perf.data cannot say what it leaves out, but of packets.
    let wanted = RecordedEvent.all + (options.recordsDMA ? RecordedEvent.dma(options.devices) : [])
    let events = wanted.filter { event in
      tracing.map { Files.exists("\($0.path)/events/\(event.system)/\(event.name)/id") } ?? true
    }
    guard !events.isEmpty else { throw CaptureError("this kernel has none of the events that packets are followed by, or hides them: run with sudo") }
    if let program = options.command.first, !Program.exists(program) {
      throw CaptureError("cannot run `\(program)`: there is no such program", .command(status: 127))
    }
    let folder = try RecordingFolder(output)
    supervisor.add(.pages("\(folder.path)/\(PerfProcess.file)"))
    let perf = try PerfProcess(PerfProcess.arguments(for: events, options, filter), in: folder, inbox)
    let start = ContinuousClock.now
    let workload = options.command.isEmpty ? nil : try Workload.recorded(options, inbox: inbox, openFiles: ThisProcess.openFiles.chosen)
    let end = perf.wait(inbox, workload, until: options.duration.map { start + $0 }, folder)
    let duration = ContinuousClock.now - start
    try perf.finish(inbox)
    let goesOn = end.isForWantOfSpace && workload?.status == .running
    if !goesOn { workload?.finish(inbox: inbox, grace: grace) }
    guard let bytes = perf.recordedBytes(in: folder) else { throw PerfProcess.failure }
    try folder.finish(with: PerfProcess.file)
    if goesOn, let workload {
      options.tell?("\(end.sentence(options.output)); the command runs on")
      while workload.status == .running, inbox.next(until: options.duration.map { start + $0 }) == .commandEnded {}
      workload.finish(inbox: inbox, grace: grace)
    }
    var notes = options.recordsFlows ? ["perf records no packet headers, so connections are told only where the kernel's events name them"] : []
    if end.isForWantOfSpace, !goesOn { notes.append(end.sentence(options.output)) }
    return RecordingSummary(
      output: options.output, end: end, duration: duration, command: workload?.status, bytes: bytes, cpus: [],
      skipped: wanted.filter { !events.contains($0) }, notes: notes)
  }
}
