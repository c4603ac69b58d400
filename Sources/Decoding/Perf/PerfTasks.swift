internal import Bytes

/// The names of tasks at the point in time that is being read, as perf knows them: a task is named by COMM, or inherits its parent's name.
struct PerfTasks {
  private var names: [Int32: String] = [0: "swapper"]
  /// Pids come round again, so that there are never more tasks than a kernel has pids; a damaged file may name more.
  private static let limit = 1 << 22

  /// Takes in a COMM (`u32 pid, tid; char comm[]`) or FORK (`u32 pid, ppid, tid, ptid`).
  mutating func take(_ record: RawSpan, isComm: Bool, _ order: ByteOrder) {
    guard let tid = record.integer(UInt32.self, at: isComm ? 12 : 16, order) else { return }
    if isComm {
      let name = record.slice(16, min(record.byteCount - 16, 16))
      self.name(Int32(bitPattern: tid), name.slice(0, name.lengthToZero).text)
    } else if let parent = record.integer(UInt32.self, at: 20, order) {
      fork(Int32(bitPattern: tid), parent: Int32(bitPattern: parent))
    }
  }

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

/// Whose a sample of perf.data is, and of which event.
public struct PerfSample: Sendable {
  /// The task, in the pid namespace of the recorder; -1 where it had gone.
  public let tid: Int32
  /// The task's name at that time, as perf script prints it.
  public let comm: String
  /// The event as perf names it, `system:name`.
  public let event: String
}
