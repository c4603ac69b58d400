internal import Events
internal import Journeys
internal import Yams

/// What a model's file says, value by value; whether it makes sense together is for `check` to say.
struct ModelDefinition {
  let file: String
  let version: String
  let stages: [StageModel]
  let steps: [Step]
  let ends: [JourneyEnd]
  let machines: [Machine]
  let rules: [Rule]
  let claims: [Claim]
  let causes: [Sign<Cause>]
  let conditions: [Sign<Conditions>]
  let expectations: [Expectation]

  private static let keys = ["model", "stages", "steps", "ends", "machines", "rules", "claims", "causes", "conditions", "expectations"]

  /// Reads the bytes of `file`.
  init(_ bytes: [UInt8], file: String) throws(ModelError) {
    let root = try Piece(document: bytes, file: file, what: "the model")
    let fields = try root.fields(Self.keys)
    self.file = file
    version = try fields.text("model")
    stages = try fields.each("stages", "a stage") { piece throws(ModelError) in try StageModel(piece) }
    let known = Set(stages.map(\.stage))
    steps = try fields.each("steps", "a step") { piece throws(ModelError) in try Step(piece, known) }
    ends = try fields.each("ends", "an end") { piece throws(ModelError) in try JourneyEnd(piece) }
    machines = try fields.each("machines", "a machine") { piece throws(ModelError) in try Machine(piece) }
    rules = try fields.each("rules", "a rule") { piece throws(ModelError) in try Rule(piece) }
    claims = try fields.each("claims", "a claim") { piece throws(ModelError) in try Claim(piece) }
    causes = try fields.each("causes", "a cause") { piece throws(ModelError) in try Sign(piece, "cause", Vocabulary.causes) }
    conditions = try fields.each("conditions", "a condition") { piece throws(ModelError) in
      try Sign(piece, "condition", Vocabulary.conditions)
    }
    expectations = try fields.each("expectations", "an expectation") { piece throws(ModelError) in try Expectation(piece) }
  }
}

extension Piece {
  /// The document that `bytes` hold; a file that is no YAML is an error where it goes wrong.
  init(document bytes: [UInt8], file: String, what: String) throws(ModelError) {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ModelError(file: file, line: 1, sentence: "the file is not text in UTF-8")
    }
    let node: Node?
    do { node = try Yams.compose(yaml: text, .basic) } catch { throw Self.syntax(error, file) }
    guard let node, node.scalar?.string != "" else { throw ModelError(file: file, line: 1, sentence: "the file says nothing") }
    self.init(node: node, file: file, what: what)
  }

  private static func syntax(_ error: any Error, _ file: String) -> ModelError {
    switch error as? YamlError {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
      ModelError(file: file, line: mark.line, sentence: "this is not YAML: \(problem)")
    case .duplicatedKeysInMapping(let names, let context):
      ModelError(file: file, line: context.mark.line, sentence: "the same key stands twice: \(names.sorted().joined(separator: ", "))")
    case .reader(let problem, _, _, _): ModelError(file: file, line: 1, sentence: "this is not YAML: \(problem)")
    default: ModelError(file: file, line: 1, sentence: "this is not YAML: \(error)")
    }
  }
}

extension Fields {
  /// What `read` makes of each element of the list `key`; none where it is absent.
  func each<T>(_ key: String, _ element: String, _ read: (Piece) throws(ModelError) -> T) throws(ModelError) -> [T] {
    var values: [T] = []
    for piece in try list(key, of: element) { values.append(try read(piece)) }
    return values
  }
}
