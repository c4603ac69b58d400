internal import BasicContainers
internal import Events

/// Hard and soft interrupts, polls and DMA: what announced the packets of a poll.
struct InterruptTracker: ~Copyable {
  /// The interrupt that announces a NAPI instance, and how often that fitted. Not private for the reason that `PacketTable.Head` is not.
  struct Announcer: BitwiseCopyable {
    var irq: Int32
    var votes: Int32
  }

  private var cpus = UniqueArray<InterruptState>()
  /// Which interrupt announces which NAPI instance, learned where only one fits.
  private var announcers = AddressTable<Announcer>()
  /// When the last poll of a NAPI instance handed over its first packet: an interrupt from before is not the next poll's.
  private var polledAt = AddressTable<UInt64>()
  private var buffers = DMABuffers()

  /// There is one more CPU.
  mutating func addCPU() { cpus.append(InterruptState()) }

  // MARK: hard interrupts

  /// irq_handler_entry.
  mutating func handlerBegins(_ e: Event, irq: Int32) {
    cpus[e.cpuIndex].handlers.push(InterruptHandler(irq: irq, entry: StageMark(e, .irqHandlerEntry, .ordered)))
  }

  /// irq_handler_exit. The nanoseconds that this CPU's handlers took, where none runs any more.
  mutating func handlerEnds(_ e: Event, irq: Int32) -> UInt64? {
    let cpu = e.cpuIndex
    guard let handler = cpus[cpu].handlers.pop(irq) else { return nil }
    // NET_RX runs, so that this handler may have scheduled a NAPI instance without a softirq_raise.
    if !handler.hasRaised, cpus[cpu].softirq != nil {
      cpus[cpu].remember(RaisedInterrupt(irq: irq, entry: handler.entry, raise: nil))
    }
    guard cpus[cpu].handlers.isEmpty else { return nil }
    // Where events are missing the handler may have begun before the soft interrupt did.
    if let begin = cpus[cpu].vector?.begin { cpus[cpu].vector?.hardTime &+= e.time.since(max(begin, handler.entry.time)) }
    return e.time.since(handler.entry.time)
  }

  /// The handler that runs on `cpu`, or nil.
  func handler(onCPU cpu: Int) -> InterruptHandler? { cpus[cpu].handlers.innermost }

  /// The handler that has just ended on `cpu` leaves its work to a thread; nil if none has.
  mutating func leaveToThread(onCPU cpu: Int) -> InterruptHandler? {
    guard let handler = cpus[cpu].handlers.ended else { return nil }
    cpus[cpu].forgetInterrupt(of: handler)
    return handler
  }

  // MARK: requests for NET_RX

  /// softirq_raise of NET_RX, by a handler, by netif_rx, or by NET_RX itself when its budget is used up.
  mutating func netRXRaised(_ e: Event, _ mark: StageMark) {
    let cpu = e.cpuIndex
    cpus[cpu].request(mark)
    guard e.flags.contains(.hardirq), let handler = cpus[cpu].handlers.innermost else { return }
    cpus[cpu].handlers.noteRaise()
    cpus[cpu].remember(RaisedInterrupt(irq: handler.irq, entry: handler.entry, raise: mark))
  }

  /// That request was one of NET_RX for itself, or of netif_rx.
  mutating func noteOwnRaise(onCPU cpu: Int) { cpus[cpu].hasPendingOwnRaise = true }

  /// That request came from the thread of `handler`, which PREEMPT_RT runs in a task.
  mutating func noteRaise(ofThreaded handler: InterruptHandler, onCPU cpu: Int, _ mark: StageMark) {
    cpus[cpu].remember(RaisedInterrupt(irq: handler.irq, entry: handler.entry, raise: mark))
  }

  /// handle_softirqs gives up and leaves the rest to ksoftirqd.
  mutating func noteTimeLimit(onCPU cpu: Int) { cpus[cpu].pendingConditions.insert(.timeLimit) }

  // MARK: soft interrupts

  /// softirq_entry.
  mutating func softirqBegins(_ e: Event, vector: Int) { cpus[e.cpuIndex].vector = (vector, e.time, 0) }

  /// softirq_entry of NET_RX.
  mutating func netRXBegins(_ e: Event, isInKsoftirqd: Bool) {
    let cpu = e.cpuIndex
    cpus[cpu].beginReceiving(StageMark(e, .softirqEntry, .ordered))
    if isInKsoftirqd { cpus[cpu].conditions.insert(.ksoftirqd) }
  }

  /// softirq_exit. The nanoseconds that it took, without hard interrupts; nil if its beginning was not seen.
  mutating func softirqEnds(_ e: Event, vector: Int) -> UInt64? {
    let cpu = e.cpuIndex
    let running = cpus[cpu].vector
    cpus[cpu].vector = nil
    guard let running, running.number == vector else { return nil }
    return e.time.since(running.begin).since(running.hardTime)
  }

  /// softirq_exit of NET_RX.
  mutating func netRXEnds(_ e: Event) { cpus[e.cpuIndex].endReceiving(e.time) }

  /// When the NET_RX that runs on `cpu` began, or nil.
  func netRXBegin(onCPU cpu: Int) -> StageMark? { cpus[cpu].softirq }

  /// What is known of why the NET_RX that runs on `cpu` came late.
  func conditions(onCPU cpu: Int) -> Conditions { cpus[cpu].conditions }

  /// napi_poll: the poll in `context` is over.
  mutating func pollEnds(_ e: Event, in context: Int, hasUsedUpBudget: Bool) {
    if hasUsedUpBudget { cpus[e.cpuIndex].pendingConditions.insert(.budget) }
    cpus[e.cpuIndex].poll = nil
    buffers.forgetFilled(in: context)
  }

  // MARK: what announced a packet

  /// What announced the packet that NAPI instance `napi` hands over in the soft interrupt of `e`.
  mutating func origin(of e: Event, napi: UInt32) -> PacketOrigin {
    let cpu = e.cpuIndex
    guard let softirq = cpus[cpu].softirq else { return PacketOrigin(isCut: true) }
    let poll = currentPoll(cpu, napi, since: softirq.time, e.time)
    var origin = PacketOrigin(conditions: cpus[cpu].conditions)
    if let interrupt = poll.interrupt {
      (origin.irq, origin.raise) = (interrupt.entry, interrupt.raise)
      if interrupt.entry.time < softirq.time {
        origin.softirq = softirq
        if interrupt.entry.link == .inferred { origin.softirq?.link = .inferred }
      }
      return origin
    }
    origin.softirq = softirq
    // An interrupt that came while NET_RX ran may be its announcement.
    if cpus[cpu].hasOpenInterrupt(after: softirq.time) { origin.softirq?.link = .inferred }
    // An interrupt's request is that of the NAPI instance it announced; without one, NET_RX asked for itself, its budget used up.
    // A second poll in one run was asked for while it ran, without a word (6.4 and later).
    if var raise = cpus[cpu].raise, !poll.isRepeated, raise.context != .hardirq || (announcers[UInt64(napi)]?.votes ?? 0) < 2 {
      // It may as well have been for a poll before this one, for the backlog, or this poll was asked for without a word.
      raise.link = .inferred
      origin.raise = raise
    }
    return origin
  }

  /// Adds the buffer that was taken back last in `context` to the origin of the packet that is handed over now.
  @inline(__always)
  mutating func addBuffer(in context: Int, to origin: inout PacketOrigin) {
    guard let buffer = buffers.removeFilled(in: context) else { return }
    (origin.posted, origin.takenBack) = (buffer.posted, buffer.takenBack)
    // An interrupt that broke in after the driver had found the packet announces later ones.
    guard let irq = origin.irq, irq.time > buffer.takenBack.time else { return }
    (origin.irq, origin.raise) = (nil, nil)
    origin.softirq = cpus[Int(max(buffer.takenBack.cpu, 0))].softirq
  }

  /// dma_map_page, dma_map_phys.
  mutating func bufferPosted(_ e: Event, _ buffer: DMABuffer) { buffers.post(buffer, StageMark(e, .dmaMap, .ordered)) }

  /// dma_unmap_*, dma_sync_single_for_cpu.
  mutating func bufferTakenBack(_ e: Event, _ buffer: DMABuffer, in context: Int, _ evidence: Evidence) {
    buffers.takeBack(buffer, in: context, StageMark(e, evidence, .ordered))
  }

  // MARK: losses

  /// Events of `cpu` are missing.
  mutating func forget(onCPU cpu: Int) { cpus[cpu] = InterruptState() }

  /// Nothing that is under way can be followed.
  mutating func forgetAll() {
    for cpu in cpus.indices { cpus[cpu] = InterruptState() }
    buffers.forgetFilled()
  }

  // MARK: polls

  /// The poll of `napi` that runs on `cpu` at `time`, in the NET_RX that began at `begin` (nanoseconds).
  private mutating func currentPoll(_ cpu: Int, _ napi: UInt32, since begin: UInt64, _ time: UInt64) -> InterruptState.Poll {
    if let poll = cpus[cpu].poll, poll.napi == napi { return poll }
    let isRepeated = polledAt[UInt64(napi)] ?? 0 > begin
    let poll = InterruptState.Poll(napi: napi, interrupt: announcingInterrupt(cpu, napi), isRepeated: isRepeated)
    cpus[cpu].poll = poll
    polledAt[UInt64(napi)] = time
    return poll
  }

  /// The interrupt that announced a poll of `napi`. Several may be pending, also those of transmit queues; the kernel names none of them,
  /// so the one that was alone before decides, and else the first, for NAPI instances are polled in the order in which they were scheduled.
  private mutating func announcingInterrupt(_ cpu: Int, _ napi: UInt32) -> RaisedInterrupt? {
    let earliest = polledAt[UInt64(napi)] ?? 0
    let learned = announcers[UInt64(napi)]
    if let learned, learned.votes >= 2 {
      let index = cpus[cpu].raised.lastIndex { $0.irq == learned.irq && $0.isOpen(since: earliest) }
      return index.map { cpus[cpu].assignToPoll($0) }
    }
    guard let index = cpus[cpu].raised.firstIndex(where: { $0.raise != nil && $0.isOpen(since: earliest) }) else { return nil }
    // NET_RX asked for itself: the poll may go on without an interrupt of its own.
    if cpus[cpu].hasOwnRaise { return nil }
    let irq = cpus[cpu].raised[index].irq
    let isAlone = cpus[cpu].raised.count { $0.isOpen(since: earliest) } == 1
    if isAlone { learn(napi, irq) }
    var interrupt = cpus[cpu].assignToPoll(index)
    if !isAlone || learned.map({ $0.irq != irq }) ?? false {
      interrupt.entry.link = .inferred
      interrupt.raise?.link = .inferred
    }
    return interrupt
  }

  private mutating func learn(_ napi: UInt32, _ irq: Int32) {
    var entry = announcers[UInt64(napi)] ?? Announcer(irq: irq, votes: 0)
    if entry.irq == irq {
      entry.votes += 1
    } else {
      entry.votes -= 1
      if entry.votes <= 0 { entry = Announcer(irq: irq, votes: 1) }
    }
    announcers[UInt64(napi)] = entry
  }
}

extension Event {
  /// The place of its CPU in tables by CPU.
  @inline(__always) var cpuIndex: Int { Int(max(cpu, 0)) }
}
