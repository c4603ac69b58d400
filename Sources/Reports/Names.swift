internal import Decoding
internal import Journeys

// What values are called in output. JSON promises these words; the names of cases may change without them.

extension ExecutionContext {
  /// The word for it in text and JSON.
  var name: String {
    switch self {
    case .hardirq: "hardirq"
    case .softirq: "softirq"
    case .process: "process"
    }
  }
}

extension Link {
  /// The word for it in text and JSON.
  var name: String {
    switch self {
    case .exact: "exact"
    case .ordered: "ordered"
    case .inferred: "inferred"
    }
  }
}

extension Severity {
  /// The word for it in JSON.
  var name: String {
    switch self {
    case .notice: "notice"
    case .dataLoss: "dataLoss"
    case .damage: "damage"
    }
  }
}
