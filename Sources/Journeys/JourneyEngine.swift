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
      if events[index].kind == .softirqRaise, events[index].softirqRaise.vector != SoftIRQ.netRX { continue }
      if cpuCount <= events[index].cpuIndex { addCPUs(upTo: events[index].cpuIndex) }
      dispatch(events[index])
      takeEnded()
    }
  }

  @inline(__always)
  private mutating func dispatch(_ e: borrowing Event) {
    switch e.kind {
    case .irqHandlerEntry: handlerBegins(e, irq: e.irqHandlerEntry.irq)
    case .irqHandlerExit: handlerEnds(e, irq: e.irqHandlerExit.irq)
    case .softirqRaise: netRXRaised(e)
    case .softirqEntry: softirqBegins(e, vector: e.softirqEntry.vector)
    case .softirqExit: softirqEnds(e, vector: e.softirqExit.vector)
    case .napiPoll: pollEnds(e, work: e.napiPoll.work, budget: e.napiPoll.budget)
    case .groEntry: groBegins(e, e.groEntry)
    case .groExit: if let context = context(of: e) { receive.groEnds(e, result: e.groExit.result, in: context) }
    case .netifRxEntry: backlogBegins(e, e.netifRxEntry)
    case .receiveEntry: handoverBegins(e, e.receiveEntry)
    case .receiveListEntry: listHandoverBegins(e, e.receiveListEntry)
    case .netifReceiveSkb:
      let packet = e.netifReceiveSkb
      delivered(e, Arrival(skb: packet.skb, device: packet.device, napi: 0, length: packet.length))
    case .netDevQueue:
      let packet = e.netDevQueue
      queued(e, SentFrame(skb: packet.skb, device: packet.device, length: packet.length))
    case .netDevStartXmit:
      let packet = e.netDevStartXmit
      transmit.started(e, SentFrame(skb: packet.skb, device: packet.device, length: packet.length), in: context(of: e), &numbering)
    case .netDevXmit: driverReturns(e, e.netDevXmit.skb, rc: e.netDevXmit.rc)
    case .kfreeSkb: dropped(e, e.kfreeSkb.skb, location: e.kfreeSkb.location, reason: e.kfreeSkb.reason)
    case .consumeSkb: consumed(e, e.consumeSkb.skb)
    case .skbCopyDatagram: copied(e, e.skbCopyDatagram.skb, length: e.skbCopyDatagram.length)
    case .skDataReady:
      let ready = e.skDataReady
      dataReady(e, AnnouncingSocket(address: ready.socket, family: ready.family, protocolNumber: ready.protocolNumber))
    case .sockDefReadable: becameReadable(e, e.sockDefReadable.socket, byStack: false)
    case .announcedByStack: becameReadable(e, 0, byStack: true)
    case .sockRecvLength:
      let call = e.sockRecvLength
      received(
        e,
        ReceiveResult(
          socket: call.socket, family: call.family, protocolNumber: call.protocolNumber, result: call.result, flags: call.flags))
    case .sockSendLength:
      sendReturns(e, e.sockSendLength.socket, protocolNumber: e.sockSendLength.protocolNumber, result: e.sockSendLength.result)
    case .tcpProbe:
      let segment = e.tcpProbe
      probed(
        e,
        ProbedSegment(
          skb: segment.skb, socket: segment.socket, cookie: segment.cookie, flow: segment.flow, length: segment.dataLength))
    case .tcpRcvSpaceAdjust: spaceAdjusted(e, e.tcpRcvSpaceAdjust.socket, cookie: e.tcpRcvSpaceAdjust.cookie)
    case .schedWaking: waking(e, Journey.Task(pid: e.schedWaking.pid, comm: e.schedWaking.comm))
    case .schedSwitch:
      let change = e.schedSwitch
      switched(e, from: change.previous, state: change.previousState, to: Journey.Task(pid: change.next, comm: change.nextComm))
    default: dispatchRare(e)
    }
  }

  /// The same for what a packet has few of.
  @inline(never)
  private mutating func dispatchRare(_ e: borrowing Event) {
    switch e.kind {
    case .inetSockSetState:
      let change = e.inetSockSetState
      stateChanged(e, StateChange(socket: change.socket, old: change.old, new: change.new, flow: change.flow))
    case .tcpDestroySock:
      receive.destroyed(e.tcpDestroySock.socket, &sockets)
      receive.destroyed(e.tcpDestroySock.cookie, &sockets)
    case .sockRcvqueueFull: counted.note(e.sockRcvqueueFull)
    case .flow: receive.identify(e.header, isPulled: false, &sockets)
    case .flowPulled: receive.identify(e.header, isPulled: true, &sockets)
    case .flowSent: transmit.identify(e, e.header)
    case .dmaMap: interrupts.bufferPosted(e, e.dmaMap)
    case .dmaUnmap: bufferTakenBack(e, e.dmaUnmap, .dmaUnmap)
    case .dmaSyncForCPU: bufferTakenBack(e, e.dmaSyncForCPU, .dmaSyncForCPU)
    case .windowBegins, .windowEnds: forgetAll()
    case .interruptsChosen: counted.hasAllInterrupts = false
    case .taskChosen:
      counted.choose(e.name)
      tasks.choose(e.name)
    case .gap: loseEvents(e, e.gap.before)
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
