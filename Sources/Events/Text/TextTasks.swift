internal import Bytes
internal import Decoding

/// The names of tasks, collected from lines and from the scheduler's events.
struct TextTasks {
  private struct Entry {
    var comm: NameID
    /// The latency format cuts names to 8 bytes.
    var mayBeCut: Bool
  }

  private var entries: [Int32: Entry] = [:]
  /// The task each CPU was last seen in, so that a name is looked at only when it changes.
  private var lastPID: [Int32] = []

  /// So many tasks are remembered; later ones have no name.
  private static let limit = 1 << 16

  /// The name of task `pid`, if a line had it.
  func comm(_ pid: Int32) -> NameID? { entries[pid]?.comm }

  /// The task and name that a line begins with.
  @inline(__always)
  mutating func see(_ columns: TextLine, _ line: RawSpan, _ names: inout NameTable) {
    let cpu = Int(columns.cpu)
    while cpu >= lastPID.count { lastPID.append(-1) }
    guard lastPID[cpu] != columns.pid else { return }
    lastPID[cpu] = columns.pid
    let name = columns.comm.bytes(of: line)
    guard !TextKey.unknownTask.stands(in: name, at: 0) else { return }
    let mayBeCut = name.byteCount == 8
    if mayBeCut, entries[columns.pid] != nil { return }
    set(columns.pid, Entry(comm: names.intern(name), mayBeCut: mayBeCut))
  }

  /// A task and the whole of its name, from a scheduler's event; the idle task's name there is that of its thread.
  mutating func learn(_ pid: Int32, _ comm: NameID) {
    guard pid != 0 else { return }
    if let known = entries[pid], !known.mayBeCut { return }
    set(pid, Entry(comm: comm, mayBeCut: false))
  }

  private mutating func set(_ pid: Int32, _ entry: Entry) {
    if entries.count < Self.limit || entries[pid] != nil { entries[pid] = entry }
  }
}

extension TextKey {
  /// What the kernel writes for a task whose name it did not keep.
  static let unknownTask: TextKey = "<...>"
}
