internal import Events

/// Who runs: waking, switching, waiting.
extension CPU {
  /// Starts `task` on this CPU.
  func start(_ task: Task) {
    task.cpu = self
    task.isQueued = true
    machine.recording.tasks[task.pid] = task.name
    enqueue(task)
  }

  /// try_to_wake_up: sched_waking is written by the waker, and only where the task really waits. Answers the mark, or nil.
  @discardableResult
  func wake(_ task: Task) -> Mark? {
    guard task.state == .sleeping else { return nil }
    let mark = emit(.schedWaking(pid: task.pid, comm: name(task.name)), 0x01)
    task.state = .running
    guard !task.isQueued else { return mark }
    task.isQueued = true
    let target = choose(task)
    task.cpu = target
    if target === self {
      target.enqueue(task)
    } else {
      machine.after(machine.random.number(800...6000)) { target.enqueue(task) }
    }
    return mark
  }

  private func choose(_ task: Task) -> CPU {
    guard !task.isBound, task.cpu.isRunnable, machine.random.chance(0.7) else { return task.cpu }
    return machine.cpus.first { !$0.isRunnable } ?? (machine.random.chance(0.3) ? self : task.cpu)
  }

  private func enqueue(_ task: Task) {
    if !isRunnable { readyAt = max(readyAt, machine.now + UInt64(machine.random.number(1000...8000))) }
    queue.append(task)
    guard current !== idle else { return }
    if machine.random.chance(machine.settings.preemption) {
      mustSchedule = true
    } else {
      machine.after(machine.random.number(20_000...200_000)) { [self] in if !queue.isEmpty { mustSchedule = true } }
    }
  }

  /// __schedule: the next task gets the CPU.
  func schedule() {
    let previous = current
    mustSchedule = false
    if previous !== idle, previous.state != .dead, !previous.isBlocked { queue.append(previous) }
    let next = queue.isEmpty ? idle : queue.removeFirst()
    guard next !== previous else { return }
    // Woken while it was still on its CPU: no switch to it is the waking's.
    previous.wakings.removeAll()
    let state: Int64 = previous.state == .dead ? 0x10 : previous.isBlocked ? 1 : previous === idle ? 0 : 0x100
    let comm = name(next === idle ? "swapper/\(number)" : next.name)
    machine.switches += 1
    let isUnseen = switchesUnseen(to: next)
    let mark = isUnseen ? nil : emit(.schedSwitch(previous: previous.pid, previousState: state, next: next.pid, nextComm: comm), 0x01)
    current = next
    next.cpu = self
    for waking in next.wakings { waking.running = mark }
    next.wakings.removeAll()
  }

  /// Waits until woken, if `isDone` does not hold. A waking between the look and the switch finds the task still on its CPU.
  func wait(unless isDone: @escaping () -> Bool) {
    run(
      { $0.current.state = .sleeping },
      { cpu in
        if isDone() { cpu.current.state = .running }
        // Woken meanwhile: it goes on without having been away.
        guard cpu.current.state == .sleeping else { return cpu.current.wakings.removeAll() }
        cpu.block()
      },
      { cpu in if !isDone() { cpu.wait(unless: isDone) } })
  }

  /// Gives the CPU away until something wakes the task.
  private func block() {
    current.isBlocked = true
    current.isQueued = false
    let task = current
    schedule()
    task.isBlocked = false
  }

  /// Sleeps for `delay` nanoseconds; a timer's interrupt wakes it.
  func sleep(_ delay: Int) {
    var isOver = false
    let task = current
    machine.after(delay) { [machine] in
      isOver = true
      let cpu = machine.cpus[machine.random.number(0...machine.cpus.count - 1)]
      cpu.request(Interrupt(action: { $0.wake(task) }))
    }
    wait(unless: { isOver })
  }

  /// The task ends.
  func exit() {
    current.state = .dead
    current.isQueued = false
    schedule()
  }
}
