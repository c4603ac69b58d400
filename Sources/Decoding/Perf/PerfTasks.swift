/// The names of tasks at the point in time that is being read, as perf knows them: a task is named by COMM, or inherits its parent's name.
struct PerfTasks {
  private var names: [Int32: String] = [0: "swapper"]
  /// Pids come round again, so that there are never more tasks than a kernel has pids; a damaged file may name more.
  private static let limit = 1 << 22

  /// Task `tid` is called `name` from now on.
  mutating func name(_ tid: Int32, _ name: String) {
    if names.count < Self.limit || names[tid] != nil { names[tid] = name }
  }

  /// Task `tid` was made by `parent`.
  mutating func fork(_ tid: Int32, parent: Int32) {
    if let name = names[parent] { self.name(tid, name) } else { names[tid] = nil }
  }

  /// The name of task `tid`, as perf script prints it.
  subscript(tid: Int32) -> String { names[tid] ?? ":\(tid)" }

  /// The name of task `tid`, or nil.
  func known(_ tid: Int32) -> String? { names[tid] }
}
