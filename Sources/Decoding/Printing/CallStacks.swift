internal import Bytes

/// Which functions each CPU seems to be in, from the callers that the function tracer names: libtraceevent shows calls indented by it.
struct CallStacks {
  private var stacks: [Int32: [Int]] = [:]
  /// Deeper calls are shown as if they were the first: no kernel's stack holds as many.
  private static let deepest = 1024

  /// How deep `function`, which may be unknown, is called by `parent` on CPU `cpu`; symbols are those of `symbols`.
  mutating func depth(of function: Int?, calledBy parent: Int, _ cpu: Int32, _ symbols: SymbolMap) -> Int {
    guard cpu >= 0 else { return 0 }
    var stack = stacks.removeValue(forKey: cpu) ?? []
    defer { stacks[cpu] = stack }
    if let depth = stack.prefix(Self.deepest).firstIndex(where: { Self.areSame($0, parent, symbols) }) {
      Self.set(depth + 1, function, &stack)
      return depth
    }
    Self.set(0, parent, &stack)
    Self.set(1, function, &stack)
    return 0
  }

  /// Puts `function` at `depth`; what lies deeper stays, as libtraceevent leaves it.
  private static func set(_ depth: Int, _ function: Int?, _ stack: inout [Int]) {
    guard let function else { return }
    if depth < stack.count { stack[depth] = function } else if depth == stack.count { stack.append(function) }
  }

  /// Several symbols may have one name.
  private static func areSame(_ one: Int, _ other: Int, _ symbols: SymbolMap) -> Bool {
    one == other || symbols.name(one).isEqual(to: symbols.name(other))
  }
}

extension RawSpan {
  /// Whether both have the same bytes.
  func isEqual(to other: RawSpan) -> Bool {
    guard byteCount == other.byteCount else { return false }
    var at = 0
    while at < byteCount {
      if byte(at: at) != other.byte(at: at) { return false }
      at &+= 1
    }
    return true
  }
}
