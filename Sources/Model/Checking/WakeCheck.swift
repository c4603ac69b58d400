internal import Events
internal import Journeys

/// R4, R5 and R8: what the scheduler does with those whom packets wake.
struct WakeCheck: Sendable {
  /// A task as the scheduler's events show it.
  private struct TaskState {
    /// Woken, and not seen to run since.
    var isWoken = false
    /// On a CPU.
    var isRunning = false
    /// The packet that woke it, or 0.
    var packet = 0
    var waking: Event?
  }

  private var tasks: [Int32: TaskState] = [:]
  /// For each CPU the task that runs there, or -1.
  private var running: [Int32] = []
  /// Contexts whose last network event was sk_data_ready.
  private var announcing: [UInt64: Int] = [:]
  /// For each CPU the sched_switches, and the changes of the running task without one.
  private var switches: [(seen: Int, unseen: Int)] = []
  private var softirqs = 0
  private(set) var announcements = RuleCount()
  private(set) var wakeups = RuleCount()
  private(set) var isRealTime: Bool

  private static let limit = 65_536

  init(isRealTime: Bool) { self.isRealTime = isRealTime }

  mutating func observe(_ e: Event, _ engine: borrowing JourneyEngine, _ flagged: inout FlaggedPackets, _ log: inout DeviationLog) {
    guard e.cpu >= 0 else { return }
    while running.count <= Int(e.cpu) {
      running.append(-1)
      switches.append((0, 0))
    }
    // What a CPU did whose events are missing is not known: a task may have run there.
    if e.kind == .gap || engine.isBlind(at: e.time) {
      forget()
      if e.kind == .softirqExit { softirqs += 1 }
      if e.kind == .schedSwitch { checkSoftInterrupt(e, e.schedSwitch.previous, &log) }
      return
    }
    if e.kind == .schedSwitch {
      check(e, e.schedSwitch.previous, &flagged, &log)
      change(e, e.schedSwitch.previous, e.schedSwitch.next, &log)
      return
    }
    check(e, e.pid, &flagged, &log)
    switch e.kind {
    case .skDataReady:
      let family = e.skDataReady.family
      guard family == Event.AddressFamily.inet || family == Event.AddressFamily.inet6 else { return }
      announcements.checked += 1
      announcing[e.contextKey] = engine.packetInHand(e)?.id ?? 0
    case .schedWaking: wake(e, e.schedWaking.pid, engine, &flagged, &log)
    case .softirqExit: softirqs += 1
    case .irqHandlerEntry, .irqHandlerExit, .softirqRaise: break
    default: if !announcing.isEmpty { announcing[e.contextKey] = nil }
    }
  }

  private mutating func forget() {
    if !tasks.isEmpty { tasks.removeAll(keepingCapacity: true) }
    if !announcing.isEmpty { announcing.removeAll(keepingCapacity: true) }
    for cpu in running.indices { running[cpu] = -1 }
  }

  /// `pid` is current where `e` was written. If it was not switched to there, a sched_switch is missing; R5 is broken if it had been woken.
  private mutating func check(_ e: Event, _ pid: Int32, _ flagged: inout FlaggedPackets, _ log: inout DeviationLog) {
    let before = running[Int(e.cpu)]
    guard before != pid else { return }
    running[Int(e.cpu)] = pid
    guard before >= 0 else { return }
    switches[Int(e.cpu)].unseen += 1
    tasks[before]?.isRunning = false
    guard let task = tasks[pid] else { return }
    tasks[pid] = TaskState(isRunning: true)
    guard task.isWoken, task.packet > 0, let waking = task.waking else { return }
    wakeups.checked += 1
    flagged.flag(task.packet, .r5)
    log.note(.r5, at: e, packets: [task.packet]) {
      ("task \(pid), woken \(e.time &- waking.time) ns before, was at work on CPU \(e.cpu) without a switch to it", "sched_switch to the task first")
    }
  }

  private mutating func change(_ e: Event, _ previous: Int32, _ next: Int32, _ log: inout DeviationLog) {
    switches[Int(e.cpu)].seen += 1
    checkSoftInterrupt(e, previous, &log)
    if tasks.count >= Self.limit { tasks.removeAll(keepingCapacity: true) }
    running[Int(e.cpu)] = next
    tasks[previous] = TaskState()
    if let task = tasks[next], task.isWoken, task.packet > 0 { wakeups.checked += 1 }
    tasks[next] = TaskState(isRunning: true)
  }

  private func checkSoftInterrupt(_ e: Event, _ previous: Int32, _ log: inout DeviationLog) {
    guard e.flags.contains(.softirq), !isRealTime else { return }
    log.note(.r8, at: e) { ("task \(previous) was switched away from on CPU \(e.cpu) while a soft interrupt ran", "the soft interrupt's end first") }
  }

  private mutating func wake(
    _ e: Event, _ pid: Int32, _ engine: borrowing JourneyEngine, _ flagged: inout FlaggedPackets, _ log: inout DeviationLog
  ) {
    let packet = engine.packet(waking: e)?.id ?? 0
    guard let task = tasks[pid] else {
      if tasks.count < Self.limit { tasks[pid] = TaskState(isWoken: true, packet: packet, waking: e) }
      return
    }
    // Woken before it had left its CPU: it goes on there, and may go to sleep and be woken again without a switch.
    if task.isRunning {
      wakeups.excused += packet > 0 ? 1 : 0
      return
    }
    if task.isWoken, let announced = announcing[e.contextKey] {
      flagged.flag(announced, .r4)
      log.note(.r4, at: e, packets: announced > 0 ? [announced] : []) {
        ("task \(pid) was woken again \(e.time &- (task.waking?.time ?? e.time)) ns after it had been woken, without having run", "one wakeup")
      }
      return
    }
    tasks[pid] = TaskState(isWoken: true, packet: packet, waking: e)
  }

  /// Whether the recording misses switches, as one of some tasks only does, or one of a kernel that does not tell them on some CPU: then it
  /// says nothing about who ran.
  var missesSwitches: Bool {
    let all = switches.reduce(into: (seen: 0, unseen: 0)) { $0 = ($0.seen + $1.seen, $0.unseen + $1.unseen) }
    return all.unseen * 20 > all.seen || switches.contains { $0.unseen > 2 && $0.unseen * 20 > $0.seen }
  }

  /// Whether soft interrupts are switched away as a habit: this kernel's can be preempted.
  func isPreemptible(broken: Int) -> Bool { isRealTime || (broken >= 3 && broken * 100 > softirqs) }

  var softInterrupts: RuleCount { RuleCount(checked: softirqs) }
}
