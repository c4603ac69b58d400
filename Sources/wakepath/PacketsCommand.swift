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

  @Option(help: "Only packets received (rx) or sent (tx).")
  var direction: Direction?

  @Option(help: "Only packets with this outcome: \(Journey.Outcome.allCases.map(\.rawValue).joined(separator: ", ")).")
  var outcome: Outcome?

  @Option(help: "Only packets received or sent on this device.")
  var device: String?

  @Option(help: "Only packets that task PID read, sent or was woken by.")
  var pid: Int32?

  @Option(help: "Only packets from or to this port.")
  var port: UInt16?

  @Option(help: "Only packets whose flow contains this, for example 10.9.0.1 or 10.9.0.1:40000.")
  var flow: String?

  @Option(help: ArgumentHelp("Only packets that took longer from first sign to read, for example 1ms or 200us.", valueName: "time"))
  var slowerThan: TimeSpan?

  @OptionGroup var input: InputOptions

  func validate() throws {
    if let slowest, slowest < 1 { throw ValidationError("--slowest takes a number from 1.") }
  }

  private var selection: PacketSelection {
    var selection = PacketSelection()
    selection.direction = direction?.value
    selection.outcome = outcome?.value
    selection.device = device
    selection.pid = pid
    selection.port = port
    selection.flow = flow
    selection.slowerThan = slowerThan?.nanoseconds
    return selection
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
    let selection = selection
    Analysis.run(&stream, &engine, &found) { journey, stream in
      if selection.accepts(journey, stream) { slowest.add(journey) }
      return true
    }
    for journey in slowest.inOrder { print(journey, found.take(journey.id), stream, &output) }
  }

  private func print(_ journey: Journey, _ deviations: [String], _ stream: borrowing EventStream, _ output: inout TextOutput) {
    guard selection.accepts(journey, stream) else { return }
    if options.json {
      PacketJSON.write(journey, deviations: deviations, stream, to: &output)
    } else {
      output.line(PacketLine.text(journey, stream, options.style))
    }
  }
}

/// A direction on the command line.
struct Direction: ExpressibleByArgument {
  let value: Journey.Direction

  init?(argument: String) {
    guard let value = Journey.Direction(rawValue: argument) else { return nil }
    self.value = value
  }
}

/// An outcome on the command line.
struct Outcome: ExpressibleByArgument {
  let value: Journey.Outcome

  init?(argument: String) {
    guard let value = Journey.Outcome(rawValue: argument) else { return nil }
    self.value = value
  }
}
