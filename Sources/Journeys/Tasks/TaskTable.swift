internal import BasicContainers
internal import Events

/// A copy to user space that a task has begun.
struct Copy {
  var time: UInt64
  var cpu: Int32
  var skb: UInt64
  /// The packet at that address when the copy began, or none.
  var packet: PacketRef
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
  /// When its last call on a socket ended, in nanoseconds.
  var callEnd: UInt64 = 0
  /// The index of the context in which it works off sockets' backlogs, or -1 while it never did.
  var context: Int32 = -1
  /// Packets it has handed to a device in the call that runs.
  var sent: [PacketRef] = []
  /// What it polls for, if it polls devices or the backlog in place of NET_RX.
  var poll: ThreadedPoll?
  /// The hard interrupt whose handler it runs.
  var handler: CPUState.Handler?
  /// The socket whose state it has just changed (0 in text, which does not print it) and its connection: the SYN or FIN follows.
  var changed: (socket: UInt64, flow: FlowID)?

  /// Whether the segment it has just taken from a backlog made a connection stand: the ACK follows, and no call sends it.
  var answersHandshake = false

  var isIdle: Bool { wokenFor.isEmpty && copies.isEmpty && consumed == nil && context < 0 && sent.isEmpty && poll == nil && handler == nil }
}

/// The tasks seen, by pid.
struct TaskTable: ~Copyable {
  /// By pid.
  private var index = AddressTable<Int32>()
  var tasks = UniqueArray<TaskState>()
  /// The task found last, which most often is asked for again.
  private var last: (pid: Int32, index: Int) = (-1, -1)

  /// Tasks kept at most; beyond, those with nothing pending are forgotten.
  private static let limit = 65_536

  /// The index of the task `pid`, which is added if it is new.
  @inline(__always)
  mutating func find(_ pid: Int32) -> Int {
    if pid == last.pid, last.index >= 0 { return last.index }
    let index = index[Self.key(pid)].map(Int.init) ?? add(pid)
    last = (pid, index)
    return index
  }

  @inline(never)
  private mutating func add(_ pid: Int32) -> Int {
    if tasks.count >= Self.limit { compact() }
    index[Self.key(pid)] = Int32(truncatingIfNeeded: tasks.count)
    tasks.append(TaskState())
    return tasks.count - 1
  }

  /// The index of the task `pid`, or nil.
  @inline(__always)
  func known(_ pid: Int32) -> Int? { pid == last.pid && last.index >= 0 ? last.index : index[Self.key(pid)].map(Int.init) }

  private static func key(_ pid: Int32) -> UInt64 { UInt64(UInt32(bitPattern: pid)) }

  /// Calls and wakeups under way may end unseen from here.
  mutating func forgetCalls() {
    for index in tasks.indices {
      tasks[index].switchedIn = nil
      tasks[index].wokenFor.removeAll(keepingCapacity: true)
      tasks[index].wokenBy = .none
      tasks[index].copies.removeAll(keepingCapacity: true)
      tasks[index].consumed = nil
      tasks[index].sent.removeAll(keepingCapacity: true)
      tasks[index].changed = nil
    }
  }

  private mutating func compact() {
    var kept = UniqueArray<TaskState>()
    var keptIndex = AddressTable<Int32>()
    for (pid, position) in index.all where !tasks[Int(position)].isIdle {
      keptIndex[pid] = Int32(truncatingIfNeeded: kept.count)
      kept.append(tasks[Int(position)])
    }
    tasks = kept
    index = keptIndex
    last = (-1, -1)
  }
}
