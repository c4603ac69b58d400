import ArgumentParser
import Decoding
import Reports

/// `wakepath events`
struct EventsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "events", abstract: "Print every event decoded, in the layout of `trace-cmd report`, for perf.data of `perf script`.")

  @OptionGroup var options: CommonOptions

  @Option(help: "Only events called NAME or SYSTEM:NAME; may be given more than once.")
  var event: [String] = []

  @Option(help: "Only events of CPU N.")
  var cpu: Int32?

  @OptionGroup var input: InputOptions

  func run() throws {
    var recording = try input.open()
    var output = TextOutput()
    var printer = EventPrinter(isJSON: options.json, names: event, cpu: cpu)
    printer.print(&recording, to: &output)
    try options.finish(recording.diagnostics)
  }
}
