import ArgumentParser
import Capture
import Experiments
import Layouts
import Model
import Reports

/// `wakepath verify --live`
enum LiveVerify {
  static func run(_ options: CommonOptions, keeping kept: String?) throws {
    let live: LiveVerification
    do {
      live = try LiveVerification.run(
        program: "/proc/self/exe", arguments: [ExperimentCommand._commandName], supervisor: SuperviseCommand.command, keeping: kept)
    } catch {
      switch error {
      case .interrupted: throw Failure.input("interrupted: everything is as it was, and nothing is judged")
      case .failed(let sentence): throw Failure.input(sentence)
      }
    }
    if !options.quiet { for note in live.notes { Terminal.warn(note) } }
    let results = ClaimResult.merged(live.results + structures())
    var output = TextOutput()
    if options.json {
      ClaimReport.writeJSON(results, kernel: live.kernel, to: &output)
    } else {
      ClaimReport.writeText(results, kernel: live.kernel, options.style, to: &output)
    }
    if results.contains(where: \.isUnexpected) { throw ExitCode(1) }
  }

  /// The claims about structures, decided by the types of the running kernel.
  private static func structures() -> [ClaimResult] {
    do throws(LayoutError) {
      return try StructureClaims(try BTF.ofRunningKernel()).decide()
    } catch {
      return ReferenceModel.linux.claims.filter { $0.methods.contains(.structure) }.map {
        .unobserved($0, by: .structure, because: error.description)
      }
    }
  }
}
