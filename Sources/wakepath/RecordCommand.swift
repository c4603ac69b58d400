import ArgumentParser
import Bytes
import Capture
import Decoding
import Events
import Journeys

/// How the kernel is recorded.
enum Backend: String, ExpressibleByArgument, CaseIterable {
  case tracefs
  case perf
}

/// `wakepath record`
struct RecordCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "record",
    abstract: "Record the running kernel until COMMAND ends, the duration passes or Ctrl-C; then print the report.",
    discussion: """
      Needs root. The kernel's tracing is left as it was found. The file is a trace.dat, which trace-cmd and KernelShark open, too.
      """)

  @OptionGroup var options: CommonOptions

  @Option(name: .shortAndLong, help: "The file to write (default: wakepath.dat, through perf perf.data).")
  var output: String?

  @Option(help: "How to record: perf takes the installed `perf record`, where no tracing instance can be made.")
  var backend = Backend.tracefs

  @Option(
    help: ArgumentHelp(
      "Record packets of this device only; may be given more than once.",
      discussion: "Of the hard interrupts only its own are recorded, where it has lines of its own.", valueName: "dev"))
  var device: [String] = []

  @Option(
    help: ArgumentHelp(
      "Record the scheduling of tasks of this name only; may be given more than once.",
      discussion: "For machines on which others run a lot. Why the readers of other packets were late is then not known.", valueName: "comm"))
  var task: [String] = []

  @Option(help: ArgumentHelp("Stop after this time, for example 10 (seconds), 500ms or 1.5s.", valueName: "seconds"))
  var duration: TimeSpan?

  @Option(help: ArgumentHelp("The kernel's buffer for each CPU, for example 8M; a number alone is KiB.", valueName: "size"))
  var buffer: String?

  @Flag(
    inversion: .prefixedNo,
    help: ArgumentHelp(
      "Record the first 64 bytes of each packet: addresses, ports, TCP numbers and flags.",
      discussion: "Where the kernel has eprobes and BTF; one event more for a packet."))
  var flow = true

  @Flag(help: "Record when drivers hand memory to their devices and take it back (dma:*, kernel 6.12 and later).")
  var dma = false

  @Option(
    help: ArgumentHelp(
      "Record windows of ON with pauses of OFF between them, for example 100ms/900ms: journeys stay whole, the load small.",
      valueName: "on/off"))
  var burst: BurstSpan?

  @Option(
    help: ArgumentHelp(
      "Keep only the last SIZE of each CPU and write it when the recording ends: Ctrl-C, the command's end, --slower-than.",
      valueName: "size"))
  var flight: String?

  @Option(
    help: ArgumentHelp(
      "End before the file is larger than this, for example 500M. The last 5 % of the disk (at most 1 GiB) stay free in any case.",
      discussion: "The command runs on.", valueName: "size"))
  var maxSize: String?

  @Flag(help: "Run the command as root also under sudo, where it runs as who called that otherwise.")
  var asRoot = false

  @Option(help: ArgumentHelp("With --flight: end when a packet took longer from first sign to read, for example 5ms.", valueName: "time"))
  var slowerThan: TimeSpan?

  @Argument(
    parsing: .captureForPassthrough,
    help: ArgumentHelp("The command to run and record, and its arguments; -- may stand before it.", valueName: "command"))
  var words: [String] = []

  /// The command without the `--` before it.
  private var command: [String] { words.first == "--" ? Array(words.dropFirst()) : words }

  func validate() throws {
    // Options that the parser does not know are words of the command to it, and --help is one.
    if words.first == "--help" || words.first == "-h" { throw CleanExit.helpRequest(Self.self) }
    if let word = words.first, word.hasPrefix("-"), word != "--" { throw ValidationError("Unknown option '\(word)'.") }
    if let flight, RecordingOptions.bufferSize(flight) == nil {
      throw ValidationError("--flight takes a size such as 512K, 8M or 1G, not '\(flight)'.")
    }
    if slowerThan != nil, flight == nil { throw ValidationError("--slower-than needs --flight SIZE: how much is kept for the moment it happens.") }
    for name in task { if let problem = RecordingOptions.problem(ofTask: name) { throw ValidationError("--task '\(name)': \(problem).") } }
    if backend == .perf, !task.isEmpty { throw ValidationError("--task needs --backend tracefs: a perf.data cannot say what it leaves out.") }
    if backend == .perf, burst != nil || flight != nil { throw ValidationError("--burst and --flight need --backend tracefs.") }
    if burst != nil, flight != nil { throw ValidationError("--burst and --flight cannot be had together.") }
    if let maxSize {
      guard RecordingOptions.bufferSize(maxSize) != nil else {
        throw ValidationError("--max-size takes a size such as 500M or 2G, not '\(maxSize)'.")
      }
      if flight != nil { throw ValidationError("--max-size and --flight cannot be had together: --flight bounds the file by itself.") }
    }
    if let buffer, RecordingOptions.bufferSize(buffer) == nil {
      throw ValidationError("--buffer takes a size such as 512K, 8M or 1G, not '\(buffer)'.")
    }
  }

  private var recording: RecordingOptions {
    var recording = RecordingOptions()
    recording.output = output ?? (backend == .perf ? "perf.data" : "wakepath.dat")
    recording.duration = duration.map { .nanoseconds(Int64(clamping: $0.nanoseconds)) }
    recording.bufferBytesPerCPU = buffer.flatMap { RecordingOptions.bufferSize($0) }
    recording.burst = burst.map { .init(on: .nanoseconds(Int64(clamping: $0.on)), off: .nanoseconds(Int64(clamping: $0.off))) }
    recording.flightBytesPerCPU = flight.flatMap { RecordingOptions.bufferSize($0) }
    if let limit = slowerThan?.nanoseconds { recording.trigger = { Self.hasSlowPacket($0, limit) } }
    recording.devices = device
    recording.tasks = task
    recording.recordsFlows = flow
    recording.recordsDMA = dma
    recording.command = command
    recording.maximumBytes = maxSize.flatMap { RecordingOptions.bufferSize($0) }
    recording.runsAsRoot = asRoot
    recording.supervisor = SuperviseCommand.command
    recording.tell = { Terminal.warn($0) }
    return recording
  }

  /// Whether a packet in the recording at `path` took longer than `limit` nanoseconds from first sign to read.
  private static func hasSlowPacket(_ path: String, _ limit: UInt64) -> Bool {
    guard let recording = try? Recording(paths: [path]) else { return false }
    var stream = EventStream(recording)
    var engine = JourneyEngine(stream.capabilities)
    var isSlow = false
    Analysis.run(&stream, &engine) { journey, _ in
      isSlow = journey.completeness == .complete && journey.total.map { $0 > Int64(clamping: limit) } ?? false
      return !isSlow
    }
    return isSlow
  }

  func run() throws {
    if let problem = RecordingOptions.problem(ofDevices: device) { throw Failure.input(problem) }
    if !options.quiet { for note in RecordingOptions.notes(ofTasks: task) { Terminal.warn(note) } }
    let summary: RecordingSummary
    do {
      if command.isEmpty, duration == nil, OutputDescriptor.standardError.isTerminal { Terminal.warn("recording; Ctrl-C ends it") }
      let record = backend == .perf ? Recorder.recordThroughPerf : Recorder.record
      summary = try record(recording)
    } catch {
      guard case .command(let status) = error.cause else { throw Failure.input(error.description) }
      Terminal.warn(error.description)
      throw ExitCode(status)
    }
    if !options.quiet { say(summary) }
    try ReportCommand.print(try InterpretationOptions.open([summary.output], assumesNoLosses: true), options)
    try passOn(summary)
  }

  /// Ends as the command ended by itself, so that scripts may put `wakepath record --` before it.
  private func passOn(_ summary: RecordingSummary) throws {
    guard [.commandEnded, .sizeReached, .diskFull].contains(summary.end) else { return }
    switch summary.command {
    case .exited(let status) where status != 0:
      Terminal.warn("the command ended with status \(status)")
      throw ExitCode(status)
    case .killed(let signal):
      Terminal.warn("the command was ended by signal \(signal)")
      throw ExitCode(128 + signal)
    case .exited, .running, nil: return
    }
  }

  private func say(_ summary: RecordingSummary) {
    for note in summary.notes { Terminal.warn(note) }
    for event in summary.skipped where options.verbose { Terminal.warn("this kernel has no \(event.fullName): \(event.cost)") }
    if summary.letGo > 0 { Terminal.warn("kept the last \(summary.events) events; \(summary.letGo) older ones were let go") }
    if summary.end == .triggered { Terminal.warn("a packet took longer than --slower-than, so the recording ended") }
    if summary.lost > 0 { Terminal.warn("\(summary.lost) events were lost; a larger --buffer keeps them") }
  }
}

/// `ON/OFF` on the command line: two times.
struct BurstSpan: ExpressibleByArgument {
  /// Nanoseconds.
  let on: UInt64
  let off: UInt64

  init?(argument: String) {
    let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let on = TimeSpan(argument: String(parts[0])), let off = TimeSpan(argument: String(parts[1])),
      on.nanoseconds > 0, off.nanoseconds > 0
    else { return nil }
    self.on = on.nanoseconds
    self.off = off.nanoseconds
  }
}
