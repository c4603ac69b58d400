import ArgumentParser
import Bytes

/// The command: its subcommands and nothing else.
@main
struct Wakepath: ParsableCommand {
  /// Runs the command. A wrong command line ends with status 2, as scripts expect of tools beside perf and trace-cmd.
  static func main() {
    Environment.forgetUserDirectories()
    do {
      let names = configuration.subcommands.compactMap { $0.configuration.commandName }
      var command = try parseAsRoot(CommandWords.arranged(CommandArguments.all, subcommands: names))
      try command.run()
      endIfOutputFailed()
    } catch {
      endIfOutputFailed()
      guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
      Terminal.writeLines(fullMessage(for: error))
      exit(withError: ExitCode(2))
    }
  }

  /// An answer that was not written must not pass for one.
  private static func endIfOutputFailed() {
    guard let failure = OutputDescriptor.failure else { return }
    Terminal.warn("the output cannot be written: \(failure)")
    exit(withError: ExitCode(3))
  }

  static let configuration = CommandConfiguration(
    commandName: "wakepath",
    abstract: "Shows where each microsecond between a packet's interrupt and the application's read went.",
    discussion: """
      Wakepath records a running Linux kernel through ftrace, without eBPF, reconstructs the way of every received packet, and prints \
      where the time went. FILE is a trace.dat (of wakepath or trace-cmd), a perf.data, or the text of ftrace, `trace-cmd report` or `perf script`; \
      - is standard input. Raw ring-buffer pages are read from a copy of tracefs (a directory with per_cpu/cpuN/trace_pipe_raw and events/), or \
      from files with cpuN in their names together with --formats.
      """,
    version: Version.current,
    subcommands: [
      RecordCommand.self, ReportCommand.self, PacketsCommand.self, ShowCommand.self, VerifyCommand.self, ModelCommand.self, EventsCommand.self,
      SimulateCommand.self, DoctorCommand.self, ExperimentCommand.self, SuperviseCommand.self
    ])
}
