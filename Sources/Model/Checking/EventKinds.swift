internal import Events

extension Event.Kind {
  /// The tracepoint that such an event is decoded from, or nil for what is no event of the kernel: probes, marks and gaps in the recording itself.
  /// Those of frags and of DMA stand for their like.
  var tracepoint: EventKind? { Self.tracepoints[Int(rawValue)] }

  private static let tracepoints: [EventKind?] = {
    var tracepoints = [EventKind?](repeating: nil, count: Int(Self.gap.rawValue) + 1)
    for kind in EventKind.allCases.reversed() where kind != .print { tracepoints[Int(kind.event.rawValue)] = kind }
    return tracepoints
  }()
}

extension ReferenceModel {
  /// The contexts that a step may be taken in, in words.
  static func contexts(_ from: Stage, _ to: Stage) -> String {
    steps.first { $0.from == from && $0.to == to }?.contexts.map(\.rawValue).joined(separator: " or ") ?? "no such step"
  }
}
