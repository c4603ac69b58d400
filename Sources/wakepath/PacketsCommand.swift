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
    var engine = JourneyEngine(stream.capabilities)
    var output = TextOutput()
    var found = FoundDeviations(stream, isWanted: options.json)
    if !options.json { output.line(PacketLine.header(options.style)) }
    if let slowest {
      printSlowest(slowest, &stream, &engine, &found, &output)
    } else {
      printInOrder(&stream, &engine, &found, &output)
    }
    output.flush()
    try options.finish(stream.recording.diagnostics)
  }

  private func printInOrder(
    _ stream: inout EventStream, _ engine: inout JourneyEngine, _ found: inout FoundDeviations, _ output: inout TextOutput
  ) {
    var order = JourneyOrder()
    var sinceLook = 0
    while !output.isClosed, let event = stream.next() {
      engine.consume(event)
      found.observe(event, engine)
      guard !engine.finished.isEmpty else { continue }
      for journey in engine.finished { order.add(journey) }
      sinceLook += engine.finished.count
      engine.finished.removeAll(keepingCapacity: true)
      // Looking for the oldest packet in flight costs a walk over all of them.
      guard sinceLook >= 512 else { continue }
      sinceLook = 0
      let oldest = engine.oldestInFlight
      while let journey = order.next(oldest: oldest) { print(journey, found.take(journey.id), stream, &output) }
    }
    engine.finish()
    found.finish(engine)
    for journey in engine.finished { order.add(journey) }
    while let journey = order.next(oldest: nil) { print(journey, found.take(journey.id), stream, &output) }
  }

  private func printSlowest(
    _ count: Int, _ stream: inout EventStream, _ engine: inout JourneyEngine, _ found: inout FoundDeviations, _ output: inout TextOutput
  ) {
    var slowest = SlowestJourneys(limit: count)
    let selection = which.selection
    Analysis.run(&stream, &engine, &found) { journey, stream in
      if selection.accepts(journey, stream) { slowest.add(journey) }
      return true
    }
    for journey in slowest.inOrder { print(journey, found.take(journey.id), stream, &output) }
  }

  private func print(_ journey: Journey, _ deviations: [String], _ stream: borrowing EventStream, _ output: inout TextOutput) {
    guard which.selection.accepts(journey, stream) else { return }
    if options.json {
      PacketJSON.write(journey, deviations: deviations, stream, to: &output)
    } else {
      output.line(PacketLine.text(journey, stream, options.style))
    }
  }
}
