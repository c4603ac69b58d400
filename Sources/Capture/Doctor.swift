internal import Linux
internal import SystemPackage

/// What this machine allows, found by looking; what is tried is undone at once.
public enum Doctor {
  /// One thing that recordings use.
  public struct Check: Sendable, Equatable {
    public enum State: String, Sendable {
      case ok
      /// This kernel does not have it.
      case missing
      /// The kernel may have it, but not for us.
      case denied
    }

    public enum Area: String, Sendable, CaseIterable {
      case recording, events, probes, perf
    }

    public let area: Area
    public let name: String
    public let state: State
    /// What was found.
    public let found: String
    /// What its absence costs, and what to do about it.
    public let cost: String
    /// Without it nothing can be recorded.
    public let isEssential: Bool
  }

  /// Looks at everything.
  public static func examine() -> [Check] {
    let tracing = TraceDirectory(mounting: ThisProcess.isRoot)
    defer { tracing?.close() }
    return Recording(tracing: tracing).checks + events(tracing) + Probes(tracing: tracing).checks + [perf]
  }

  /// Each event that `record` asks for.
  private static func events(_ tracing: TraceDirectory?) -> [Check] {
    let directory = tracing.map { "\($0.path)/events" }
    let isReadable = directory.map { (try? Files.names(in: $0)) != nil } ?? false
    return RecordedEvent.all.map { event in
      let exists = directory.map { Files.exists("\($0)/\(event.system)/\(event.name)/enable") } ?? false
      let found = isReadable ? (exists ? event.need : "not in this kernel") : "cannot be looked up"
      return Check(
        area: .events, name: event.fullName, state: exists ? .ok : isReadable ? .missing : .denied, found: found, cost: event.cost,
        isEssential: event.isEssential)
    }
  }

  private static var perf: Check {
    let paranoid = text("/proc/sys/kernel/perf_event_paranoid").flatMap { Int($0) }
    let mayUse = ThisProcess.isRoot || paranoid.map { $0 < 0 } ?? false
    return Check(
      area: .perf, name: "perf_event_open", state: paranoid == nil ? .missing : mayUse ? .ok : .denied,
      found: paranoid.map { "perf_event_paranoid is \($0)" } ?? "not in this kernel",
      cost: "`record --backend perf` does not work: run with sudo", isEssential: false)
  }

  /// The content of a small file without its line end; nil if it cannot be read.
  static func text(_ path: String) -> String? {
    guard let bytes = try? Files.contents(of: path) else { return nil }
    return String(decoding: bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...], as: UTF8.self)
  }
}
