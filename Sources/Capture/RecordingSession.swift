internal import Linux
internal import SystemPackage

/// One recording from its beginning to where the kernel has been left again.
struct RecordingSession {
  private let options: RecordingOptions
  private let output: OutputFile
  private let tracing: TraceDirectory
  private let supervisor: Supervisor
  private let inbox: Inbox
  private let commandOpenFiles: UInt
  private let start = ContinuousClock.now

  init(
    _ options: RecordingOptions, _ output: OutputFile, _ tracing: TraceDirectory, _ supervisor: Supervisor, _ inbox: Inbox, commandOpenFiles: UInt
  ) {
    (self.options, self.output, self.tracing, self.supervisor, self.inbox) = (options, output, tracing, supervisor, inbox)
    self.commandOpenFiles = commandOpenFiles
  }

  /// Records, and removes from the kernel what it put there; what cannot be removed is said, also beside another error.
  func capture(_ notes: inout [String]) throws(CaptureError) -> Captured {
    // Names that are none must not reach the definitions of probes.
    _ = try RecordingInstance.filter(options.devices)
    let instance = try RecordingInstance(tracing, supervisor)
    var probes = Probes(options, tracing, supervisor)
    do throws(CaptureError) {
      let captured = try capture(instance, probes, &notes)
      notes += [instance.remove(), probes.remove()].compactMap(\.self)
      return captured
    } catch {
      throw error.adding([instance.remove(), probes.remove()].compactMap(\.self))
    }
  }

  /// Waits for a command that runs on after its recording, as long as it may.
  func await(_ workload: Workload) {
    let deadline = options.duration.map { start + $0 }
    while workload.status == .running {
      switch inbox.next(until: deadline) {
      case .signal, nil: return workload.finish(inbox: inbox, grace: Recorder.grace)
      case .commandEnded, .readerFailed, .spaceEnded: continue
      }
    }
  }

  private func capture(
    _ instance: borrowing RecordingInstance, _ probes: Probes, _ notes: inout [String]
  ) throws(CaptureError) -> Captured {
    let events = try instance.configure(options, probes: probes.events, &notes)
    var metadata = try TraceMetadata(tracing: tracing.path, instance: instance.path, events: events)
    metadata.lineSignature = instance.lineSignature
    metadata.clock = instance.text("trace_clock")
    var tasks = TaskNames(metadata.eventFormats.flatMap(\.formats))
    tasks.addRunning()
    metadata.commandLines = tasks.all
    let folder = try RecordingFolder(output, metadata)
    supervisor.add(.pages(folder.path))
    let budget = try DiskBudget(
      folder.directory, maximum: options.maximumBytes, other: TraceDatWriter(metadata: metadata, runs: []).headBytes + symbolBytes,
      buffered: isLeft ? 0 : instance.bufferBytes)
    let spools = try instance.cpus.map { cpu throws(CaptureError) in try folder.makeSpool(cpu: cpu) }
    let (end, duration, workload) = try run(instance, events, metadata, folder, spools, budget)
    let late = RecordingInstance.onlineCPUs(tracing).filter { !instance.cpus.contains($0) }
    if !late.isEmpty { notes.append("CPU \(late.map(String.init).joined(separator: ", ")) came online meanwhile and is not in the recording") }
    tasks.addRunning()
    if instance.notesNames { tasks.add(saved: (try? Files.contents(of: "\(tracing.path)/saved_cmdlines")) ?? []) }
    metadata.statistics = spools.map { ($0.cpu, instance.text("per_cpu/cpu\($0.cpu)/stats")) }
    let cpus = zip(metadata.statistics, spools).map { RecordingSummary.CPU($0.text, $1, isFlight: isLeft) }
    // Of each CPU as much is kept, not as long: whoever reads it has to know which begin where they do for that reason.
    for index in spools.indices where options.flightBytesPerCPU != nil && (cpus[index].letGo > 0 || spools[index].kept.lowerBound > 0) {
      metadata.statistics[index].text += Array("wakepath: what was before is let go\n".utf8)
    }
    return Captured(
      metadata: metadata, tasks: tasks, folder: folder, spools: spools, end: end, duration: duration, cpus: cpus,
      skipped: RecordedEvent.all.filter { event in !events.contains { $0.fullName == event.fullName } } + probes.refused, workload: workload)
  }

  /// What the names of functions may take in the file: all of them where it is too large to be looked through.
  private var symbolBytes: Int { options.maximumBytes ?? 0 > PageScan.limit ? 32 << 20 : 1 << 20 }

  /// A flight recorder that looks at nothing leaves everything in the kernel's ring until the end.
  private var isLeft: Bool { options.flightBytesPerCPU != nil && options.trigger == nil }

  /// Turns recording on, and off again when it is to end.
  private func run(
    _ instance: borrowing RecordingInstance, _ events: [RecordedEvent], _ metadata: TraceMetadata, _ folder: RecordingFolder, _ spools: [Spool],
    _ budget: DiskBudget
  ) throws(CaptureError) -> (RecordingSummary.End, Duration, Workload?) {
    let path = instance.path
    func startReading() throws(CaptureError) -> RingReaders {
      try RingReaders(
        path, spools: spools, in: folder, budget, pageSize: metadata.pageSize, inbox: inbox, isPrompt: options.trigger != nil)
    }
    let readers = isLeft ? nil : try startReading()
    let watch = FlightWatch(options, metadata, spools, folder)
    let start = ContinuousClock.now
    try instance.turn(on: true)
    let said = options.notes
    for note in said { instance.mark(note) }
    var workload: Workload?
    do throws(CaptureError) {
      if !options.command.isEmpty { workload = try Workload.recorded(options, inbox: inbox, openFiles: commandOpenFiles) }
      let wait = RecordingWait(inbox, deadline: options.duration.map { start + $0 }, budget)
      let end = try wait.untilEnd(instance, events, options.burst, watch)
      // What was said at the beginning may have been overwritten.
      if options.flightBytesPerCPU != nil { for note in said { instance.mark(note) } }
      try instance.turn(on: false)
      if let readers { try readers.finish() } else { try startReading().finish() }
      if isLeft { for spool in spools { try spool.beginAtFirstPage() } }
      return (end, ContinuousClock.now - start, workload)
    } catch {
      try? instance.turn(on: false)
      try? readers?.finish()
      workload?.finish(inbox: inbox, grace: Recorder.grace)
      // A command that cannot be run leaves nothing worth keeping.
      let isWorthKeeping = (options.command.isEmpty || workload != nil) && spools.contains { $0.bytes > 0 }
      throw isWorthKeeping ? error.adding([folder.keep(complete: false)]) : error
    }
  }
}

extension RecordingSummary.CPU {
  /// What `statistics`, the kernel's `per_cpu/cpuN/stats`, say of the CPU whose pages are in `spool`.
  fileprivate init(_ statistics: [UInt8], _ spool: Spool, isFlight: Bool) {
    var counts: [Substring: Int] = [:]
    for line in String(decoding: statistics, as: UTF8.self).split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      if parts.count == 2 { counts[parts[0]] = Int(parts[1].drop(while: \.isWhitespace)) }
    }
    self.init(
      cpu: spool.cpu, events: counts["read events", default: 0],
      lost: (isFlight ? 0 : counts["overrun", default: 0]) + counts["commit overrun", default: 0] + counts["dropped events", default: 0],
      letGo: isFlight ? counts["overrun", default: 0] : 0, bytes: spool.bytes)
  }
}
