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

  @OptionGroup(title: "Which packets") var which: SelectionOptions

  @OptionGroup var input: InputOptions

  func run() throws {
    try Self.print(try input.open(assumesNoLosses: true), options, which)
  }

  /// Prints the report of `recording`, or of the packets in it that `which` selects.
  static func print(_ recording: Recording, _ options: CommonOptions, _ which: SelectionOptions? = nil) throws {
    if try report(recording, options, which) { return }
    do {
      _ = try report(try recording.reopened(), options, which)
    } catch let error as ReadingError {
      throw Failure.input("\(error)")
    }
  }

  /// The same, but prints nothing (false) where losses turn up that were not expected.
  private static func report(_ recording: Recording, _ options: CommonOptions, _ which: SelectionOptions?) throws -> Bool {
    var stream = EventStream(recording)
    var engine = JourneyEngine(stream.capabilities)
    let selection = which?.selection ?? PacketSelection()
    let isSelective = !selection.isEverything
    var sieve = PacketSieve(selection)
    var report = LatencyReport(isSelective: isSelective, hasTime: !stream.recording.info.isInTicks)
    if options.jobs > 1, !isSelective {
      engine = Follower(engine).follow(&stream, &report)
    } else {
      Analysis.run(&stream, &engine) { journey, stream in
        if !isSelective || sieve.accepts(journey, stream) { report.add(journey) }
        return true
      }
    }
    report.whyEmpty = which.flatMap { sieve.complaint($0.text, stream) }
    if stream.recording.hasUnexpectedLosses { return false }
    if !isSelective, engine.statistics.packets == 0, engine.statistics.sent == 0 {
      report.census = (try? stream.recording.reopened()).map { EventCensus($0) }
    }
    var output = TextOutput()
    if options.json {
      report.writeJSON(stream, engine, to: &output)
    } else {
      report.writeText(stream, engine, options.style, to: &output)
    }
    if options.json, !options.quiet, let complaint = report.whyEmpty { Terminal.warn(complaint) }
    try options.finish(stream.recording.diagnostics)
    return true
  }
}
