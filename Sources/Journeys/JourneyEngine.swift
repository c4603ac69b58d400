public import Events

/// Reconstructs each packet's way from the stream of events. It hands each event to the trackers it concerns, in order, passes values between
/// them, and takes finished journeys out; it has no table of its own, and memory does not grow with the recording.
///
/// The rules are those of the kernel's receive path:
/// - a packet is an address and a birth, never the address alone, because addresses are used again within microseconds;
/// - deliveries wait in a queue for each context until the transport takes them, because NAPI delivers in batches of up to eight
///   (`gro_normal_batch`) before the first of them is processed;
/// - what is read is joined to packets by position in the stream, because TCP coalesces packets in the receive queue without a word.
public struct JourneyEngine: ~Copyable, Sendable {
  /// Journeys that ended since it was last emptied, in the order in which they ended.
  public var finished: [Journey] = []
  /// Counts of what has ended; those of what began are in `numbering`.
  var counted = PathStatistics()

  var interrupts = InterruptTracker()
  var receive: ReceiveTracker
  var sockets = SocketTable()
  var tasks = TaskTracker()
  var transmit = TransmitTracker()
  var numbering: JourneyNumbering
  /// Which event, counted from 1, was the last gap.
  var lastGap: UInt32 = 0
  /// Whether send calls tell their result (kernel 6.3 and later).
  let hasSendLength: Bool
  /// Whether receive calls do.
  let hasReceiveLength: Bool
  private var eventCount: UInt32 = 0
  private var cpuCount = 0

  /// An engine for recordings of a kernel with these capabilities.
  public init(_ capabilities: Capabilities) {
    self.init(
      SocketVisibility(
        hasDataReady: capabilities.kinds.contains(.skDataReady), hasReadable: capabilities.hasReadableProbe,
        hasReceiveLength: capabilities.kinds.contains(.sockRecvLength), hasContext: capabilities.hasContext),
      hasSendLength: capabilities.kinds.contains(.sockSendLength), completeFrom: capabilities.completeFrom)
  }

  /// An engine for kernels from 6.6 on, or (`hasDataReady` false) for those before.
  init(hasDataReady: Bool) {
    self.init(
      SocketVisibility(hasDataReady: hasDataReady, hasReadable: false, hasReceiveLength: hasDataReady, hasContext: true),
      hasSendLength: hasDataReady, completeFrom: 0)
  }

  /// An engine for kernels from 6.6 on.
  public init() { self.init(hasDataReady: true) }

  private init(_ visible: SocketVisibility, hasSendLength: Bool, completeFrom: UInt64) {
    receive = ReceiveTracker(visible)
    numbering = JourneyNumbering(completeFrom: completeFrom)
    self.hasSendLength = hasSendLength
    hasReceiveLength = visible.hasReceiveLength
  }

  /// Counts over the whole recording.
  public var statistics: PathStatistics {
    var statistics = counted
    statistics.frames = numbering.received
    statistics.sent = numbering.sent
    statistics.evicted = numbering.evicted
    return statistics
  }

  // MARK: events

  /// Takes in the events of `batch`, which come behind those before.
  public mutating func consume(_ batch: borrowing EventBatch) {
    guard batch.count > 0 else { return }
    consume(batch.events.span, batch.count)
    eventCount = batch.events[batch.count &- 1].order
  }

  /// Takes in the next event in time order.
  public mutating func consume(_ event: Event) {
    eventCount &+= 1
    var next = CollectionOfOne(event)
    next[0].order = eventCount
    consume(next.span, 1)
  }

  /// Takes in the first `count` of `events`.
  @inline(never)
  private mutating func consume(_ events: Span<Event>, _ count: Int) {
    for index in 0..<count {
      // Most requests are for other soft interrupts.
      if events[index].kind == .softirqRaise, events[index].numbers.0 != UInt64(SoftIRQ.netRX) { continue }
      if cpuCount <= events[index].cpuIndex { addCPUs(upTo: events[index].cpuIndex) }
      dispatch(events[index])
      takeEnded()
    }
  }

  @inline(__always)
  private mutating func dispatch(_ e: borrowing Event) {
    let numbers = e.numbers
    func int32(_ number: UInt64) -> Int32 { Int32(truncatingIfNeeded: number) }
    func uint32(_ number: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: number) }
    func uint16(_ number: UInt64) -> UInt16 { UInt16(truncatingIfNeeded: number) }
    func packet() -> SentFrame { SentFrame(skb: numbers.0, device: e.name, length: uint32(numbers.1)) }
    switch e.kind {
    case .irqHandlerEntry: handlerBegins(e, irq: int32(numbers.0))
    case .irqHandlerExit: handlerEnds(e, irq: int32(numbers.0))
    case .softirqRaise: netRXRaised(e)
    case .softirqEntry: softirqBegins(e, vector: int32(numbers.0))
    case .softirqExit: softirqEnds(e, vector: int32(numbers.0))
    case .napiPoll: pollEnds(e, work: int32(numbers.1), budget: int32(numbers.2))
    case .groEntry: groBegins(e, e.arrival)
    case .groExit: if let context = context(of: e) { receive.groEnds(e, result: int32(numbers.0), in: context) }
    case .netifRxEntry: backlogBegins(e, e.arrival)
    case .receiveEntry: handoverBegins(e, e.arrival)
    case .receiveListEntry: listHandoverBegins(e, e.arrival)
    case .netifReceiveSkb: delivered(e, Arrival(skb: numbers.0, device: e.name, napi: 0, length: uint32(numbers.1)))
    case .netDevQueue: queued(e, packet())
    case .netDevStartXmit: transmit.started(e, packet(), in: context(of: e), &numbering)
    case .netDevXmit: driverReturns(e, numbers.0, rc: int32(numbers.2))
    case .kfreeSkb: dropped(e, numbers.0, location: numbers.1, reason: int32(numbers.2))
    case .consumeSkb: consumed(e, numbers.0)
    case .skbCopyDatagram: copied(e, numbers.0, length: int32(numbers.1))
    case .skDataReady: dataReady(e, AnnouncingSocket(address: numbers.0, family: uint16(numbers.1), protocolNumber: uint16(numbers.2)))
    case .sockDefReadable: becameReadable(e, numbers.0, byStack: false)
    case .announcedByStack: becameReadable(e, 0, byStack: true)
    case .sockRecvLength:
      received(
        e,
        ReceiveResult(
          socket: numbers.0, family: uint16(numbers.1), protocolNumber: uint16(numbers.2), result: int32(numbers.3), flags: int32(numbers.4)))
    case .sockSendLength: sendReturns(e, numbers.0, protocolNumber: uint16(numbers.2), result: int32(numbers.3))
    case .tcpProbe:
      probed(e, ProbedSegment(skb: numbers.0, socket: numbers.1, cookie: numbers.2, flow: e.probedFlow, length: uint32(numbers.4)))
    case .tcpRcvSpaceAdjust: spaceAdjusted(e, numbers.0, cookie: numbers.1)
    case .schedWaking: waking(e, Journey.Task(pid: int32(numbers.0), comm: e.name))
    case .schedSwitch:
      switched(e, from: int32(numbers.0), state: Int64(bitPattern: numbers.1), to: Journey.Task(pid: int32(numbers.2), comm: e.name))
    default: dispatchRare(e)
    }
  }

  /// The same for what a packet has few of.
  @inline(never)
  private mutating func dispatchRare(_ e: borrowing Event) {
    switch e.body {
    case .inetSockSetState(let socket, let old, let new, _, let flow):
      stateChanged(e, StateChange(socket: socket, old: old, new: new, flow: flow))
    case .tcpDestroySock(let socket, let cookie):
      receive.destroyed(socket, &sockets)
      receive.destroyed(cookie, &sockets)
    case .flow(let header): receive.identify(header, isPulled: false, &sockets)
    case .flowPulled(let header): receive.identify(header, isPulled: true, &sockets)
    case .flowSent(let header): transmit.identify(e, header)
    case .dmaMap(let buffer): interrupts.bufferPosted(e, buffer)
    case .dmaUnmap(let buffer): bufferTakenBack(e, buffer, .dmaUnmap)
    case .dmaSyncForCPU(let buffer): bufferTakenBack(e, buffer, .dmaSyncForCPU)
    case .windowBegins, .windowEnds: forgetAll()
    case .interruptsChosen: counted.hasAllInterrupts = false
    case .taskChosen(let comm):
      counted.choose(comm)
      tasks.choose(comm)
    case .gap(let before, _): loseEvents(e, before)
    default: break
    }
  }

  // MARK: what all events need

  /// Takes out the journeys that have ended. Before an event goes on to a tracker of the other direction, so that they stay in order.
  @inline(__always)
  mutating func takeEnded() {
    if receive.hasEnded { receive.moveEnded(to: &finished, &counted) }
    if transmit.hasEnded { transmit.moveEnded(to: &finished, &counted) }
  }

  private mutating func addCPUs(upTo cpu: Int) {
    while cpuCount <= cpu {
      interrupts.addCPU()
      receive.addCPU()
      transmit.addCPU()
      cpuCount += 1
    }
  }

  /// The index of the context that `e` was written in, or nil where packets are not processed (hard interrupts, idle).
  @inline(__always)
  mutating func context(of e: Event) -> Int? {
    if e.flags.contains(.hardirq) || e.cpu < 0 { return nil }
    if e.flags.contains(.softirq) { return receive.softContext(ofCPU: e.cpuIndex) }
    return e.pid == 0 ? nil : context(ofTask: tasks.findOrAdd(e.pid))
  }

  @inline(__always)
  private mutating func context(ofTask task: Int) -> Int { tasks.context(of: task) ?? addContext(ofTask: task) }

  @inline(never)
  private mutating func addContext(ofTask task: Int) -> Int {
    let context = receive.addContext()
    tasks.setContext(of: task, context)
    return context
  }
}
