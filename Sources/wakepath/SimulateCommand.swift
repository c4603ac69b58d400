import ArgumentParser
import Bytes
import Capture
import Model
import Reports
import Simulator

/// `wakepath simulate`
struct SimulateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate", abstract: "Play the reference model as a machine of its own, and record what its kernel would write.")

  @OptionGroup var options: CommonOptions

  @Flag(help: "List the scenarios.")
  var list = false

  @Option(name: .shortAndLong, help: "Write the recording, a trace.dat, to FILE.")
  var output: String?

  @Option(help: "Write what really happened to FILE, one JSON object for each packet.")
  var truth: String?

  @Option(help: "Draw the scenario from this number; the same number plays the same.")
  var seed: UInt64 = 1

  @Option(help: "The kernel generation: \(Kernel.all.keys.sorted().joined(separator: ", ")).")
  var kernel = "6.12"

  @Flag(help: "Record with the probes of wakepath record: packets say their addresses, ports and sequence numbers.")
  var probes = false

  @Option(name: .customLong("break"), help: "Break a rule of the model once: \(Self.breakable.map(\.id.rawValue).joined(separator: ", ")).")
  var deviation: String?

  @Option(help: "Play this many scenarios, from the seed on, and hold the journeys against what really happened.")
  var check: UInt64?

  @Argument(help: "The scenario.")
  var scenario: String?

  func validate() throws {
    guard !list else { return }
    guard let scenario, Scenario.catalog.contains(where: { $0.name == scenario }) else {
      throw ValidationError("Give a scenario: \(Scenario.catalog.map(\.name).joined(separator: ", ")).")
    }
    guard Kernel.all[kernel] != nil else { throw ValidationError("There is no kernel '\(kernel)' to simulate.") }
    guard deviation == nil || brokenRule != nil else { throw ValidationError("There is no rule '\(deviation ?? "")'.") }
    guard !probes || check != nil else { throw ValidationError("--probes goes with --check: recordings for -o have no packets' headers yet.") }
    guard deviation == nil || check == nil else { throw ValidationError("--break goes with -o: what --check compares breaks no rule.") }
    if let rule = deviation, let refusal = drawn(scenario).refusal {
      throw ValidationError("Scenario '\(scenario)' cannot break \(rule): \(refusal).")
    }
    guard output != nil || truth != nil || check != nil else { throw ValidationError("Say where to write the recording with -o.") }
  }

  func run() throws {
    var text = TextOutput()
    defer { text.flush() }
    guard !list, let name = scenario, let generation = Kernel.all[kernel] else {
      for entry in Scenario.catalog { text.line("\(entry.name)\(String(repeating: " ", count: 14 - entry.name.count))\(entry.summary)") }
      return
    }
    if let check { return try hold(name, generation, check, &text) }
    let outcome = drawn(name).play()
    if let rule = deviation, !outcome.hasDeviated {
      throw Failure.input("With seed \(seed), scenario '\(name)' has no occasion to break \(rule) that its recording would show; try another --seed.")
    }
    if let output { try write(outcome, generation, output) }
    if let truth { try writeText(outcome.truth.json(), truth) }
  }

  /// The scenario that the options ask for.
  private func drawn(_ name: String) -> Scenario {
    var scenario = Scenario(name, seed: seed)
    scenario.kernel = Kernel.all[kernel] ?? scenario.kernel
    scenario.hasProbes = probes
    scenario.deviation = brokenRule
    return scenario
  }

  /// The rules of the model that the simulator knows to break.
  private static var breakable: [Rule] {
    ReferenceModel.linux.rules.filter { $0.simulation.flatMap { Simulator.Deviation(rawValue: $0) } != nil }
  }

  /// How the rule that was asked for, by its id or its title, is broken.
  private var brokenRule: Simulator.Deviation? {
    guard let deviation, let rule = Self.breakable.first(where: { $0.id.rawValue == deviation || $0.title == deviation }) else { return nil }
    return rule.simulation.flatMap { Simulator.Deviation(rawValue: $0) }
  }

  private func write(_ outcome: Scenario.Outcome, _ kernel: Kernel, _ path: String) throws {
    let trace = SimulatedTrace(outcome, kernel)
    var file = TraceDatFile()
    file.formats = trace.formats
    file.headerPage = trace.headerPage
    file.headerEvent = trace.headerEvent
    file.symbols = trace.symbols
    file.tasks = trace.tasks
    file.release = trace.release
    file.pages = trace.pages
    do {
      try file.write(to: path)
    } catch {
      throw Failure.input("\(error)")
    }
  }

  private func writeText(_ text: String, _ path: String) throws {
    do {
      try TraceDatFile.write(Array(text.utf8), to: path)
    } catch {
      throw Failure.input("\(error)")
    }
  }

  private func hold(_ name: String, _ kernel: Kernel, _ count: UInt64, _ text: inout TextOutput) throws {
    let result = SeriesCheck(name, seeds: seed...(seed + max(count, 1) - 1), kernel, hasProbes: probes, hasDetails: options.verbose)
    text.line(result.summary)
    for line in options.verbose ? result.details : Array(result.failures.prefix(10)) { text.line(line) }
    if !result.failures.isEmpty {
      text.flush()
      throw ExitCode(1)
    }
  }
}
