internal import BasicContainers
internal import Events

/// What a thread polls for: the wakeup that asked it to, in place of softirq_raise, and its getting a CPU, in place of softirq_entry.
struct ThreadedPoll {
  /// The hard interrupt whose handler asked, if one did.
  var interrupt: StageMark?
  var waking: StageMark
  var running: StageMark?
}

/// Kernel threads that do the work of interrupts: threaded NAPI, the backlog's threads, and the handlers of PREEMPT_RT.
extension JourneyEngine {
  /// A kernel thread of the receive path is woken. It reads nothing, so no packet can have woken it as its reader.
  mutating func wakeThread(_ e: Event, _ task: Int, _ thread: KernelThread) {
    let cpu = Int(max(e.cpu, 0))
    let mark = StageMark(e, .schedWaking, .ordered)
    switch thread {
    case .napi, .backlog:
      let handler = e.flags.contains(.hardirq) ? cpus[cpu].handler : tasks.known(e.pid).flatMap { tasks.tasks[$0].handler }
      tasks.tasks[task].poll = ThreadedPoll(interrupt: handler?.entry, waking: mark)
      if let context = context(of: e), let slot = packets.slot(contexts[context].inBacklog) { packets.slots[slot].journey.stages[.raise] = mark }
    case .interrupt:
      guard e.flags.contains(.hardirq), let handler = cpus[cpu].ended else { return }
      tasks.tasks[task].handler = handler
      // What the handler has to ask for, its thread asks for.
      cpus[cpu].raised.removeAll { $0.raise == nil && $0.entry.time == handler.entry.time }
    case .ksoftirqd:
      // handle_softirqs gives up and leaves the rest to the thread; a request from a task wakes it, too, but outside of soft interrupts.
      if e.flags.contains(.softirq) { cpus[cpu].pendingConditions.insert(.timeLimit) }
    case .none: break
    }
  }

  /// A handler that PREEMPT_RT runs in a thread asks for NET_RX: its interrupt is the one that woke the thread.
  mutating func raiseFromThread(_ e: Event, _ raise: StageMark) {
    guard let task = tasks.known(e.pid), let handler = tasks.tasks[task].handler else { return }
    cpus[Int(max(e.cpu, 0))].remember(RaisedInterrupt(irq: handler.irq, entry: handler.entry, raise: raise))
  }

  /// Marks what announced the packet in `slot`, which a NAPI thread hands over. A reader that polls for itself was asked by nobody.
  mutating func markThreadedPoll(_ e: Event, _ slot: Int) {
    guard let task = tasks.known(e.pid), tasks.tasks[task].comm.kernelThread == .napi else { return }
    guard let poll = tasks.tasks[task].poll else {
      if packets.slots[slot].journey.completeness == .complete { packets.slots[slot].journey.completeness = .truncated }
      return
    }
    packets.slots[slot].journey.stages[.irq] = poll.interrupt
    packets.slots[slot].journey.stages[.raise] = poll.waking
    packets.slots[slot].journey.stages[.softirq] = poll.running
  }

  /// When NET_RX, or the thread in its place, began to take packets out of the backlog in the context of `e`.
  @inline(__always)
  func backlogBegin(_ e: Event) -> StageMark? {
    if e.flags.contains(.softirq) { return cpus[Int(max(e.cpu, 0))].softirq }
    guard let task = tasks.known(e.pid), tasks.tasks[task].comm.kernelThread == .backlog else { return nil }
    return tasks.tasks[task].poll?.running
  }

  /// Whether `e` was written by the protocols at work: in a soft interrupt, or in a task that polls a device with bottom halves off
  /// (threaded NAPI, busy polling), whose packets wait in the task's own context. What such a task frees, it has not read.
  @inline(__always)
  func isProtocolWork(_ e: Event, _ slot: Int) -> Bool {
    if e.flags.contains(.softirq) || e.flags.contains(.bottomHalvesOff) { return true }
    guard let task = tasks.known(e.pid), tasks.tasks[task].context >= 0 else { return false }
    return isInHand(Int(tasks.tasks[task].context), slot)
  }
}
