internal import Events

/// A copy to user space that a task has begun.
struct Copy {
  var time: UInt64
  var cpu: Int32
  var skb: UInt64
  var length: Int32
}

/// What is known of one task.
struct TaskState {
  var comm = NameID.none
  /// When the task last got a CPU.
  var switchedIn: StageMark?
  /// Packets that woke it and have not seen it run.
  var wokenFor: [PacketRef] = []
  /// The packet that woke it last.
  var wokenBy = PacketRef.none
  /// Copies since its last receive call ended.
  var copies: [Copy] = []
  /// The packet it freed after reading, and when.
  var consumed: (packet: PacketRef, time: UInt64, cpu: Int32)?
  /// The index of the context in which it works off sockets' backlogs, or -1 while it never did.
  var context: Int32 = -1

  var isIdle: Bool { wokenFor.isEmpty && copies.isEmpty && consumed == nil && context < 0 }
}

/// The tasks seen, by pid.
struct TaskTable {
  private var index: [Int32: Int32] = [:]
  var tasks: [TaskState] = []

  /// Tasks kept at most; beyond, those with nothing pending are forgotten.
  private static let limit = 65_536

  /// The index of the task `pid`, which is added if it is new.
  mutating func find(_ pid: Int32) -> Int {
    if let known = index[pid] { return Int(known) }
    if tasks.count >= Self.limit { compact() }
    index[pid] = Int32(truncatingIfNeeded: tasks.count)
    tasks.append(TaskState())
    return tasks.count - 1
  }

  /// The index of the task `pid`, or nil.
  func known(_ pid: Int32) -> Int? { index[pid].map(Int.init) }

  private mutating func compact() {
    var kept: [TaskState] = []
    var keptIndex: [Int32: Int32] = [:]
    for (pid, position) in index where !tasks[Int(position)].isIdle {
      keptIndex[pid] = Int32(truncatingIfNeeded: kept.count)
      kept.append(tasks[Int(position)])
    }
    tasks = kept
    index = keptIndex
  }
}
