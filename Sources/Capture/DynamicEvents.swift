internal import Linux
internal import SystemPackage

/// Events that the kernel is asked to make for one recording (`dynamic_events`): probes on its events and functions, in a group that carries
/// this process's number. They are removed with the recording, and those of a recorder that was killed by the next one.
struct DynamicEvents {
  /// Groups are called this and the number of the process.
  static let prefix = "wakepath_"

  private let tracing: TraceDirectory
  private let supervisor: Supervisor?
  let group: String
  /// What was made, by name.
  private(set) var names: [String] = []

  /// Makes nothing yet.
  init(_ tracing: TraceDirectory, _ supervisor: Supervisor? = nil) {
    self.tracing = tracing
    self.supervisor = supervisor
    // A process of another container may have our number.
    let taken = Set(Self.list(tracing).map(\.group))
    let name = "\(Self.prefix)\(ThisProcess.id)"
    group = taken.contains(name) ? (2..<10).lazy.map { "\(name)_\($0)" }.first { !taken.contains($0) } ?? name : name
  }

  /// Makes the event `name`: `kind` is `e` for a probe on an event, `p` for one on a function; `definition` is what follows the name.
  mutating func make(_ kind: String, _ name: String, _ definition: String) throws(Errno) {
    try Self.append("\(kind):\(group)/\(name) \(definition)", tracing)
    names.append(name)
    supervisor?.add(.probe(tracing: tracing.path, name: "\(group)/\(name)"))
  }

  /// Removes what was made; answers a sentence if something is still there.
  mutating func remove() -> String? {
    var left: [String] = []
    for name in names.reversed() {
      do throws(Errno) {
        try Self.remove(group, name, tracing)
        supervisor?.settle(.probe(tracing: tracing.path, name: "\(group)/\(name)"))
      } catch {
        left.append("\(group)/\(name) (\(error))")
      }
    }
    names = []
    return left.isEmpty ? nil : "the probe \(left.joined(separator: ", ")) could not be removed: the next recording removes it"
  }

  /// Removes events of recorders that were killed; answers a sentence for each group. Their instances must be gone.
  static func removeLeftovers(in tracing: TraceDirectory) -> [String] {
    var removed: Set<String> = []
    for (group, name) in list(tracing).reversed() {
      guard let pid = Int32(group.dropFirst(prefix.count).prefix { $0 != "_" }), !RecordingInstance.isRecorder(pid) else { continue }
      if (try? remove(group, name, tracing)) != nil { removed.insert(group) }
    }
    return removed.sorted().map { "removed the probes \($0), left by a recording that was killed" }
  }

  /// Our groups' events in `dynamic_events`: lines such as `e:wakepath_12/flow net.netif_receive_skb …`.
  private static func list(_ tracing: TraceDirectory) -> [(group: String, name: String)] {
    let text = (try? Files.contents(of: "\(tracing.path)/dynamic_events")) ?? []
    return String(decoding: text, as: UTF8.self).split(separator: "\n").compactMap { line in
      guard let place = line.split(separator: " ").first?.split(separator: ":", maxSplits: 1).last else { return nil }
      let parts = place.split(separator: "/")
      return parts.count == 2 && parts[0].hasPrefix(prefix) ? (String(parts[0]), String(parts[1])) : nil
    }
  }

  private static func remove(_ group: String, _ name: String, _ tracing: TraceDirectory) throws(Errno) {
    for attempt in 0... {
      do throws(Errno) {
        return try append("-:\(group)/\(name)", tracing)
      } catch {
        // It is in use for a moment longer where its instance went just now.
        guard error == .resourceBusy, attempt < 20 else { throw error }
        KernelClock.sleep(milliseconds: 20)
      }
    }
  }

  private static func append(_ line: String, _ tracing: TraceDirectory) throws(Errno) {
    try Files.write("\(line)\n", to: "\(tracing.path)/dynamic_events", appending: true)
  }
}
