internal import Linux
internal import SystemPackage

/// What the supervisor does, in a process of its own.
public enum Supervision {
  /// Reads standard input to its end, and undoes what then is left of it; answers sentences about it, none if all was well.
  public static func run() -> [String] {
    SignalRoute.passAll()
    ThisProcess.standAside()
    guard let text = try? FileDescriptor.standardInput.rest() else { return [] }
    return undo(steps(String(decoding: text, as: UTF8.self)))
  }

  /// What is left of the log: steps that were added and not settled, in the order in which they were made; none if it ends with a dot.
  static func steps(_ log: String) -> [Undoing] {
    var steps: [Undoing] = []
    for line in log.split(separator: "\n") {
      if line == "." { return [] }
      guard let step = Undoing(line: line.dropFirst()) else { continue }
      if line.hasPrefix("+") { steps.append(step) } else { steps.removeAll { $0 == step } }
    }
    return steps
  }

  /// Undoes `steps`, the last first.
  static func undo(_ steps: [Undoing]) -> [String] {
    guard !steps.isEmpty else { return [] }
    let failures = steps.reversed().compactMap { undo($0) }
    let found = steps.compactMap { step -> String? in
      guard case .pages(let path) = step, Files.exists(path) else { return nil }
      return "what was recorded until then is in \(path): `wakepath report` reads it"
    }
    return (failures.isEmpty ? ["the recorder was killed: tracing is as it was before"] : ["the recorder was killed"] + failures) + found
  }

  /// Undoes it; answers a sentence if that cannot be.
  private static func undo(_ step: Undoing) -> String? {
    switch step {
    case .instance(let path): return removeInstance(path)
    case .probe(let tracing, let name):
      let hasGone = retrying { () throws(Errno) in try Files.write("-:\(name)\n", to: "\(tracing)/dynamic_events", appending: true) }
      return hasGone ? nil : "the probe \(name) could not be removed: the next recording removes it"
    case .mount(let path):
      TraceDirectory.unmount(path)
      return nil
    case .folder(let path):
      clear(path, depth: 0)
      return Files.exists(path) ? "\(path) could not be removed" : nil
    case .pages: return nil
    }
  }

  private static func removeInstance(_ path: String) -> String? {
    guard Files.exists(path) else { return nil }
    // Whoever holds it does not keep it recording.
    for file in ["tracing_on", "events/enable"] { try? Files.write("0", to: "\(path)/\(file)") }
    if retrying({ () throws(Errno) in try Files.removeDirectory(path) }) { return nil }
    return
      "the tracing instance \(path) could not be removed, because somebody uses it: it records nothing, and the next recording removes it, or `rmdir` does"
  }

  /// Tries for five seconds: the threads of a process that was killed end one by one.
  private static func retrying(_ body: () throws(Errno) -> Void) -> Bool {
    for _ in 0..<100 {
      do throws(Errno) {
        try body()
        return true
      } catch {
        if error == .noSuchFileOrDirectory { return true }
        KernelClock.sleep(milliseconds: 50)
      }
    }
    return false
  }

  /// Removes a directory of ours, which has files and at most directories of files in it.
  private static func clear(_ path: String, depth: Int) {
    for name in (try? Files.names(in: path)) ?? [] {
      if depth == 0, let status = FileStatus(of: "\(path)/\(name)"), status.kind == .directory { clear("\(path)/\(name)", depth: 1) }
      Files.remove("\(path)/\(name)")
    }
    try? Files.removeDirectory(path)
  }
}
