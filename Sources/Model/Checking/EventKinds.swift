internal import Events

extension ReferenceModel {
  /// The contexts that a step may be taken in, in words.
  static func contexts(_ from: Stage, _ to: Stage) -> String {
    steps.first { $0.from == from && $0.to == to }?.contexts.map(\.rawValue).joined(separator: " or ") ?? "no such step"
  }
}
