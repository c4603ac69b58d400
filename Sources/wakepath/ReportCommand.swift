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

  @OptionGroup var input: InputOptions

  func run() throws {
    try Self.print(try input.open(), options)
  }

  /// Prints the report of `recording`.
  static func print(_ recording: Recording, _ options: CommonOptions) throws {
    var stream = EventStream(recording)
    var engine = JourneyEngine(stream.capabilities)
    var report = LatencyReport()
    if options.jobs > 1 {
      (engine, report) = Follower(engine, report).follow(&stream)
    } else {
      Analysis.run(&stream, &engine) { journey, _ in
        report.add(journey)
        return true
      }
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
