import ArgumentParser
import Bytes
import Decoding
import Reports

/// When output is colored.
enum ColorChoice: String, ExpressibleByArgument, CaseIterable {
  case auto, always, never
}

/// The options every subcommand has.
struct CommonOptions: ParsableArguments {
  @Flag(help: "Print JSON for programs.")
  var json = false

  @Option(help: "Color the output (auto: on a terminal, unless NO_COLOR is set).")
  var color = ColorChoice.auto

  @Flag(help: "Print no warnings.")
  var quiet = false

  @Flag(help: "Say more about what is read.")
  var verbose = false

  @Option(help: "Work with N threads at most.")
  var jobs = 1

  func validate() throws {
    guard jobs >= 1 else { throw ValidationError("--jobs takes a number from 1.") }
  }

  /// Colors for standard output.
  var style: Style {
    switch color {
    case .always: Style(isColored: true)
    case .never: Style(isColored: false)
    case .auto: Style(isColored: OutputDescriptor.standardOutput.isTerminal && !Environment.isSet("NO_COLOR"))
    }
  }

  /// Says on standard error what was wrong with the input; ends with status 3 if it was damaged.
  func finish(_ diagnostics: Diagnostics) throws {
    if !quiet {
      for row in diagnostics.rows where verbose || row.kind.entry.severity != .notice {
        let place = row.offset.map { ": at byte \($0)" } ?? ""
        let detail = row.detail.isEmpty ? "" : " (\(row.detail))"
        let times = row.count > 1 ? ", \(row.count) times" : ""
        Terminal.warn("\(row.path)\(place): \(row.kind.entry.help)\(detail)\(times)")
      }
    }
    if diagnostics.hasDamage { throw ExitCode(3) }
  }
}

/// A reason to end with a sentence on standard error.
enum Failure {
  /// The input or the kernel cannot serve: status 3.
  static func input(_ sentence: String) -> ExitCode {
    Terminal.warn(sentence)
    return ExitCode(3)
  }
}

/// Standard error.
enum Terminal {
  /// Writes one line, whatever names stand in `sentence`.
  static func warn(_ sentence: String) {
    write(TerminalText.escaped("wakepath: \(sentence)"))
  }

  /// Writes lines of the program's own, in which words of the command line may stand.
  static func writeLines(_ text: String) {
    write(TerminalText.escaped(text, keepsLines: true))
  }

  private static func write(_ text: String) {
    _ = OutputDescriptor.standardError.write(Array("\(text)\n".utf8))
  }
}
