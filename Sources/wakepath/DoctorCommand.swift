import ArgumentParser
import Capture
import Reports

/// `wakepath doctor`
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Say what this machine allows, and what each absence costs.")

  @OptionGroup var options: CommonOptions

  func run() throws {
    let rows = Doctor.examine().map {
      DoctorReport.Row(
        area: "\($0.area)", name: $0.name, state: "\($0.state)", isFine: $0.state == .ok, found: $0.found, cost: $0.cost,
        isEssential: $0.isEssential)
    }
    var output = TextOutput()
    if options.json {
      DoctorReport.writeJSON(rows, to: &output)
    } else {
      DoctorReport.writeText(rows, options.style, isVerbose: options.verbose, to: &output)
    }
    // Recording cannot work without these.
    if rows.contains(where: { $0.isEssential && !$0.isFine }) { throw ExitCode(3) }
  }
}
