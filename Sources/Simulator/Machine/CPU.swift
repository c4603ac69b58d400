internal import Events

/// One processor: what it is doing as a stack of steps, one for interrupts and one for the task that runs.
final class CPU {
  let number: Int32
  unowned let machine: Machine
  /// When it can take its next step.
  var readyAt: UInt64 = 0
  /// Steps of hard and soft interrupts, the next one last.
  private var stack: [Step] = []
  private var isInterrupted = false

  // Interrupts.
  private var pendingInterrupts: [Interrupt] = []
  private(set) var handlers: [Mark?] = []
  /// Whether the end of a handler was seen.
  private(set) var hasLeftHandler = false
  /// Whether it has written an event.
  private(set) var hasWritten = false
  var softirq = SoftIRQState()

  // Tasks.
  let idle: Task
  var current: Task
  var queue: [Task] = []
  var mustSchedule = false
  lazy var ksoftirqd = makeKsoftirqd()

  // The network.
  lazy var backlog = Backlog(self)
  /// Packets whose memory other CPUs gave back (`skb_attempt_defer_free`).
  var deferred: [Packet] = []

  init(_ number: Int32, _ machine: Machine) {
    self.number = number
    self.machine = machine
    idle = Task(pid: 0, name: "swapper/\(number)")
    current = idle
  }

  /// Whether it has anything to do.
  var isRunnable: Bool { !stack.isEmpty || !pendingInterrupts.isEmpty || !queue.isEmpty || current !== idle }

  /// Calls `steps` one after another, before what the function that runs was to do next.
  func run(_ steps: Step...) { run(steps) }

  func run(_ steps: [Step]) {
    if isInterrupted { stack += steps.reversed() } else { current.stack += steps.reversed() }
  }

  /// Calls `steps` on top of whatever runs.
  func interrupt(_ steps: Step...) { stack += steps.reversed() }

  /// Takes one step.
  func step() {
    if let next = pendingInterrupts.first, handlers.isEmpty {
      pendingInterrupts.removeFirst()
      enter(next)
    }
    if let step = stack.popLast() {
      isInterrupted = true
      step(self)
      isInterrupted = false
    } else if current === idle || (mustSchedule && current.mayBeDisplaced) {
      schedule()
    } else if let step = current.stack.popLast() {
      step(self)
    } else {
      current.round(self)
    }
    readyAt = machine.now + UInt64(machine.random.number(machine.settings.stepTime))
  }

  // MARK: hard interrupts

  /// The interrupt controller asks for `interrupt`.
  func request(_ interrupt: Interrupt) {
    if !isRunnable { readyAt = max(readyAt, machine.now + UInt64(machine.random.number(500...3000))) }
    pendingInterrupts.append(interrupt)
  }

  private func enter(_ interrupt: Interrupt) {
    self.interrupt(
      { cpu in
        cpu.handlers.append(nil)
        if let name = interrupt.name {
          cpu.handlers[cpu.handlers.count - 1] = cpu.emit(.irqHandlerEntry(irq: interrupt.number, name: cpu.name(name)))
        }
        if cpu.deviates(.nesting, if: interrupt.name != nil && cpu.hasLeftHandler) { cpu.leaveOutOfOrder(interrupt.number) }
      }, interrupt.action,
      { cpu in
        if interrupt.name != nil {
          cpu.emit(.irqHandlerExit(irq: interrupt.number))
          cpu.hasLeftHandler = true
        }
        cpu.handlers.removeLast()
        cpu.leaveInterrupt()
      })
  }

  /// irq_exit: soft interrupts run now, unless one was interrupted or they are disabled.
  private func leaveInterrupt() {
    guard handlers.isEmpty, !softirq.isServing, current.bottomHalvesOff == 0, softirq.pending != 0 else { return }
    if machine.kernel.leavesWorkToKsoftirqd, ksoftirqd.state == .running { return }
    serveSoftirqs()
  }

  // MARK: events

  /// common_flags (include/linux/trace_events.h).
  var flags: UInt8 {
    var flags: UInt8 = 0
    if !handlers.isEmpty { flags |= 0x09 }
    if softirq.isServing { flags |= 0x10 }
    if mustSchedule { flags |= 0x04 }
    if current.bottomHalvesOff > 0 || softirq.transmitting > 0 { flags |= 0x80 }
    return flags
  }

  /// Writes an event.
  @discardableResult
  func emit(_ body: EventBody, _ more: UInt8 = 0) -> Mark {
    let time = machine.tick()
    hasWritten = true
    let flags = ContextFlags(rawValue: flags | more)
    machine.recording.append(Event(time: time, cpu: number, pid: current.pid, flags: flags, body: body), machine.kernel)
    return Mark(time: time, cpu: number)
  }

  /// The id of `text` in the recording.
  func name(_ text: String) -> NameID { machine.recording.names.intern(text) }
}

/// A hard interrupt; without a name it is one that leaves no irq_handler event (between processors, the timer).
struct Interrupt {
  var number: Int32 = 0
  var name: String?
  var action: Step
}

/// When and where something happened.
struct Mark: Equatable {
  var time: UInt64
  var cpu: Int32
}
