internal import SystemPackage

extension Recorder {
  /// Records the same events with the installed `perf record` into a perf.data, where no tracing instance can be made. It records no packet
  /// headers, no windows, and keeps no last part only.
  public static func recordThroughPerf(_ options: RecordingOptions) throws(CaptureError) -> RecordingSummary {
    let output = try OutputFile(options.output)
    let filter = try RecordingInstance.filter(options.devices)
    // perf looks for the events in tracefs, but does not mount it.
    let tracing = TraceDirectory(mounting: SystemCalls.isRoot)
    defer { tracing?.close() }
    // A perf.data cannot say what it leaves out, but of packets.
    let wanted = RecordedEvent.all + (options.recordsDMA ? RecordedEvent.dma(options.devices) : [])
    let events = wanted.filter { event in
      tracing.map { SystemCalls.kind(of: "\($0.path)/events/\(event.system)/\(event.name)/id").exists } ?? true
    }
    guard !events.isEmpty else { throw CaptureError("this kernel has none of the events that packets are followed by, or hides them: run with sudo") }
    var command = ["perf", "record", "-q", "-a", "-k", "CLOCK_MONOTONIC", "-m", "\(size(options) >> 10)K", "-o", output.partialPath]
    for event in events {
      command += ["-e", event.fullName]
      if let condition = event.condition(keeping: filter) { command += ["--filter", condition] }
    }
    if !options.command.isEmpty { command += ["--"] + options.command }
    guard SystemCalls.finds("perf") else {
      throw CaptureError("there is no perf here: recording through it needs the one of your distribution (Debian: linux-perf)")
    }
    if let program = options.command.first, !SystemCalls.finds(program) { throw CaptureError("cannot run `\(program)`: there is no such program") }
    let inbox = try Inbox()
    let handlers = SignalHandlers(inbox: inbox)
    defer { handlers.restore() }
    defer { SystemCalls.remove(output.partialPath) }
    let start = ContinuousClock.now
    let perf = try Workload(command, inbox: inbox)
    let end = waitForPerf(inbox, until: options.duration.map { start + $0 })
    let duration = ContinuousClock.now - start
    perf.finish(inbox: inbox, grace: .seconds(30))
    guard let bytes = recordedBytes(output.partialPath) else { throw CaptureError("perf recorded nothing; why, it has said above") }
    do throws(Errno) {
      try SystemCalls.rename(output.partialPath, to: output.path)
    } catch {
      throw CaptureError("\(output.name) cannot be written", error)
    }
    return RecordingSummary(
      output: options.output, end: end, duration: duration,
      command: options.command.isEmpty ? nil : end == .commandEnded ? perf.status : .killed(SystemCalls.terminationSignal), bytes: bytes,
      cpus: [], skipped: wanted.filter { !events.contains($0) },
      notes: options.recordsFlows ? ["perf records no packet headers, so connections are told only where the kernel's events name them"] : [])
  }

  /// Bytes of memory for the events of each CPU: a power of two, as perf wants it.
  private static func size(_ options: RecordingOptions) -> Int {
    var size = 64 << 10
    while size < min(options.bufferBytesPerCPU ?? RecordingInstance.defaultBufferBytes, 1 << 30) { size *= 2 }
    return size
  }

  private static func waitForPerf(_ inbox: Inbox, until deadline: ContinuousClock.Instant?) -> RecordingSummary.End {
    switch inbox.next(until: deadline) {
    case .signal(let number): .signal(number)
    case .commandEnded, .readerFailed: .commandEnded
    case nil: .durationPassed
    }
  }

  /// The size of the perf.data at `path`; nil if perf did not come to write its end, which its header tells (`data.size`,
  /// tools/perf/Documentation/perf.data-file-format.txt).
  private static func recordedBytes(_ path: String) -> Int? {
    guard let file = try? FileDescriptor.open(FilePath(path), .readOnly) else { return nil }
    defer { SystemCalls.close(file) }
    var head = [UInt8](repeating: 0, count: 56)
    guard let count = try? SystemCalls.read(file, into: &head), count == 56, head[48..<56].contains(where: { $0 != 0 }),
      let end = try? file.seek(offset: 0, from: .end)
    else { return nil }
    return Int(end)
  }
}
