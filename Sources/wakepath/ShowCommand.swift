import ArgumentParser
import Decoding
import Events
import Journeys
import Reports

/// `wakepath show`
struct ShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Print one packet's way as a timeline, with who held the CPU in each gap.")

  @OptionGroup var options: CommonOptions

  @Option(help: "The packet's id, as `wakepath packets` prints it.")
  var packet: Int

  @OptionGroup var input: InputOptions

  func run() throws {
    let recording = try input.open()
    var stream = EventStream(recording)
    guard let journey = Self.find(packet, &stream) else {
      throw Failure.input("\(input.file.joined(separator: " ")): no packet \(packet) in this recording (`wakepath packets` lists them)")
    }
    // The second pass counts who held the CPUs while the packet waited.
    var again = EventStream(try recording.reopened())
    var timeline = Timeline(journey)
    while let event = again.next(), event.time <= timeline.end { timeline.consume(event) }
    var output = TextOutput()
    if options.json {
      timeline.writeJSON(stream, to: &output)
    } else {
      timeline.writeText(stream, options.style, to: &output)
    }
    try options.finish(stream.recording.diagnostics)
  }

  private static func find(_ id: Int, _ stream: inout EventStream) -> Journey? {
    var engine = JourneyEngine(stream.capabilities)
    var found: Journey?
    Analysis.run(&stream, &engine) { journey, _ in
      if journey.id == id { found = journey }
      return found == nil
    }
    return found
  }
}
