import ArgumentParser
import Reports

/// The forms in which the model is printed.
enum ModelFormat: String, ExpressibleByArgument, CaseIterable {
  case text, dot, json
}

/// `wakepath model`
struct ModelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model", abstract: "Print the reference model: stages, allowed steps, rules, claims, and where each comes from.",
    discussion: "The drawing: wakepath model --format dot | dot -Tsvg -o model.svg")

  @OptionGroup var options: CommonOptions

  @Option(help: "text, dot (a drawing for Graphviz) or json.")
  var format: ModelFormat?

  func run() throws {
    var output = TextOutput()
    switch format ?? (options.json ? .json : .text) {
    case .text: ModelText.write(options.style, to: &output)
    case .dot: ModelDOT.write(to: &output)
    case .json: ModelJSON.write(to: &output)
    }
    output.flush()
  }
}
