import ArgumentParser
import Bytes
import Capture

/// What a recorder runs beside itself, to give tracing back should it be killed; not for people.
struct SuperviseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "supervise", abstract: "Give tracing back when the recorder is gone.", shouldDisplay: false)

  /// How a recorder starts it.
  static var command: [String] { ["/proc/self/exe", _commandName] }

  func run() { for sentence in Supervision.run() { Terminal.warn(sentence) } }
}
