import ArgumentParser
import Model
import Reports

/// The forms in which the model is printed.
enum ModelFormat: String, ExpressibleByArgument, CaseIterable {
  case text, dot, json, yaml
}

/// `wakepath model`
struct ModelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model", abstract: "Print the reference model: stages, allowed steps, rules, claims, and where each comes from.",
    discussion: "The drawing: wakepath model --format dot | dot -Tsvg -o model.svg")

  @OptionGroup var options: CommonOptions

  @Option(help: "text, dot (a drawing for Graphviz), json, or yaml (the model's file itself, for verify --model).")
  var format: ModelFormat?

  func run() throws {
    var output = TextOutput()
    switch format ?? (options.json ? .json : .text) {
    case .text: ModelText.write(.linux, options.style, to: &output)
    case .dot: ModelDOT.write(.linux, to: &output)
    case .json: ModelJSON.write(.linux, to: &output)
    case .yaml: output.bytes.append(contentsOf: ReferenceModel.linuxFile)
    }
    output.flush()
  }
}
