internal import Events
internal import Journeys

/// A model of how a kernel receives and sends packets: what its file says, checked and compiled to tables.
///
/// The reference model is the file `linux.yaml` beside the sources, which is part of the program; `verify --model` takes another.
public struct ReferenceModel: Sendable {
  /// The version of the model; it changes when a verdict on the same recording could.
  public let version: String
  /// Every stage, those of the receive side first.
  public let stages: [StageModel]
  /// Every step that a packet may take from one stage to the next one seen.
  public let steps: [Step]
  /// How journeys end. An outcome that is not listed, or a last stage that is not listed with it, is unexplained.
  public let ends: [JourneyEnd]
  /// Every rule, in the order of the file.
  public let rules: [Rule]
  /// The textbook's statements, in the order of a packet's way.
  public let claims: [Claim]
  /// What a user expects besides, in the same language.
  public let expectations: [Expectation]
  let causes: [Sign<Cause>]
  let conditions: [Sign<Conditions>]

  /// The steps as a table.
  let graph: StageGraph
  /// The state machines as tables.
  let machines: MachineTables

  /// The reference model. It is read when it is asked for first.
  public static let linux: ReferenceModel = {
    do throws(ModelError) {
      return try ReferenceModel(linuxFile, file: "linux.yaml")
    } catch {
      preconditionFailure("the model in the program is wrong: \(error)")
    }
  }()

  /// The bytes of the reference model's file.
  public static var linuxFile: [UInt8] { PackageResources.linux_yaml }

  /// The model that the bytes of a file describe; `file` is its name, for errors.
  public init(_ bytes: [UInt8], file: String) throws(ModelError) {
    let definition = try ModelDefinition(bytes, file: file)
    try definition.check()
    version = definition.version
    stages = definition.stages
    steps = definition.steps
    ends = definition.ends
    rules = definition.rules
    claims = definition.claims
    expectations = definition.expectations
    causes = definition.causes
    conditions = definition.conditions
    graph = StageGraph(definition)
    machines = try MachineTables(definition)
  }

  /// The rule called `id`, or nil.
  public func rule(_ id: RuleID) -> Rule? { rules.first { $0.id == id } }

  /// The claim called `id`, or nil.
  public func claim(_ id: String) -> Claim? { claims.first { $0.id == id } }

  /// The place among the rules of the one that `code` holds, or nil.
  func index(of code: RuleCode) -> Int? { rules.firstIndex { $0.code == code } }

  /// The contexts that a step may be taken in, in words.
  func contexts(_ from: Stage, _ to: Stage) -> String {
    steps.first { $0.from == from && $0.to == to }?.contexts.map(\.rawValue).joined(separator: " or ") ?? "no such step"
  }
}
