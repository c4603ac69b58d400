internal import Events
public import Model

/// The model's stages and steps as a drawing in the language of Graphviz.
public enum ModelDOT {
  /// Appends the drawing of `model` to `output`. Thick edges are the ordinary way; dashed ones may lead to another CPU.
  public static func write(_ model: ReferenceModel, to output: inout TextOutput) {
    output.line("digraph wakepath {")
    output.line(
      "  label=\"How Linux receives and sends packets: Wakepath's reference model, version \(model.version)\\n"
        + "thick: the ordinary way; dashed: may lead to another CPU; double border: a journey may begin here\";")
    output.line("  labelloc=t; fontname=\"Helvetica\"; fontsize=16; nodesep=0.35; ranksep=0.45; newrank=true;")
    output.line("  node [fontname=\"Helvetica\" fontsize=12 shape=box style=\"rounded,filled\" fillcolor=white];")
    output.line("  edge [fontname=\"Helvetica\" fontsize=9 color=\"#777777\"];")
    cluster("receive", model, model.stages.filter { $0.stage.rawValue <= Stage.read.rawValue }, &output)
    cluster("send", model, model.stages.filter { $0.stage.rawValue > Stage.read.rawValue }, &output)
    for step in model.steps { edge(step, &output) }
    output.line("}")
  }

  private static func cluster(_ name: String, _ model: ReferenceModel, _ stages: [StageModel], _ output: inout TextOutput) {
    output.line("  subgraph cluster_\(name) {")
    output.line("    label=\"\(name)\"; style=rounded; color=\"#bbbbbb\";")
    for stage in stages {
      let border = stage.begins == nil ? "" : " peripheries=2"
      let label = "<b>\(stage.stage.id)</b><br/><font point-size=\"9\">\(escaped(firstEvent(stage)))</font>"
      output.line("    \(stage.stage.id) [label=<\(label)> fillcolor=\"\(color(stage, model))\"\(border)];")
    }
    output.line("  }")
  }

  /// Colors by the context in which a stage ordinarily happens.
  private static func color(_ stage: StageModel, _ model: ReferenceModel) -> String {
    let ordinary = model.steps.first { $0.to == stage.stage && $0.isOrdinary } ?? model.steps.first { $0.to == stage.stage }
    switch ordinary?.contexts.first {
    case .hardInterrupt: return "#f6c9c0"
    case .softInterrupt: return "#fbe9b7"
    case .process, .napiThread: return "#cfe5c8"
    case nil: return "#e3e3e3"
    }
  }

  private static func firstEvent(_ stage: StageModel) -> String {
    String(stage.evidence.prefix { $0 != "," && $0 != "(" })
  }

  private static func edge(_ step: Step, _ output: inout TextOutput) {
    var attributes: [String] = []
    if step.isOrdinary { attributes.append("penwidth=2.2 color=\"#222222\" weight=8") } else { attributes.append("constraint=\(isForward(step))") }
    if step.cpu != .same { attributes.append("style=dashed") }
    attributes.append("tooltip=\"\(step.because.replacing("\"", with: "'"))\"")
    output.line("  \(step.from.id) -> \(step.to.id) [\(attributes.joined(separator: " "))];")
  }

  private static func isForward(_ step: Step) -> Bool { step.from.rawValue < step.to.rawValue }

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }
}
