internal import Events

/// Soft interrupts of one CPU.
struct SoftIRQState {
  /// The vectors that were raised, as bits.
  var pending: UInt32 = 0
  /// Whether `handle_softirqs` runs.
  var isServing = false
  /// Passes left, and when the time is up.
  var restarts = 0
  var end: UInt64 = 0
  /// The beginning of the NET_RX that runs.
  var entry: Mark?
  /// Transmissions that run inside.
  var transmitting = 0
  /// What the timer is to do.
  var timers: [Step] = []

  // net_rx_action.
  var isInNetRX = false
  var polls: [NAPI] = []
  var list: [NAPI] = []
  var again: [NAPI] = []
  var budget = 0
  var limit: UInt64 = 0
  /// CPUs that RPS gave packets to.
  var ipis: [CPU] = []
}

extension CPU {
  static let timer: Int32 = 1
  /// Nanoseconds of a jiffy at HZ=250.
  private static let jiffy: UInt64 = 4_000_000

  /// raise_softirq_irqoff. Outside of interrupts and with bottom halves enabled, ksoftirqd does the work.
  @discardableResult
  func raise(_ vector: Int32) -> Mark {
    let mark = emit(.softirqRaise(vector: vector), 0x01)
    softirq.pending |= 1 << UInt32(vector)
    if handlers.isEmpty, !softirq.isServing, current.bottomHalvesOff == 0 { wakeKsoftirqd() }
    return mark
  }

  /// local_bh_enable
  func enableBottomHalves() {
    if softirq.isServing {
      softirq.transmitting -= 1
      return
    }
    current.bottomHalvesOff -= 1
    guard current.bottomHalvesOff == 0, softirq.pending != 0 else { return }
    if machine.kernel.leavesWorkToKsoftirqd, ksoftirqd.state == .running, current !== ksoftirqd { return }
    serveSoftirqs()
  }

  /// local_bh_disable
  func disableBottomHalves() {
    if softirq.isServing { softirq.transmitting += 1 } else { current.bottomHalvesOff += 1 }
  }

  /// handle_softirqs
  func serveSoftirqs() {
    softirq.isServing = true
    softirq.restarts = 10
    softirq.end = machine.now + Self.jiffy
    interrupt({ $0.servePass() })
  }

  private func servePass() {
    let pending = softirq.pending
    softirq.pending = 0
    let vectors = (0..<Int32(10)).filter { pending & 1 << UInt32($0) != 0 }
    run({ $0.endPass() })
    for vector in vectors.reversed() {
      run(
        { cpu in
          let mark = cpu.emit(.softirqEntry(vector: vector))
          if vector == SoftIRQ.netRX { cpu.softirq.entry = mark }
        },
        { $0.act(vector) },
        { cpu in
          cpu.emit(.softirqExit(vector: vector))
          if vector == SoftIRQ.netRX { cpu.softirq.entry = nil }
        })
    }
  }

  private func act(_ vector: Int32) {
    if vector == SoftIRQ.netRX { return receiveAction() }
    guard vector == Self.timer else { return }
    let timers = softirq.timers
    softirq.timers = []
    for timer in timers.reversed() { run(timer) }
  }

  private func endPass() {
    if softirq.pending != 0 {
      softirq.restarts -= 1
      if machine.now < softirq.end, !mustSchedule, softirq.restarts > 0 { return run({ $0.servePass() }) }
      wakeKsoftirqd()
    }
    softirq.isServing = false
  }

  private func wakeKsoftirqd() { wake(ksoftirqd) }

  /// ksoftirqd: serves what is pending, and sleeps.
  func makeKsoftirqd() -> Task {
    let task = Task(pid: 16 + number * 8, name: "ksoftirqd/\(number)")
    task.cpu = self
    task.isBound = true
    machine.recording.tasks[task.pid] = task.name
    task.state = .sleeping
    task.round = { cpu in
      if cpu.softirq.pending != 0, !cpu.softirq.isServing {
        cpu.serveSoftirqs()
        // cond_resched
        if !cpu.queue.isEmpty { cpu.mustSchedule = true }
      } else {
        cpu.wait(unless: { [unowned cpu] in cpu.softirq.pending != 0 })
      }
    }
    return task
  }

  /// Has `action` done in the soft interrupt of the timer, `delay` nanoseconds from now.
  func setTimer(_ delay: Int, _ action: @escaping Step) {
    machine.after(delay) { [self] in
      request(
        Interrupt(action: { cpu in
          cpu.softirq.timers.append(action)
          cpu.raise(Self.timer)
        }))
    }
  }
}
