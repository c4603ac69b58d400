import ArgumentParser
import Decoding
import Events
import Journeys
import Reports

/// `wakepath report`
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Print the latency breakdown of a recording, per stage.")

  @OptionGroup var options: CommonOptions

  @Argument(help: "The recording; several files of one recording are one.")
  var file: [String]

  func run() throws {
    try Self.print(file, options)
  }

  /// Prints the report of `files`.
  static func print(_ files: [String], _ options: CommonOptions) throws {
    var stream = EventStream(try options.open(files))
    var engine = JourneyEngine(stream.capabilities)
    var report = LatencyReport()
    Analysis.run(&stream, &engine) { journey, _ in
      report.add(journey)
      return true
    }
    var output = TextOutput()
    if options.json {
      report.writeJSON(stream, engine, to: &output)
    } else {
      report.writeText(stream, engine, options.style, to: &output)
    }
    try options.finish(stream.recording.diagnostics)
  }
}
