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
  var interruptOfNAPI: [UInt32: (irq: Int32, votes: Int)] = [:]
  /// When the last poll of a NAPI instance handed over its first packet: an interrupt from before is not the next poll's.
  var polledAt: [UInt32: UInt64] = [:]
  /// Packets on their way out.
  var sent = PacketTable<SentPacket>()
  /// Segments of packets that were split on their way out, by address.
  var segments = AddressTable<PacketRef>()
  /// Buffers that belong to a NIC, since when.
  var posted: [DMAKey: StageMark] = [:]
  /// Sockets of connections that stand, whose cookie tcp_probe has not told yet: before 6.12 it does not tell their address.
  var established: [FlowID: UInt64] = [:]
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
    let events = batch.events.span
    for index in 0..<batch.count {
      ensureCPU(events[index].cpu)
      dispatch(events[index])
    }
    if batch.count > 0 { eventCount = events[batch.count &- 1].order }
  }

  /// Takes in the next event in time order.
  public mutating func consume(_ event: Event) {
    eventCount &+= 1
    var e = event
    e.order = eventCount
    ensureCPU(e.cpu)
    dispatch(e)
  }

  // An event goes to its handler where it lies, and is not put together anew.
  @inline(never)
  private mutating func dispatch(_ e: borrowing Event) {
    switch e.body {
    case .irqHandlerEntry(let irq, _): enterHandler(e, irq)
    case .irqHandlerExit(let irq): exitHandler(e, irq)
    case .softirqRaise(let vector): if vector == SoftIRQ.netRX { raise(e) }
    case .softirqEntry(let vector): enterSoftirq(e, vector)
    case .softirqExit(let vector): exitSoftirq(e, vector)
    case .napiPoll(_, _, let work, let budget): endPoll(e, work, budget)
    case .groEntry(let arrival): groEntry(e, arrival)
    case .groExit(let result): groExit(e, result)
    case .netifRxEntry(let arrival): backlogEntry(e, arrival)
    case .receiveEntry(let arrival): receiveEntry(e, arrival)
    case .receiveListEntry(let arrival): receiveListEntry(e, arrival)
    case .netifReceiveSkb(let skb, let length, let device): receive(e, skb, length, device)
    case .netDevQueue(let skb, let length, let device): queueForSending(e, skb, length, device)
    case .netDevStartXmit(let skb, let length, let device): startTransmit(e, skb, length, device)
    case .netDevXmit(let skb, _, let rc, _): transmitted(e, skb, rc)
    case .kfreeSkb(let skb, let location, let reason): free(e, skb, location, reason)
    case .consumeSkb(let skb, _): consume(e, skb)
    case .skbCopyDatagram(let skb, let length): copy(e, skb, length)
    case .skDataReady(let socket, let family, let proto): dataReady(e, socket, family, proto)
    case .sockDefReadable(let socket):
      hasReadable = true
      readable(e, socket)
    case .announcedByStack:
      hasStacks = true
      readable(e, 0)
    case .sockRecvLength(let socket, let family, let proto, let result, let flags): received(e, socket, family, proto, result, flags)
    case .sockSendLength(let socket, _, let proto, let result):
      sendReturned(e, socket, proto, result)
      endCall(e)
    case .inetSockSetState(let socket, let old, let new, _, let flow): setState(e, socket, old, new, flow)
    case .tcpProbe(let skb, let socket, let cookie, let flow, let length):
      probe(e, skb, socket, cookie, flow, length)
    case .tcpRcvSpaceAdjust(let socket, let cookie, _): spaceAdjusted(e, socket, cookie)
    case .tcpDestroySock(let socket, let cookie):
      destroy(socket)
      destroy(cookie)
    case .schedWaking(let pid, let comm): waking(e, pid, comm)
    case .schedSwitch(let previous, let state, let next, let comm): switchTask(e, previous, state, next, comm)
    case .flow(let header): identify(header)
    case .flowSent(let header): identifySent(header)
    case .dmaMap(let buffer): post(e, buffer)
    case .dmaUnmap(let buffer): claim(e, buffer, .dmaUnmap)
    case .dmaSyncForCPU(let buffer): claim(e, buffer, .dmaSyncForCPU)
    case .windowBegins, .windowEnds: cut()
    case .gap(let before, _): lose(e, before)
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

  private mutating func context(ofTask pid: Int32) -> Int {
    let task = tasks.find(pid)
    if tasks.tasks[task].context < 0 {
      tasks.tasks[task].context = Int32(contexts.count)
      contexts.append(ProcessingContext())
    }
    return Int(tasks.tasks[task].context)
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
    guard let oldest = packets.slots.indices.filter({ packets.slots[$0].state != .free }).min(by: {
      packets.slots[$0].journey.id < packets.slots[$1].journey.id
    }) else { return }
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
