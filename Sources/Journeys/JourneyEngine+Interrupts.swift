internal import Events

/// Events of interrupts, polls, DMA and threads of the receive path.
extension JourneyEngine {
  mutating func handlerBegins(_ e: Event, irq: Int32) {
    counted.hardInterrupts += 1
    interrupts.handlerBegins(e, irq: irq)
  }

  mutating func handlerEnds(_ e: Event, irq: Int32) {
    if let time = interrupts.handlerEnds(e, irq: irq) { counted.hardTime &+= time }
  }

  /// NET_RX is asked for: by a handler, by netif_rx, or by NET_RX itself when its budget is used up.
  mutating func netRXRaised(_ e: Event) {
    let mark = StageMark(e, .softirqRaise, .ordered)
    interrupts.netRXRaised(e, mark)
    if e.flags.contains(.hardirq) { return }
    if let context = context(of: e), receive.markBacklogRaise(in: context, mark) { return interrupts.noteOwnRaise(onCPU: e.cpuIndex) }
    // A handler that PREEMPT_RT runs in a thread: its interrupt is the one that woke the thread.
    if let handler = tasks.threadedHandler(e.pid) { interrupts.noteRaise(ofThreaded: handler, onCPU: e.cpuIndex, mark) }
    if e.flags.contains(.softirq) { interrupts.noteOwnRaise(onCPU: e.cpuIndex) }
  }

  mutating func softirqBegins(_ e: Event, vector: Int32) {
    counted.beginSoft(Int(vector))
    interrupts.softirqBegins(e, vector: Int(vector))
    guard vector == SoftIRQ.netRX else { return }
    interrupts.netRXBegins(e, isInKsoftirqd: tasks.thread(e.pid) == .ksoftirqd)
    receive.expireSilent(e.time)
  }

  mutating func softirqEnds(_ e: Event, vector: Int32) {
    if let time = interrupts.softirqEnds(e, vector: Int(vector)) { counted.endSoft(Int(vector), time) }
    guard vector == SoftIRQ.netRX else { return }
    interrupts.netRXEnds(e)
    receive.pollEnds(in: receive.softContext(ofCPU: e.cpuIndex), at: e.time)
  }

  /// napi_poll is written after the driver's poll function has returned: everything it delivered is processed.
  mutating func pollEnds(_ e: Event, work: Int32, budget: Int32) {
    guard let context = context(of: e) else { return }
    interrupts.pollEnds(e, in: context, hasUsedUpBudget: work >= budget && budget > 0 && e.flags.contains(.softirq))
    receive.pollEnds(in: context, at: e.time)
    takeEnded()
    transmit.endSplit(onCPU: e.cpuIndex)
    if e.context == .process, let task = tasks.known(e.pid) { forgetSent(of: task) }
  }

  mutating func bufferTakenBack(_ e: Event, _ buffer: DMABuffer, _ evidence: Evidence) {
    guard buffer.direction == .fromDevice else { return }
    if let context = context(of: e) { interrupts.bufferTakenBack(e, buffer, in: context, evidence) }
  }

  /// How the packet came that NAPI instance `napi` hands over; the buffer that it lies in is the one taken back last in `context`.
  private mutating func origin(of e: Event, napi: UInt32, in context: Int?) -> PacketOrigin {
    var origin = e.flags.contains(.softirq) ? interrupts.origin(of: e, napi: napi) : tasks.origin(ofPacketFrom: e.pid)
    if let context { interrupts.addBuffer(in: context, to: &origin) }
    return origin
  }

  // MARK: arrival

  mutating func groBegins(_ e: Event, _ arrival: Arrival) {
    guard let context = context(of: e) else { return }
    if receive.goesOnInside(e, arrival, byGROIn: context) { return }
    // The batch before was flushed inside the last GRO call, so it is processed.
    receive.callEnds(in: context, at: e.time)
    takeEnded()
    let sender = transmit.handedOver(e, arrival.skb, to: arrival.device, in: context, .napiGroReceiveEntry)
    takeEnded()
    let arriving = ArrivingPacket(arrival: arrival, origin: origin(of: e, napi: arrival.napi, in: context), sender: sender)
    receive.groBegins(e, arriving, in: context, &numbering)
  }

  /// netif_rx_entry; the loopback device hands back what was sent, whose header the recorder reads only when it is sent.
  mutating func backlogBegins(_ e: Event, _ arrival: Arrival) {
    if receive.goesOnInside(e, arrival, byGROIn: nil) { return }
    let context = context(of: e)
    let sender = transmit.handedOver(e, arrival.skb, to: arrival.device, in: context, .netifRxEntry)
    takeEnded()
    var returned = sender?.isReturned == true ? transmit.header(of: arrival.skb, onCPU: e.cpuIndex) : nil
    if let flow = returned?.flow { returned?.flow = flow.reversed }
    receive.backlogBegins(e, ArrivingPacket(arrival: arrival, sender: sender), in: context, returned: returned, &numbering, &sockets)
  }

  mutating func handoverBegins(_ e: Event, _ arrival: Arrival) {
    if receive.isSecondPass(arrival) { return }
    let context = context(of: e)
    let arriving = ArrivingPacket(arrival: arrival, origin: origin(of: e, napi: arrival.napi, in: context))
    receive.handoverBegins(e, arriving, in: context, isAlone: true, &numbering)
  }

  mutating func listHandoverBegins(_ e: Event, _ arrival: Arrival) {
    guard let context = context(of: e) else { return }
    receive.callEnds(in: context, at: e.time)
    let arriving = ArrivingPacket(arrival: arrival, origin: origin(of: e, napi: arrival.napi, in: context))
    receive.handoverBegins(e, arriving, in: context, isAlone: false, &numbering)
  }

  mutating func delivered(_ e: Event, _ arrival: Arrival) {
    guard let context = context(of: e) else { return }
    receive.noteOtherEvent(in: context)
    let fromBacklog: PacketRef?
    switch receive.delivery(of: arrival, in: context) {
    case .known(let slot): fromBacklog = receive.deliver(e, slot, length: arrival.length, in: context)
    case .again: return receive.noteSecondPass(in: context)
    case .unknown: fromBacklog = receive.deliverUnannounced(e, arrival, origin(of: e, napi: 0, in: nil), in: context, &numbering)
    }
    guard let packet = fromBacklog else { return }
    let begin = e.flags.contains(.softirq) ? interrupts.netRXBegin(onCPU: e.cpuIndex) : tasks.backlogBegin(e.pid)
    if let begin { receive.markBacklogService(of: packet, begin, interrupts.conditions(onCPU: Int(max(begin.cpu, 0)))) }
  }

  // MARK: threads

  /// A kernel thread of the receive path is woken. It reads nothing, so no packet can have woken it as its reader.
  mutating func threadWaking(_ e: Event, _ task: Int, _ thread: KernelThread) {
    let cpu = e.cpuIndex
    let mark = StageMark(e, .schedWaking, .ordered)
    switch thread {
    case .napi, .backlog:
      let handler = e.flags.contains(.hardirq) ? interrupts.handler(onCPU: cpu) : tasks.threadedHandler(e.pid)
      tasks.askToPoll(task, handler?.entry, mark)
      if let context = context(of: e) { _ = receive.markBacklogRaise(in: context, mark) }
    case .interrupt:
      if e.flags.contains(.hardirq), let handler = interrupts.leaveToThread(onCPU: cpu) { tasks.askToHandle(task, handler) }
    case .ksoftirqd:
      // handle_softirqs gives up and leaves the rest to the thread; a request from a task wakes it, too, but outside of soft interrupts.
      if e.flags.contains(.softirq) { interrupts.noteTimeLimit(onCPU: cpu) }
    case .none: break
    }
  }
}
