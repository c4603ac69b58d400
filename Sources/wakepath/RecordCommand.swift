import ArgumentParser
import Bytes
import Capture

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

  @Option(name: .shortAndLong, help: "The file to write.")
  var output = "wakepath.dat"

  @Option(help: "How to record; only tracefs so far.")
  var backend = Backend.tracefs

  @Option(help: ArgumentHelp("Record packets of this device only; may be given more than once.", valueName: "dev"))
  var device: [String] = []

  @Option(help: ArgumentHelp("Stop after this time, for example 10 (seconds), 500ms or 1.5s.", valueName: "seconds"))
  var duration: TimeSpan?

  @Option(help: ArgumentHelp("The kernel's buffer for each CPU, for example 8M; a number alone is KiB.", valueName: "size"))
  var buffer: String?

  @Argument(parsing: .postTerminator, help: "The command to run and record, behind --.")
  var command: [String] = []

  func validate() throws {
    if let buffer, RecordingOptions.bufferSize(buffer) == nil {
      throw ValidationError("--buffer takes a size such as 512K, 8M or 1G, not '\(buffer)'.")
    }
  }

  private var recording: RecordingOptions {
    var recording = RecordingOptions()
    recording.output = output
    recording.duration = duration.map { .nanoseconds(Int64(clamping: $0.nanoseconds)) }
    recording.bufferBytesPerCPU = buffer.flatMap { RecordingOptions.bufferSize($0) }
    recording.devices = device
    recording.command = command
    return recording
  }

  func run() throws {
    guard backend == .tracefs else {
      throw Failure.input("recording through perf is not there yet; leave out --backend perf, or use `perf record` and `perf script`")
    }
    let summary: RecordingSummary
    do {
      if command.isEmpty, duration == nil, OutputDescriptor.standardError.isTerminal { Terminal.warn("recording; Ctrl-C ends it") }
      summary = try Recorder.record(recording)
    } catch {
      throw Failure.input(error.description)
    }
    if !options.quiet { say(summary) }
    try ReportCommand.print([summary.output], options)
    if case .exited(let status) = summary.command, status != 0 { Terminal.warn("the command ended with status \(status)") }
  }

  private func say(_ summary: RecordingSummary) {
    for note in summary.notes { Terminal.warn(note) }
    for event in summary.skipped where options.verbose { Terminal.warn("this kernel has no \(event.fullName): \(event.cost)") }
    if summary.lost > 0 { Terminal.warn("\(summary.lost) events were lost; a larger --buffer keeps them") }
  }
}
