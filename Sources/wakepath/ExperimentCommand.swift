import ArgumentParser
import Experiments

/// What `wakepath verify --live` runs in a process of its own; not for people.
struct ExperimentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run-experiments", abstract: "Run the experiments of verify --live and write their account.", shouldDisplay: false)

  @Argument var tag: String
  @Argument var account: String

  func run() { ExperimentProcess.run(tag: tag, account: account) }
}
