internal import BasicContainers
internal import Events

/// Tasks: whom packets woke and who runs, what each has copied, freed and sent in the call that runs, and what threads poll for.
struct TaskTracker: ~Copyable {
  /// By pid.
  private var index = AddressTable<Int32>()
  private var tasks = UniqueArray<TaskState>()
  /// The task found last, which most often is asked for again.
  private var last: (pid: Int32, index: Int) = (-1, -1)
  /// The names of the tasks whose scheduling alone is recorded; empty where it is recorded of all.
  private var chosen: [NameID] = []

  /// Tasks kept at most; beyond, those with nothing pending are forgotten. Where most have something, twice as many are kept before the next
  /// look at all of them, so that each new one costs the same.
  private static let limit = 65_536
  private var room = limit

  // MARK: tasks

  /// The index of the task `pid`, which is added if it is new.
  @inline(__always)
  mutating func findOrAdd(_ pid: Int32) -> Int {
    if pid == last.pid, last.index >= 0 { return last.index }
    let index = index[Self.key(pid)].map(Int.init) ?? add(pid)
    last = (pid, index)
    return index
  }

  /// The index of the task `pid`, or nil.
  @inline(__always)
  func known(_ pid: Int32) -> Int? { pid == last.pid && last.index >= 0 ? last.index : index[Self.key(pid)].map(Int.init) }

  private static func key(_ pid: Int32) -> UInt64 { UInt64(UInt32(bitPattern: pid)) }

  @inline(never)
  private mutating func add(_ pid: Int32) -> Int {
    if tasks.count >= room { forgetIdle() }
    index[Self.key(pid)] = Int32(truncatingIfNeeded: tasks.count)
    tasks.append(TaskState())
    return tasks.count - 1
  }

  private mutating func forgetIdle() {
    var kept = UniqueArray<TaskState>()
    var keptIndex = AddressTable<Int32>()
    for (pid, position) in index.all.sorted(by: { $0.value < $1.value }) where !tasks[Int(position)].isIdle {
      keptIndex[pid] = Int32(truncatingIfNeeded: kept.count)
      kept.append(tasks[Int(position)])
    }
    tasks = kept
    index = keptIndex
    last = (-1, -1)
    room = max(Self.limit, 2 * tasks.count)
  }

  /// The name of `task`.
  func comm(of task: Int) -> NameID { tasks[task].comm }

  /// `task` is called `comm` now.
  mutating func name(_ task: Int, _ comm: NameID) { tasks[task].comm = comm }

  /// What kind of kernel thread the task `pid` is, by its name.
  func thread(_ pid: Int32) -> KernelThread { known(pid).map { tasks[$0].comm.kernelThread } ?? .none }

  /// The context in which `task` processes packets, or nil while it never did.
  @inline(__always)
  func context(of task: Int) -> Int? { tasks[task].context >= 0 ? Int(tasks[task].context) : nil }

  /// `task` processes packets in `context` from here.
  mutating func setContext(of task: Int, _ context: Int) { tasks[task].context = Int32(truncatingIfNeeded: context) }

  /// The scheduling of tasks called `comm`, and of others told so, is all that the recording has.
  mutating func choose(_ comm: NameID) { if !chosen.contains(comm), chosen.count < 1024 { chosen.append(comm) } }

  /// Whether the recording has the scheduling of tasks called `comm`.
  func isWatched(_ comm: NameID) -> Bool { chosen.isEmpty || chosen.contains(comm) }

  // MARK: wakeups and switches

  /// `packet` has woken the task `pid`.
  mutating func noteWakeup(of pid: Int32, by packet: PacketRef) {
    let task = findOrAdd(pid)
    tasks[task].wokenFor.append(packet)
    tasks[task].wokenBy = packet
  }

  /// The wakeup of the task `pid`, which has not run since, was the consequence of `packet`.
  mutating func correctWakeup(of pid: Int32, by packet: PacketRef) { tasks[findOrAdd(pid)].wokenFor.append(packet) }

  /// The packet that woke `task` last.
  func lastWaker(of task: Int) -> PacketRef { tasks[task].wokenBy }

  /// How many packets woke `task` and have not seen it run or give its CPU away.
  @inline(__always)
  func openWakeups(of task: Int) -> Int { tasks[task].wokenFor.count }

  /// The packet that did, `number` of them.
  func openWakeup(of task: Int, _ number: Int) -> PacketRef { tasks[task].wokenFor[number] }

  /// `task` has run since, or was there all along.
  mutating func closeWakeups(of task: Int) { tasks[task].wokenFor.removeFew() }

  /// `task` gets a CPU.
  mutating func switchIn(_ task: Int, _ comm: NameID, _ mark: StageMark) {
    tasks[task].comm = comm
    tasks[task].switchedIn = mark
    if tasks[task].poll != nil, tasks[task].poll?.running == nil { tasks[task].poll?.running = mark }
  }

  /// When `task` last got a CPU.
  func switchedIn(_ task: Int) -> StageMark? { tasks[task].switchedIn }

  // MARK: threads of the receive path

  /// A thread that polls devices or the backlog in place of NET_RX is woken.
  mutating func askToPoll(_ task: Int, _ interrupt: StageMark?, _ waking: StageMark) {
    tasks[task].poll = ThreadedPoll(interrupt: interrupt, waking: waking)
  }

  /// A thread that runs the handler of a hard interrupt is woken.
  mutating func askToHandle(_ task: Int, _ handler: InterruptHandler) { tasks[task].handler = handler }

  /// The hard interrupt whose handler the task `pid` runs.
  func threadedHandler(_ pid: Int32) -> InterruptHandler? { known(pid).flatMap { tasks[$0].handler } }

  /// What announced the packet that the task `pid` hands over. A reader that polls for itself was asked by nobody.
  func origin(ofPacketFrom pid: Int32) -> PacketOrigin {
    guard let task = known(pid), tasks[task].comm.kernelThread == .napi else { return PacketOrigin() }
    guard let poll = tasks[task].poll else { return PacketOrigin(isCut: true) }
    return PacketOrigin(irq: poll.interrupt, raise: poll.waking, softirq: poll.running)
  }

  /// When the thread `pid` began to take packets out of the backlog, if it does that.
  func backlogBegin(_ pid: Int32) -> StageMark? {
    guard let task = known(pid), tasks[task].comm.kernelThread == .backlog else { return nil }
    return tasks[task].poll?.running
  }

  // MARK: calls

  /// `task` begins to copy a packet's data to user space.
  mutating func noteCopy(_ task: Int, _ copy: Copy) {
    if tasks[task].copies.count >= Self.copyLimit { tasks[task].copies.removeFirst(Self.copyLimit / 2) }
    tasks[task].copies.append(copy)
  }

  /// A receive call with more copies than this keeps the later ones only.
  private static let copyLimit = 65_536

  /// The copies of the call that runs.
  func copies(of task: Int) -> [Copy] { tasks[task].copies }

  /// `task` is done with its copies.
  mutating func forgetCopies(of task: Int) { tasks[task].copies.removeFew() }

  /// `task` freed a packet.
  mutating func noteFreed(_ task: Int, _ freed: FreedPacket) { tasks[task].freed = freed }

  /// The packet that `task` freed last in the call that runs.
  func freed(by task: Int) -> FreedPacket? { tasks[task].freed }

  /// When the last call of `task` on a socket ended, in nanoseconds.
  func callEnd(of task: Int) -> UInt64 { tasks[task].callEnd }

  /// A call on a socket ends, at `time` in nanoseconds: its copies are accounted for.
  mutating func endCall(_ task: Int, at time: UInt64) {
    tasks[task].copies.removeFew()
    tasks[task].freed = nil
    tasks[task].changed = nil
    tasks[task].answersHandshake = false
    tasks[task].callEnd = time
  }

  /// `task` has taken `bytes` of a stream without a copy, in a call that may tell its result.
  mutating func noteTakenWithoutCopy(_ task: Int, _ bytes: Int64) { tasks[task].takenWithoutCopy += bytes }

  /// The bytes that `task` has taken without a copy in the call that tells its result now; they are asked for once.
  mutating func settleTakenWithoutCopy(_ task: Int) -> Int64 {
    defer { tasks[task].takenWithoutCopy = 0 }
    return tasks[task].takenWithoutCopy
  }

  /// A call of `task` has changed a socket's state, if `changed` is not nil; or it has taken the segment that made a connection stand.
  mutating func noteChange(_ task: Int, _ changed: ChangedSocket?, answersHandshake: Bool) {
    tasks[task].changed = changed
    tasks[task].answersHandshake = answersHandshake
  }

  /// The socket whose state `task` has just changed; what it sends now is the consequence.
  mutating func removeChanged(_ task: Int) -> ChangedSocket? {
    guard let changed = tasks[task].changed else { return nil }
    tasks[task].changed = nil
    return changed
  }

  /// Whether the ACK that ends a handshake is what `task` sends now; nothing that it sends later is.
  mutating func removeHandshakeAnswer(_ task: Int) -> Bool {
    guard tasks[task].answersHandshake else { return false }
    tasks[task].answersHandshake = false
    return true
  }

  /// `task` hands `packet` to a device. Returns the packet that cannot be remembered any more, if the call has sent very many.
  mutating func noteSent(_ task: Int, _ packet: PacketRef) -> PacketRef? {
    let dropped = tasks[task].sent.count >= Self.packetsOfCall ? tasks[task].sent.removeFirst() : nil
    tasks[task].sent.append(packet)
    return dropped
  }

  /// Packets of one send call that wait for its end.
  private static let packetsOfCall = 1024

  /// How many packets `task` has sent in the call that runs.
  @inline(__always)
  func sentCount(of task: Int) -> Int { tasks[task].sent.count }

  /// The packet that it sent, `number` of them.
  func sent(by task: Int, _ number: Int) -> PacketRef { tasks[task].sent[number] }

  /// What `task` has sent is not part of a call any more.
  mutating func forgetSent(of task: Int) { tasks[task].sent.removeFew() }

  // MARK: losses

  /// How many tasks there are; their indices are below.
  var count: Int { tasks.count }

  /// Events were lost, among them perhaps copies.
  mutating func forgetReads() {
    for task in tasks.indices {
      tasks[task].copies.removeFew()
      tasks[task].freed = nil
    }
  }

  /// Calls and wakeups under way may end unseen from here.
  mutating func forgetCalls() {
    for task in tasks.indices {
      tasks[task].switchedIn = nil
      tasks[task].wokenFor.removeAll(keepingCapacity: true)
      tasks[task].wokenBy = .none
      tasks[task].copies.removeAll(keepingCapacity: true)
      tasks[task].freed = nil
      tasks[task].sent.removeAll(keepingCapacity: true)
      tasks[task].changed = nil
    }
  }
}
