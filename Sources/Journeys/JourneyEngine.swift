internal import BasicContainers
public import Events
internal import DequeModule

/// Reconstructs each received packet's way from the stream of events. A struct of flat tables: what is in flight is kept, what is finished
/// is handed out through `finished`, and memory does not grow with the recording.
///
/// The rules are those of the kernel's receive path:
/// - a packet is an address and a birth, never the address alone, because addresses are used again within microseconds;
/// - deliveries wait in a queue for each context until the transport takes them, because NAPI delivers in batches of up to eight
///   (`gro_normal_batch`) before the first of them is processed;
/// - what is read is joined to packets by position in the stream, because TCP merges packets in the receive queue without a word.
public struct JourneyEngine: ~Copyable, Sendable {
  /// Journeys that ended since it was last emptied, in the order in which they ended.
  public var finished: [Journey] = []
  /// Counts over the whole recording.
  public internal(set) var statistics = PathStatistics()

  var packets = PacketTable<Packet>()
  var sockets = SocketTable()
  var tasks = TaskTable()
  var cpus = UniqueArray<CPUState>()
  /// Soft interrupt contexts by CPU, then those of tasks.
  var contexts = UniqueArray<ProcessingContext>()
  var softContext: [Int32] = []
  /// Packets whose batch is processed and that showed nothing, oldest first.
  var parked = Deque<(ref: PacketRef, time: UInt64)>()
  /// Which interrupt announces which NAPI instance, learned where only one fits.
  var interruptOfNAPI = AddressTable<Announcer>()
  /// When the last poll of a NAPI instance handed over its first packet: an interrupt from before is not the next poll's.
  var polledAt = AddressTable<UInt64>()
  /// Packets on their way out.
  var sent = PacketTable<SentPacket>()
  /// Segments of packets that were split on their way out, by address.
  var segments = AddressTable<PacketRef>()
  /// Buffers that belong to a NIC, since when.
  var posted: [DMAKey: StageMark] = [:]
  /// Sockets of connections that stand, whose cookie tcp_probe has not told yet: before 6.12 it does not tell their address.
  var established: [FlowID: UInt64] = [:]
  /// TCP's number of the first byte of connections that are asked for.
  var firstBytes: [FlowID: UInt32] = [:]
  /// Some CPU's events are missing up to here.
  var blindUntil: UInt64 = 0
  /// Which event, counted from 1, was the last gap.
  var lastGap: UInt32 = 0
  var nextID = 1
  /// Whether sockets announce data by an event (kernel 6.3 and later); before, wakeups go by order alone.
  let hasDataReady: Bool
  /// Whether a probe tells when sockets announce data, on kernels that have no event for it.
  var hasReadable: Bool
  /// Whether the stacks of wakeups tell which of them announce data; announcements that wake nobody are not seen.
  var hasStacks = false
  /// Whether receive calls tell their result (kernel 6.3 and later); before, each copy that tcp_rcv_space_adjust follows is a read.
  let hasReceiveLength: Bool
  /// Whether send calls tell their result (kernel 6.3 and later).
  let hasSendLength: Bool
  /// Whether events say in which context they were written.
  let hasContext: Bool
  private var eventCount: UInt32 = 0

  /// An engine for recordings of a kernel with these capabilities.
  public init(_ capabilities: Capabilities) {
    hasDataReady = capabilities.kinds.contains(.skDataReady)
    hasReadable = capabilities.hasReadableProbe
    hasReceiveLength = capabilities.kinds.contains(.sockRecvLength)
    hasSendLength = capabilities.kinds.contains(.sockSendLength)
    hasContext = capabilities.hasContext
    blindUntil = capabilities.completeFrom
  }

  /// An engine for kernels from 6.6 on, or (`hasDataReady` false) for those before.
  init(hasDataReady: Bool) {
    self.hasDataReady = hasDataReady
    hasReadable = false
    hasReceiveLength = hasDataReady
    hasSendLength = hasDataReady
    hasContext = true
  }

  /// An engine for kernels from 6.6 on.
  public init() { self.init(hasDataReady: true) }

  /// Packets in flight now.
  public var inFlight: Int { packets.count + sent.count }

  /// The least id of a packet in flight, or nil if there is none.
  public var oldestInFlight: Int? {
    var oldest: Int?
    for slot in packets.slots.indices where packets.slots[slot].state != .free {
      oldest = min(oldest ?? .max, packets.slots[slot].journey.id)
    }
    for slot in sent.slots.indices where sent.slots[slot].state != .free { oldest = min(oldest ?? .max, sent.slots[slot].journey.id) }
    return oldest
  }

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
      ensureCPU(events[index].cpu)
      dispatch(events[index])
    }
  }

  @inline(__always)
  private mutating func dispatch(_ e: borrowing Event) {
    let numbers = e.numbers
    func int32(_ number: UInt64) -> Int32 { Int32(truncatingIfNeeded: number) }
    func uint32(_ number: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: number) }
    func uint16(_ number: UInt64) -> UInt16 { UInt16(truncatingIfNeeded: number) }
    switch e.kind {
    case .irqHandlerEntry: enterHandler(e, int32(numbers.0))
    case .irqHandlerExit: exitHandler(e, int32(numbers.0))
    case .softirqRaise: raise(e)
    case .softirqEntry: enterSoftirq(e, int32(numbers.0))
    case .softirqExit: exitSoftirq(e, int32(numbers.0))
    case .napiPoll: endPoll(e, work: int32(numbers.1), budget: int32(numbers.2))
    case .groEntry: groEntry(e, e.arrival)
    case .groExit: groExit(e, int32(numbers.0))
    case .netifRxEntry: backlogEntry(e, e.arrival)
    case .receiveEntry: receiveEntry(e, e.arrival)
    case .receiveListEntry: receiveListEntry(e, e.arrival)
    case .netifReceiveSkb: receive(e, numbers.0, uint32(numbers.1), e.name)
    case .netDevQueue: queueForSending(e, numbers.0, uint32(numbers.1), e.name)
    case .netDevStartXmit: startTransmit(e, numbers.0, uint32(numbers.1), e.name)
    case .netDevXmit: transmitted(e, numbers.0, int32(numbers.2))
    case .kfreeSkb: free(e, numbers.0, numbers.1, int32(numbers.2))
    case .consumeSkb: consume(e, numbers.0)
    case .skbCopyDatagram: copy(e, numbers.0, int32(numbers.1))
    case .skDataReady: dataReady(e, numbers.0, uint16(numbers.1), uint16(numbers.2))
    case .sockDefReadable:
      hasReadable = true
      readable(e, numbers.0)
    case .announcedByStack:
      hasStacks = true
      readable(e, 0)
    case .sockRecvLength: received(e, numbers.0, uint16(numbers.1), uint16(numbers.2), int32(numbers.3), int32(numbers.4))
    case .sockSendLength:
      sendReturned(e, numbers.0, uint16(numbers.2), int32(numbers.3))
      endCall(e)
    case .tcpProbe: probe(e, numbers.0, numbers.1, numbers.2, e.probedFlow, uint32(numbers.4))
    case .tcpRcvSpaceAdjust: spaceAdjusted(e, numbers.0, numbers.1)
    case .schedWaking: waking(e, int32(numbers.0), e.name)
    case .schedSwitch: switchTask(e, int32(numbers.0), Int64(bitPattern: numbers.1), int32(numbers.2), e.name)
    default: dispatchRare(e)
    }
  }

  /// The same for what a packet has few of.
  @inline(never)
  private mutating func dispatchRare(_ e: borrowing Event) {
    switch e.body {
    case .inetSockSetState(let socket, let old, let new, _, let flow): setState(e, socket, old, new, flow)
    case .tcpDestroySock(let socket, let cookie):
      destroy(socket)
      destroy(cookie)
    case .flow(let header): identify(header)
    case .flowPulled(let header): complete(header)
    case .flowSent(let header): identifySent(e, header)
    case .dmaMap(let buffer): post(e, buffer)
    case .dmaUnmap(let buffer): claim(e, buffer, .dmaUnmap)
    case .dmaSyncForCPU(let buffer): claim(e, buffer, .dmaSyncForCPU)
    case .windowBegins, .windowEnds: cut()
    case .interruptsChosen: statistics.hasAllInterrupts = false
    case .taskChosen(let comm): statistics.choose(comm)
    case .gap(let before, _): lose(e, before)
    default: break
    }
  }

  /// Ends every journey that is still under way: the recording is over.
  public mutating func finish() {
    for slot in packets.slots.indices where packets.slots[slot].state != .free {
      let isOver = packets.slots[slot].state == .lingering || packets.slots[slot].state == .consumed
      if !isOver, packets.slots[slot].journey.completeness == .complete { packets.slots[slot].journey.completeness = .truncated }
      let isRead = packets.slots[slot].journey.reader != nil
      end(slot, isRead ? .delivered : packets.slots[slot].state == .queued ? .queued : isOver ? .absorbed : packets.slots[slot].journey.outcome)
    }
    finishSending()
  }

  /// The recording pauses, or goes on after a pause: nothing that was under way can be followed across.
  private mutating func cut() {
    finish()
    for cpu in cpus.indices { cpus[cpu] = CPUState() }
    for context in contexts.indices { contexts[context] = ProcessingContext() }
    parked.removeAll(keepingCapacity: true)
    segments.removeAll()
    sockets.forgetQueues()
    tasks.forgetCalls()
  }

  // MARK: tables

  @inline(__always)
  private mutating func ensureCPU(_ cpu: Int32) {
    if cpus.count <= Int(max(cpu, 0)) { addCPUs(upTo: cpu) }
  }

  private mutating func addCPUs(upTo cpu: Int32) {
    while cpus.count <= Int(max(cpu, 0)) {
      softContext.append(Int32(contexts.count))
      contexts.append(ProcessingContext())
      cpus.append(CPUState())
    }
  }

  /// The index of the context that `e` was written in, or nil where packets are not processed (hard interrupts, idle).
  @inline(__always)
  mutating func context(of e: Event) -> Int? {
    if e.flags.contains(.hardirq) || e.cpu < 0 { return nil }
    if e.flags.contains(.softirq) { return Int(softContext[Int(e.cpu)]) }
    return e.pid == 0 ? nil : context(ofTask: e.pid)
  }

  @inline(__always)
  private mutating func context(ofTask pid: Int32) -> Int {
    let task = tasks.find(pid)
    let context = tasks.tasks[task].context
    return context >= 0 ? Int(context) : addContext(ofTask: task)
  }

  @inline(never)
  private mutating func addContext(ofTask task: Int) -> Int {
    tasks.tasks[task].context = Int32(contexts.count)
    contexts.append(ProcessingContext())
    return contexts.count - 1
  }

  /// A new packet at `address`; whatever lived there before is over.
  mutating func birth(_ e: Event, _ address: UInt64, _ device: NameID, _ length: UInt32) -> Int {
    endPreviousLife(of: address, e)
    if packets.count >= Self.inFlightLimit { makeRoom() }
    let slot = packets.insert(address)
    packets.slots[slot].journey.id = nextID
    packets.slots[slot].journey.device = device
    packets.slots[slot].journey.length = min(length, Self.longestPacket)
    packets.slots[slot].ownLength = min(length, Self.longestPacket)
    if e.time <= blindUntil { packets.slots[slot].journey.completeness = .lost }
    nextID += 1
    statistics.frames += 1
    return slot
  }

  /// In bytes. Only damaged recordings know longer ones; up to here sums of lengths are safe.
  static let longestPacket: UInt32 = 1 << 28

  /// Packets kept at once; a packet takes about half a kilobyte.
  private static let inFlightLimit = 262_144

  private mutating func makeRoom() {
    guard
      let oldest = packets.slots.indices.filter({ packets.slots[$0].state != .free }).min(by: {
        packets.slots[$0].journey.id < packets.slots[$1].journey.id
      })
    else { return }
    statistics.evicted += 1
    packets.slots[oldest].journey.completeness = .ambiguous
    end(oldest, .unknown)
  }

  /// An address is about to be used for a new packet: nothing more will be seen of the old one under this address.
  mutating func endPreviousLife(of address: UInt64, _ e: Event) {
    guard let slot = packets.find(address) else { return }
    let here = context(of: e)
    switch packets.slots[slot].state {
    // Delivered, and freed without a word: TCP merged it into another that waits in a backlog (`tcp_add_backlog`).
    case .queued, .lingering, .parked, .delivered: packets.forget(address)
    case .processing where packets.slots[slot].dataLength > 0: packets.forget(address)
    // Freed, and still to have its effect: what a task takes from a backlog, for example.
    case .processing where contexts.indices.contains { $0 != here && contexts[$0].current == packets.ref(slot) }: packets.forget(address)
    case .processing: settle(slot)
    // Merged into another and freed; GRO's verdict follows.
    case .arrived where contexts.indices.contains { contexts[$0].inGRO == packets.ref(slot) }: packets.forget(address)
    default: end(slot, .unknown)
    }
  }

  /// Ends the journey of `slot` with `outcome` and hands it out.
  mutating func end(_ slot: Int, _ outcome: Journey.Outcome) {
    assert(packets.slots[slot].state != .free, "a journey ends once")
    packets.slots[slot].journey.outcome = outcome
    if packets.slots[slot].isDoubtful { admitDoubt(slot) }
    chooseWaker(slot)
    if hasDataReady, outcome == .delivered, packets.slots[slot].journey.protocolNumber == Event.IPProtocol.tcp,
      !packets.slots[slot].journey.stages.has(.ready)
    {
      packets.slots[slot].journey.conditions.insert(.unannounced)
    }
    statistics.count(packets.slots[slot].journey)
    finished.append(packets.slots[slot].journey)
    packets.remove(slot)
  }

  /// Of the tasks the packet woke, takes the reader, or else the first that was woken for data.
  private mutating func chooseWaker(_ slot: Int) {
    let count = packets.slots[slot].wakerCount
    guard count > 0 else { return }
    let reader = packets.slots[slot].journey.reader?.pid
    var chosen = 0
    for index in 0..<count {
      let waker = packets.slots[slot].wakers[index]
      if waker.task.pid == reader {
        chosen = index
        break
      }
      if waker.isAfterReady, !packets.slots[slot].wakers[chosen].isAfterReady { chosen = index }
    }
    var waker = packets.slots[slot].wakers[chosen]
    // Woken, but somebody else read: the stages are those of the one that was woken.
    if let reader, reader != waker.task.pid {
      waker.waking.link = .inferred
      waker.running?.link = .inferred
    }
    packets.slots[slot].journey.woke = waker.task
    packets.slots[slot].journey.stages[.waking] = waker.waking
    if let running = waker.running { packets.slots[slot].journey.stages[.running] = running }
  }
}
