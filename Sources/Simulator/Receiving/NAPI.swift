internal import Events

/// One queue that is polled: a NIC's, a virtual device's, or a CPU's backlog.
final class NAPI {
  let id: UInt32
  let device: String
  let weight = 64
  /// Takes up to `weight` packets, adds to `work`, and completes if there were fewer.
  var poll: (CPU) -> Void = { _ in }
  /// NAPI_STATE_SCHED
  var isScheduled = false
  var work = 0
  /// Polls that found something.
  var countedPolls = 0
  /// What asked for the poll: a hard interrupt and its request, or the request alone.
  var announcement = Announcement()
  /// The one of the poll that runs; the queue may be scheduled again meanwhile.
  var current = Announcement()
  var gro = GRO()

  /// The interrupt and the softirq_raise that a poll goes back to.
  struct Announcement {
    var interrupt: Mark?
    var raise: Mark?
  }

  init(id: UInt32, device: String) {
    self.id = id
    self.device = device
  }

  /// The address of its structure.
  var address: UInt64 { 0xffff_8881_0400_0000 + UInt64(id) * 0x400 }
}

extension CPU {
  /// napi_schedule. Answers the softirq_raise, where there is one.
  @discardableResult
  func schedule(_ napi: NAPI) -> Mark? {
    guard !napi.isScheduled else { return nil }
    napi.isScheduled = true
    return link(napi)
  }

  /// ____napi_schedule
  private func link(_ napi: NAPI) -> Mark? {
    softirq.polls.append(napi)
    napi.announcement = NAPI.Announcement(interrupt: handlers.last ?? nil, raise: nil)
    // ____napi_schedule: net_rx_action looks at the list again before it ends.
    if softirq.isInNetRX, machine.kernel.schedulesSilentlyInNetRX { return nil }
    napi.announcement.raise = raise(SoftIRQ.netRX)
    return napi.announcement.raise
  }

  /// net_rx_action
  func receiveAction() {
    softirq.budget = 300
    softirq.limit = machine.now + 8_000_000
    takePolls()
    run({ $0.receiveLoop() })
  }

  private func takePolls() {
    softirq.isInNetRX = true
    softirq.list = softirq.polls
    softirq.polls = []
    softirq.again = []
  }

  private func receiveLoop() {
    if let packet = deferred.popLast() {
      // skb_defer_free_flush
      return run({ $0.consume(packet) }, { $0.receiveLoop() })
    }
    guard !softirq.list.isEmpty else {
      guard softirq.again.isEmpty else { return endReceiveAction() }
      softirq.isInNetRX = false
      // Before 6.4 what was scheduled meanwhile waits for the next soft interrupt.
      if !softirq.polls.isEmpty, machine.kernel.schedulesSilentlyInNetRX {
        takePolls()
        return run({ $0.receiveLoop() })
      }
      return sendIPIs()
    }
    let napi = softirq.list.removeFirst()
    napi.work = 0
    napi.current = napi.announcement
    napi.announcement = NAPI.Announcement()
    run(napi.poll, { $0.endPoll(napi) })
  }

  /// __napi_poll, behind the driver's function.
  private func endPoll(_ napi: NAPI) {
    var work = napi.work
    if work > 0 { napi.countedPolls += 1 }
    if countsOneMore(napi) { work += 1 }
    emit(.napiPoll(napi: napi.address, device: name(napi.device), work: Int32(work), budget: Int32(napi.weight)))
    softirq.budget -= napi.work
    endRound(napi)
    run({ cpu in
      let isOver = cpu.softirq.budget <= 0 || cpu.machine.now >= cpu.softirq.limit
      if isOver { cpu.endReceiveAction() } else { cpu.receiveLoop() }
    })
    guard napi.work >= napi.weight else { return }
    run(
      { $0.flushGRO(napi) }, { $0.flushBatch(napi) },
      { $0.softirq.again.append(napi) })
  }

  private func endReceiveAction() {
    softirq.polls = softirq.list + softirq.polls + softirq.again
    softirq.list = []
    softirq.again = []
    if softirq.polls.isEmpty {
      softirq.isInNetRX = false
    } else {
      let mark = raise(SoftIRQ.netRX)
      for napi in softirq.polls where napi.announcement.interrupt == nil { napi.announcement.raise = mark }
    }
    sendIPIs()
  }

  /// net_rps_action_and_irq_enable
  private func sendIPIs() {
    let targets = softirq.ipis
    softirq.ipis = []
    for target in targets {
      machine.after(machine.random.number(500...4000)) {
        // rps_trigger_softirq
        target.request(Interrupt(action: { _ = $0.link($0.backlog.napi) }))
      }
    }
  }

  /// napi_complete_done: what GRO still has goes on, and the queue may be scheduled again.
  func complete(_ napi: NAPI) {
    run({ $0.flushGRO(napi) }, { $0.flushBatch(napi) }, { _ in napi.isScheduled = false })
  }
}
