import ArgumentParser
import Decoding
import Events
import Journeys
import Reports

/// `wakepath packets`
struct PacketsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "packets", abstract: "Print one line for each packet, in the order of their first events.")

  @OptionGroup var options: CommonOptions

  @Option(help: "Only the N packets that took longest from first sign to read, slowest first.")
  var slowest: Int?

  @OptionGroup(title: "Which packets") var which: SelectionOptions

  @OptionGroup var input: InputOptions

  func validate() throws {
    if let slowest, slowest < 1 { throw ValidationError("--slowest takes a number from 1.") }
  }

  func run() throws {
    var stream = EventStream(try input.open())
    var output = TextOutput()
    var sieve = PacketSieve(which.selection)
    if !options.json { output.line(PacketLine.header(options.style)) }
    if let slowest {
      printSlowest(slowest, &stream, &sieve, &output)
    } else {
      printInOrder(&stream, &sieve, &output)
    }
    output.flush()
    if !options.quiet, let complaint = sieve.complaint(which.text, stream) { Terminal.warn(complaint) }
    try options.finish(stream.recording.diagnostics)
  }

  private func printInOrder(_ stream: inout EventStream, _ sieve: inout PacketSieve, _ output: inout TextOutput) {
    var engine = JourneyEngine(stream.capabilities)
    var found = FoundDeviations(stream, isWanted: options.json)
    Analysis.runInOrder(&stream, &engine, &found) { journey, deviations, stream in
      if sieve.accepts(journey, stream) { print(journey, deviations, stream, &output) }
      return !output.isClosed
    }
  }

  private func printSlowest(_ count: Int, _ stream: inout EventStream, _ sieve: inout PacketSieve, _ output: inout TextOutput) {
    var engine = JourneyEngine(stream.capabilities)
    var found = FoundDeviations(stream, isWanted: options.json)
    var slowest = SlowestJourneys(limit: count)
    Analysis.run(&stream, &engine, &found) { journey, stream in
      if sieve.accepts(journey, stream) { slowest.add(journey) }
      return true
    }
    for journey in slowest.inOrder { print(journey, found.take(journey.id), stream, &output) }
  }

  private func print(_ journey: Journey, _ deviations: [String], _ stream: borrowing EventStream, _ output: inout TextOutput) {
    if options.json {
      PacketJSON.write(journey, deviations: deviations, stream, to: &output)
    } else {
      output.line(PacketLine.text(journey, stream, options.style))
    }
  }
}
