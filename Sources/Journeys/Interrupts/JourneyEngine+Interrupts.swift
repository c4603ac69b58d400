internal import BasicContainers
internal import Events

/// Hard and soft interrupts: what announced the packets of a poll.
extension JourneyEngine {
  mutating func enterHandler(_ e: Event, _ irq: Int32) {
    statistics.hardInterrupts += 1
    cpus[Int(max(e.cpu, 0))].enter(.init(irq: irq, entry: StageMark(e, .irqHandlerEntry, .ordered)))
  }

  mutating func exitHandler(_ e: Event, _ irq: Int32) {
    let cpu = Int(max(e.cpu, 0))
    guard let handler = cpus[cpu].exit(irq) else { return }
    // NET_RX runs, so that this handler may have scheduled a NAPI instance without a softirq_raise.
    if !handler.hasRaised, cpus[cpu].softirq != nil {
      cpus[cpu].remember(RaisedInterrupt(irq: irq, entry: handler.entry, raise: nil))
    }
    if cpus[cpu].isInHandler { return }
    statistics.hardTime &+= e.time.since(handler.entry.time)
    // Where events are missing the handler may have begun before the soft interrupt did.
    if let begin = cpus[cpu].vector?.begin { cpus[cpu].vector?.hardTime &+= e.time.since(max(begin, handler.entry.time)) }
  }

  /// NET_RX is asked for: by a handler, by netif_rx, or by NET_RX itself when its budget is used up.
  mutating func raise(_ e: Event) {
    let cpu = Int(max(e.cpu, 0))
    let mark = StageMark(e, .softirqRaise, .ordered)
    // Several requests before one run: which of them it was for is not told.
    if cpus[cpu].pendingRaise == nil { cpus[cpu].pendingRaise = mark } else { cpus[cpu].pendingRaise?.link = .inferred }
    if cpus[cpu].vector != nil { cpus[cpu].pendingConditions.insert(.softirqBusy) }
    if e.flags.contains(.hardirq) {
      guard let handler = cpus[cpu].handler else { return }
      cpus[cpu].noteRaise()
      cpus[cpu].remember(RaisedInterrupt(irq: handler.irq, entry: handler.entry, raise: mark))
    } else if let context = context(of: e), let slot = packets.slot(contexts[context].inBacklog) {
      cpus[cpu].hasPendingOwnRaise = true
      packets.slots[slot].journey.stages[.raise] = mark
    } else {
      raiseFromThread(e, mark)
      if e.flags.contains(.softirq) { cpus[cpu].hasPendingOwnRaise = true }
    }
  }

  mutating func enterSoftirq(_ e: Event, _ vector: Int32) {
    let cpu = Int(max(e.cpu, 0))
    statistics.beginSoft(Int(vector))
    cpus[cpu].vector = (Int(vector), e.time, 0)
    guard vector == SoftIRQ.netRX else { return }
    cpus[cpu].beginReceiving(StageMark(e, .softirqEntry, .ordered))
    if let task = tasks.known(e.pid), tasks.tasks[task].comm.kernelThread == .ksoftirqd { cpus[cpu].conditions.insert(.ksoftirqd) }
    expireParked(e.time)
  }

  mutating func exitSoftirq(_ e: Event, _ vector: Int32) {
    let cpu = Int(max(e.cpu, 0))
    if let running = cpus[cpu].vector, running.number == Int(vector) {
      statistics.endSoft(running.number, e.time.since(running.begin).since(running.hardTime))
    }
    cpus[cpu].vector = nil
    guard vector == SoftIRQ.netRX else { return }
    cpus[cpu].endReceiving(e.time)
    let context = Int(softContext[cpu])
    endBatch(context, e.time)
    if contexts[context].inGRO != .none { contexts[context].inGRO = .none }
  }

  /// napi_poll is written after the driver's poll function has returned: everything it delivered is processed.
  mutating func endPoll(_ e: Event, work: Int32, budget: Int32) {
    guard let context = context(of: e) else { return }
    if work >= budget, budget > 0, e.flags.contains(.softirq) { cpus[Int(max(e.cpu, 0))].pendingConditions.insert(.budget) }
    endBatch(context, e.time)
    if contexts[context].inGRO != .none { contexts[context].inGRO = .none }
    if contexts[context].claimed != nil { contexts[context].claimed = nil }
    cpus[Int(max(e.cpu, 0))].poll = nil
    endSplit(e)
    if e.context == .process, let task = tasks.known(e.pid) { releaseSent(task) }
  }

  /// Marks what announced the packet in `slot`, which NAPI instance `napi` just handed over on the CPU of `e`.
  mutating func markAnnouncement(_ e: Event, _ slot: Int, _ napi: UInt32) {
    let cpu = Int(max(e.cpu, 0))
    guard e.flags.contains(.softirq) else { return markThreadedPoll(e, slot) }
    guard let softirq = cpus[cpu].softirq else {
      if packets.slots[slot].journey.completeness == .complete { packets.slots[slot].journey.completeness = .truncated }
      return
    }
    let poll = currentPoll(cpu, napi, since: softirq.time, e.time)
    packets.slots[slot].journey.conditions.formUnion(cpus[cpu].conditions)
    if let interrupt = poll.interrupt {
      packets.slots[slot].journey.stages[.irq] = interrupt.entry
      packets.slots[slot].journey.stages[.raise] = interrupt.raise
      if interrupt.entry.time < softirq.time {
        var mark = softirq
        if interrupt.entry.link == .inferred { mark.link = .inferred }
        packets.slots[slot].journey.stages[.softirq] = mark
      }
      return
    }
    // An interrupt that came while NET_RX ran may be its announcement.
    var mark = softirq
    if cpus[cpu].hasUnclaimedInterrupt(after: softirq.time) { mark.link = .inferred }
    packets.slots[slot].journey.stages[.softirq] = mark
    // An interrupt's request is that of the NAPI instance it announced; without one, NET_RX asked for itself, its budget used up.
    // A second poll in one run was asked for while it ran, without a word (6.4 and later).
    if var raise = cpus[cpu].raise, !poll.isRepeated, raise.context != .hardirq || (interruptOfNAPI[UInt64(napi)]?.votes ?? 0) < 2 {
      // It may as well have been for a poll before this one, for the backlog, or this poll was asked for without a word.
      raise.link = .inferred
      packets.slots[slot].journey.stages[.raise] = raise
    }
  }

  /// The poll of `napi` that runs on `cpu` at `time`, in the NET_RX that began at `begin` (nanoseconds).
  private mutating func currentPoll(_ cpu: Int, _ napi: UInt32, since begin: UInt64, _ time: UInt64) -> CPUState.Poll {
    if let poll = cpus[cpu].poll, poll.napi == napi { return poll }
    let poll = CPUState.Poll(napi: napi, interrupt: claimInterrupt(cpu, napi), isRepeated: polledAt[UInt64(napi)] ?? 0 > begin)
    cpus[cpu].poll = poll
    polledAt[UInt64(napi)] = time
    return poll
  }

  /// The interrupt that announced a poll of `napi`. Several may be pending, also those of transmit queues; the kernel names none of them,
  /// so the one that was alone before decides, and else the first, for NAPI instances are polled in the order in which they were scheduled.
  private mutating func claimInterrupt(_ cpu: Int, _ napi: UInt32) -> RaisedInterrupt? {
    let earliest = polledAt[UInt64(napi)] ?? 0
    let learned = interruptOfNAPI[UInt64(napi)]
    if let learned, learned.votes >= 2 {
      guard let index = cpus[cpu].raised.lastIndex(where: { $0.irq == learned.irq && $0.isOpen(since: earliest) }) else { return nil }
      return claim(cpu, index)
    }
    guard let index = cpus[cpu].raised.firstIndex(where: { $0.raise != nil && $0.isOpen(since: earliest) }) else { return nil }
    // NET_RX asked for itself: the poll may go on without an interrupt of its own.
    if cpus[cpu].hasOwnRaise { return nil }
    let isAlone = cpus[cpu].raised.count { $0.isOpen(since: earliest) } == 1
    guard isAlone, learned == nil || learned?.irq == cpus[cpu].raised[index].irq else {
      if isAlone { learn(napi, cpus[cpu].raised[index].irq) }
      var guess = claim(cpu, index)
      guess.entry.link = .inferred
      guess.raise?.link = .inferred
      return guess
    }
    learn(napi, cpus[cpu].raised[index].irq)
    return claim(cpu, index)
  }

  private mutating func claim(_ cpu: Int, _ index: Int) -> RaisedInterrupt {
    cpus[cpu].raised[index].isClaimed = true
    return cpus[cpu].raised[index]
  }

  private mutating func learn(_ napi: UInt32, _ irq: Int32) {
    var entry = interruptOfNAPI[UInt64(napi)] ?? Announcer(irq: irq, votes: 0)
    if entry.irq == irq {
      entry.votes += 1
    } else {
      entry.votes -= 1
      if entry.votes <= 0 { entry = Announcer(irq: irq, votes: 1) }
    }
    interruptOfNAPI[UInt64(napi)] = entry
  }
}
