internal import SystemPackage

/// Records the running kernel's network events through tracefs into a trace.dat, and leaves the kernel as it was.
public enum Recorder {
  /// Records as `options` say until the command ends, the duration has passed or a signal comes, and then writes the file.
  public static func record(_ options: RecordingOptions) throws(CaptureError) -> RecordingSummary {
    let output = try OutputFile(options.output)
    let tracing = try TraceDirectory.forRecording()
    defer { tracing.close() }
    let inbox = try Inbox()
    // Each CPU takes four.
    let openFiles = SystemCalls.openFiles
    SystemCalls.setOpenFiles(openFiles.allowed)
    defer { SystemCalls.setOpenFiles(openFiles.chosen) }
    // From here on no signal ends this process; what it asks for is done at the next look into the inbox.
    let handlers = SignalHandlers(inbox: inbox)
    defer { handlers.restore() }
    var notes = RecordingInstance.removeLeftovers(in: tracing) + DynamicEvents.removeLeftovers(in: tracing)
    notes += RecordingFolder.leftovers(beside: output)
    var captured = try capture(options, output, tracing, inbox, openFiles.chosen, &notes)
    captured.workload?.finish(inbox: inbox, grace: grace)
    let scan = PageScan(captured.spools, symbols: .ofKernel, tasks: captured.tasks)
    captured.metadata.symbols = scan.symbols.needed
    captured.metadata.commandLines = scan.tasks.needed
    let bytes: Int
    do throws(CaptureError) {
      bytes = try TraceDatWriter(metadata: captured.metadata, runs: captured.spools.map { PageRun($0) }).write(to: output)
    } catch {
      throw CaptureError("\(error); \(captured.folder.keep(complete: true))")
    }
    return RecordingSummary(
      output: options.output, end: captured.end, duration: captured.duration, command: captured.workload?.status, bytes: bytes,
      cpus: captured.cpus, skipped: captured.skipped, notes: notes)
  }

  /// How long a command may take to end once it is asked to.
  private static let grace = Duration.seconds(2)

  /// What is there when the kernel has been left again.
  private struct Captured {
    var metadata: TraceMetadata
    var tasks: TaskNames
    var folder: RecordingFolder
    var spools: [Spool]
    var end: RecordingSummary.End
    var duration: Duration
    var cpus: [RecordingSummary.CPU]
    var skipped: [RecordedEvent]
    var workload: Workload?
  }

  private static func capture(
    _ options: RecordingOptions, _ output: OutputFile, _ tracing: TraceDirectory, _ inbox: Inbox, _ openFiles: UInt, _ notes: inout [String]
  ) throws(CaptureError) -> Captured {
    // Names that are none must not reach the definitions of probes.
    _ = try RecordingInstance.filter(options.devices)
    let instance = try RecordingInstance(tracing)
    var probes = Probes(options, tracing)
    do throws(CaptureError) {
      let captured = try capture(options, output, tracing, instance, probes, inbox, openFiles, &notes)
      for note in [instance.remove(), probes.remove()] { if let note { notes.append(note) } }
      return captured
    } catch {
      _ = instance.remove()
      _ = probes.remove()
      throw error
    }
  }

  private static func capture(
    _ options: RecordingOptions, _ output: OutputFile, _ tracing: TraceDirectory, _ instance: borrowing RecordingInstance,
    _ probes: Probes, _ inbox: Inbox, _ openFiles: UInt, _ notes: inout [String]
  ) throws(CaptureError) -> Captured {
    let events = try instance.configure(options, probes: probes.events, &notes)
    var metadata = try TraceMetadata(tracing: tracing.path, instance: instance.path, events: events)
    metadata.clock = instance.text("trace_clock")
    var tasks = TaskNames(metadata.eventFormats.flatMap(\.formats))
    tasks.addRunning()
    metadata.commandLines = tasks.all
    let folder = try RecordingFolder(output, metadata)
    let spools = try instance.cpus.map { cpu throws(CaptureError) in try folder.makeSpool(cpu: cpu) }
    // A flight recorder that looks at nothing leaves everything in the kernel's ring until the end.
    let isLeft = options.flightBytesPerCPU != nil && options.trigger == nil
    func startReading() throws(CaptureError) -> RingReaders {
      try RingReaders(
        instance.path, spools: spools, in: folder, pageSize: metadata.pageSize, inbox: inbox, isPrompt: options.trigger != nil)
    }
    let readers = isLeft ? nil : try startReading()
    let watch = FlightWatch(options, metadata, spools, folder)
    let start = ContinuousClock.now
    try instance.turn(on: true)
    let said = options.notes
    for note in said { instance.mark(note) }
    var workload: Workload?
    let end: RecordingSummary.End
    do throws(CaptureError) {
      if !options.command.isEmpty { workload = try Workload(options.command, inbox: inbox, openFiles: openFiles) }
      end = try RecordingWait(inbox, deadline: options.duration.map { start + $0 }).untilEnd(instance, events, options.burst, watch)
      // What was said at the beginning may have been overwritten.
      if options.flightBytesPerCPU != nil { for note in said { instance.mark(note) } }
      try instance.turn(on: false)
      if let readers { try readers.finish() } else { try startReading().finish() }
      if isLeft { for spool in spools { try spool.beginAtFirstPage() } }
    } catch {
      try? instance.turn(on: false)
      try? readers?.finish()
      workload?.finish(inbox: inbox, grace: grace)
      // A command that cannot be run leaves nothing worth keeping.
      let isWorthKeeping = (options.command.isEmpty || workload != nil) && spools.contains { $0.bytes > 0 }
      throw isWorthKeeping ? CaptureError("\(error); \(folder.keep(complete: false))") : error
    }
    let duration = ContinuousClock.now - start
    let late = RecordingInstance.onlineCPUs(tracing).filter { !instance.cpus.contains($0) }
    if !late.isEmpty { notes.append("CPU \(late.map(String.init).joined(separator: ", ")) came online meanwhile and is not in the recording") }
    tasks.addRunning()
    if instance.notesNames { tasks.add(saved: (try? SystemCalls.contents(of: "\(tracing.path)/saved_cmdlines")) ?? []) }
    metadata.statistics = spools.map { ($0.cpu, instance.text("per_cpu/cpu\($0.cpu)/stats")) }
    let cpus = statistics(metadata, spools, isLeft)
    // Of each CPU as much is kept, not as long: whoever reads it has to know which begin where they do for that reason.
    for index in spools.indices where options.flightBytesPerCPU != nil && (cpus[index].letGo > 0 || spools[index].kept.lowerBound > 0) {
      metadata.statistics[index].text += Array("wakepath: what was before is let go\n".utf8)
    }
    return Captured(
      metadata: metadata, tasks: tasks, folder: folder, spools: spools, end: end, duration: duration, cpus: cpus,
      skipped: RecordedEvent.all.filter { event in !events.contains { $0.fullName == event.fullName } } + probes.refused, workload: workload)
  }

  private static func statistics(_ metadata: TraceMetadata, _ spools: [Spool], _ isFlight: Bool) -> [RecordingSummary.CPU] {
    zip(metadata.statistics, spools).map { statistics, spool in
      var counts: [Substring: Int] = [:]
      for line in String(decoding: statistics.text, as: UTF8.self).split(separator: "\n") {
        let parts = line.split(separator: ":", maxSplits: 1)
        if parts.count == 2 { counts[parts[0]] = Int(parts[1].drop(while: \.isWhitespace)) }
      }
      return RecordingSummary.CPU(
        cpu: spool.cpu, events: counts["read events", default: 0],
        lost: (isFlight ? 0 : counts["overrun", default: 0]) + counts["commit overrun", default: 0] + counts["dropped events", default: 0],
        letGo: isFlight ? counts["overrun", default: 0] : 0, bytes: spool.bytes)
    }
  }
}
