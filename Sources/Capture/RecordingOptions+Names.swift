internal import Linux

extension RecordingOptions {
  /// Why `devices` cannot be recorded, one sentence: none of that name is in any network namespace that can be seen. nil if they can.
  public static func problem(ofDevices devices: [String]) -> String? {
    guard !devices.isEmpty else { return nil }
    let known = NetworkDevice.everywhere
    guard let unknown = devices.first(where: { !known.contains($0) }) else { return nil }
    return "there is no network device \(unknown.debugDescription) here: --device takes one of \(known.joined(separator: ", "))"
  }

  /// What is worth knowing of `tasks` before they are recorded, a sentence each: that none of a name runs.
  public static func notes(ofTasks tasks: [String]) -> [String] {
    guard !tasks.isEmpty else { return [] }
    let running = Set(TaskNames.running.map { String(decoding: $0, as: UTF8.self) })
    return tasks.filter { !running.contains($0) }.map {
      "no task is called \($0.debugDescription) now: its scheduling is recorded once one is, as when it starts later"
    }
  }
}
