internal import BasicContainers
internal import Events

/// The way out: from the device's queue over the driver to the NIC's completion, and the call that sent it.
extension JourneyEngine {
  /// net_dev_queue: a new packet to send, or a received one that goes on by another device.
  mutating func queueForSending(_ e: Event, _ skb: UInt64, _ length: UInt32, _ device: NameID) {
    let context = context(of: e)
    if let context { contexts[context].mayWake = false }
    // A bridge, a VLAN or a bond hands the same packet to the device below while its own driver function runs.
    if let slot = sent.find(skb), sent.slots[slot].state == .started, isTransmitting(context, slot) {
      sent.slots[slot].journey.device = device
      return
    }
    var forwarded: Int?
    if let slot = packets.find(skb) {
      if packets.slots[slot].state == .delivered, isForwarded(slot, context, length, device) {
        forwarded = packets.slots[slot].journey.id
        // Or freed without a word, and the address taken for a packet to send.
        if device == packets.slots[slot].journey.device { packets.slots[slot].isDoubtful = true }
        end(slot, .forwarded)
      } else {
        endPreviousLife(of: skb, e)
      }
    }
    endSplit(e)
    let slot = birthOfSent(e, skb, length, device)
    sent.slots[slot].journey.stages[.queue] = StageMark(e, .netDevQueue, .exact)
    guard forwarded == nil else { return sent.slots[slot].journey.follows = forwarded }
    attribute(e, slot, context)
  }

  /// Whether the received packet in `slot` is what is sent now, and not another one at its address: IP hands it on in its own context, and not
  /// to the device inside this machine that it came from.
  @inline(__always)
  private func isForwarded(_ slot: Int, _ context: Int?, _ length: UInt32, _ device: NameID) -> Bool {
    guard let context, contexts[context].pending.contains(packets.ref(slot)) else { return false }
    let journey = packets.slots[slot].journey
    if device != journey.device { return true }
    if let header = journey.header, header.protocolNumber == Event.IPProtocol.tcp, sockets.isOurs(header.flow) { return false }
    // The same packet has grown by the header of its link, with or without a VLAN tag.
    return !packets.slots[slot].isFromBacklog && [0, 14, 18].contains(length &- journey.length)
  }

  private mutating func birthOfSent(_ e: Event, _ skb: UInt64, _ length: UInt32, _ device: NameID) -> Int {
    if let old = sent.find(skb) { endSent(old, sent.slots[old].state == .over ? sent.slots[old].journey.outcome : .unknown, isOver: true) }
    if sent.count >= Self.sendingLimit { makeRoomForSent() }
    // A segment whose end was not seen had this address.
    if segments.count > 0 { segments.removeValue(forKey: skb) }
    let slot = sent.insert(skb)
    sent.slots[slot].journey.direction = .tx
    sent.slots[slot].journey.id = nextID
    sent.slots[slot].journey.device = device
    sent.slots[slot].journey.length = min(length, Self.longestPacket)
    if e.time <= blindUntil { sent.slots[slot].journey.completeness = .lost }
    nextID += 1
    statistics.sent += 1
    return slot
  }

  /// Packets on their way out that are remembered at once.
  private static let sendingLimit = 262_144

  private mutating func makeRoomForSent() {
    guard
      let oldest = sent.slots.indices.filter({ !sent.isFree($0) }).min(by: {
        sent.slots[$0].journey.id < sent.slots[$1].journey.id
      })
    else { return }
    statistics.evicted += 1
    sent.slots[oldest].journey.completeness = .ambiguous
    endSent(oldest, .unknown, isOver: true)
  }

  /// Whose packet it is: an answer to the one that is being processed, part of a handshake, or what the current task sends.
  private mutating func attribute(_ e: Event, _ slot: Int, _ context: Int?) {
    if let context, let cause = cause(context, e, sent.slots[slot].journey.length) {
      contexts[context].hasAnswered = true
      sent.slots[slot].journey.follows = packets.slots[cause].journey.id
      sent.slots[slot].journey.protocolNumber = packets.slots[cause].journey.protocolNumber
      sent.slots[slot].journey.socket = packets.slots[cause].journey.socket
      sent.slots[slot].journey.flow = packets.slots[cause].journey.flow
      if let task = tasks.known(e.pid) { tasks.tasks[task].answersHandshake = false }
      return
    }
    guard e.context == .process, e.pid != 0 else { return }
    let task = tasks.find(e.pid)
    if let changed = tasks.tasks[task].changed {
      // connect(), close() or shutdown(): the SYN or FIN behind the change of state.
      tasks.tasks[task].changed = nil
      sent.slots[slot].journey.sender = Journey.Task(pid: e.pid, comm: tasks.tasks[task].comm)
      name(slot, changed.socket, Event.IPProtocol.tcp)
      sent.slots[slot].journey.flow = changed.flow
      return
    }
    // The ACK that ends a handshake, from a task that found the SYN-ACK in its backlog.
    let isAnswer = tasks.tasks[task].answersHandshake && Self.emptySegments.contains(sent.slots[slot].journey.length)
    tasks.tasks[task].answersHandshake = false
    if isAnswer { return }
    guard hasSendLength else {
      sent.slots[slot].journey.sender = Journey.Task(pid: e.pid, comm: tasks.tasks[task].comm)
      return
    }
    if tasks.tasks[task].sent.count >= Self.packetsOfCall { release(tasks.tasks[task].sent.removeFirst()) }
    sent.slots[slot].isInCall = true
    tasks.tasks[task].sent.append(sent.ref(slot))
  }

  /// Frames of segments without data: IPv4 and IPv6, without and with time stamps.
  private static let emptySegments: Set<UInt32> = [54, 66, 74, 86]

  /// Packets of one send call that wait for its end.
  private static let packetsOfCall = 1024

  /// The received packet whose processing sends this one: the one in hand, or the only one that waits, whose protocol has no event (a SYN).
  private mutating func cause(_ context: Int, _ e: Event, _ length: UInt32) -> Int? {
    if let current = packets.slot(contexts[context].current) {
      // A task that works off its backlog goes on to send data; only the ACK is the packet's, and it sends one.
      return e.flags.contains(.softirq) || (length <= Self.longestACK && !contexts[context].hasAnswered) ? current : nil
    }
    guard e.flags.contains(.softirq), contexts[context].pending.count == 1 else { return nil }
    return nextPending(context)
  }

  /// Ethernet, IPv6 and TCP headers with 40 bytes of options.
  private static let longestACK: UInt32 = 14 + 40 + 20 + 40

  private mutating func name(_ slot: Int, _ socket: UInt64, _ proto: UInt16) {
    // Not IP, by its own header: a question for the address of a neighbour, in the time of a call that sends something else.
    if sent.slots[slot].journey.header?.protocolNumber == 0 { return }
    sent.slots[slot].journey.socket = socket
    sent.slots[slot].journey.protocolNumber = proto
    if sent.slots[slot].journey.header == nil, let index = sockets.known(socket) { sent.slots[slot].journey.flow = sockets.sockets[index].flow }
  }

  /// net_dev_start_xmit: the driver is called, with the packet or with a segment of the one that was just split.
  mutating func startTransmit(_ e: Event, _ skb: UInt64, _ length: UInt32, _ device: NameID) {
    let context = context(of: e)
    let slot: Int
    if let known = sent.find(skb), sent.slots[known].state == .queued || sent.slots[known].state == .started {
      slot = known
      // A device below a bridge starts inside the start of the device above.
      if sent.slots[slot].state == .started, isTransmitting(context, slot) { return }
      sent.slots[slot].state = .started
      sent.slots[slot].journey.length = min(length, Self.longestPacket)
      sent.slots[slot].journey.stages[.start] = StageMark(e, .netDevStartXmit, .exact)
    } else if let parent = splitting(e, device) {
      slot = parent
      if segments.count >= Self.sendingLimit { segments.removeAll() }
      segments[skb] = sent.ref(slot)
      if sent.slots[slot].journey.stages.has(.start) {
        sent.slots[slot].journey.frames += 1
      } else {
        sent.slots[slot].journey.stages[.start] = StageMark(e, .netDevStartXmit, .ordered)
      }
      sent.slots[slot].openSegments += 1
    } else {
      // Past the queue: AF_PACKET with PACKET_QDISC_BYPASS, pktgen, XDP; or it was queued before the recording began.
      slot = birthOfSent(e, skb, length, device)
      sent.slots[slot].state = .started
      sent.slots[slot].journey.stages[.start] = StageMark(e, .netDevStartXmit, .exact)
      // Or that it was queued is among what was lost: a queue holds nothing for longer.
      if blindUntil > 0, e.time > blindUntil, e.time - blindUntil < 1_000_000_000 { sent.slots[slot].journey.completeness = .ambiguous }
    }
    cpus[Int(max(e.cpu, 0))].sentHeader.skb = 0
    if let context { contexts[context].transmitting = sent.ref(slot) }
  }

  @inline(__always)
  private func isTransmitting(_ context: Int?, _ slot: Int) -> Bool {
    guard let context else { return false }
    return contexts[context].transmitting == sent.ref(slot)
  }

  /// The packet this CPU has just split, if its segments go to `device`.
  @inline(__always)
  private func splitting(_ e: Event, _ device: NameID) -> Int? {
    guard let slot = sent.slot(cpus[Int(max(e.cpu, 0))].splitting), sent.slots[slot].journey.device == device else { return nil }
    return slot
  }

  /// net_dev_xmit: the driver has taken the packet (rc 0); 0x10 means busy, and the packet comes again.
  mutating func transmitted(_ e: Event, _ skb: UInt64, _ rc: Int32) {
    guard let context = context(of: e) else { return }
    contexts[context].inBacklog = .none
    // Its address may already be another packet's, so the one whose driver function ran here counts.
    guard let slot = sent.slot(contexts[context].transmitting) ?? sent.find(skb) else { return }
    contexts[context].transmitting = .none
    guard rc == 0 else {
      if sent.slots[slot].state == .started { sent.slots[slot].state = .queued }
      sent.slots[slot].journey.conditions.insert(.driverBusy)
      return
    }
    let link: Link = sent.slots[slot].state == .split ? .ordered : .exact
    sent.slots[slot].journey.stages[.xmit] = StageMark(e, .netDevXmit, link)
    guard sent.slots[slot].state == .started else { return }
    sent.slots[slot].state = .taken
    if sent.slots[slot].journey.stages.has(.complete) { endSent(slot, .completed) }
  }

  /// A packet on its way out is freed well; false if `skb` is none.
  mutating func completeSending(_ e: Event, _ skb: UInt64, _ evidence: Evidence) -> Bool {
    if let parent = segments.removeValue(forKey: skb) {
      guard let slot = sent.slot(parent) else { return true }
      sent.slots[slot].openSegments -= 1
      sent.slots[slot].journey.stages[.complete] = StageMark(e, evidence, .ordered)
      endIfAllSegmentsAre(slot)
      return true
    }
    guard let slot = sent.find(skb) else { return false }
    switch sent.slots[slot].state {
    case .queued where evidence == .consumeSkb:
      // Its segments follow on this CPU.
      endSplit(e)
      sent.slots[slot].state = .split
      sent.forget(skb)
      cpus[Int(max(e.cpu, 0))].splitting = sent.ref(slot)
    case .started:
      // The completion is written before the driver's function has returned, by another CPU or by the loopback device.
      sent.slots[slot].journey.stages[.complete] = StageMark(e, evidence, .exact)
      sent.forget(skb)
    case .taken, .queued:
      sent.slots[slot].journey.stages[.complete] = StageMark(e, evidence, .exact)
      endSent(slot, .completed)
    case .split, .over, .free: sent.forget(skb)
    }
    return true
  }

  /// kfree_skb on the way out: a queue or the driver dropped it; some drivers complete with it, too. False if `skb` is no packet on its way out.
  mutating func freeSending(_ e: Event, _ skb: UInt64, _ location: UInt64, _ reason: Int32) -> Bool {
    if segments[skb] == nil, let slot = sent.find(skb) {
      let state = sent.slots[slot].state
      let context = context(of: e)
      if state == .queued || (state == .started && isTransmitting(context, slot)) {
        sent.slots[slot].journey.reason = reason
        sent.slots[slot].journey.location = location
        endSent(slot, .dropped)
        return true
      }
    }
    return completeSending(e, skb, .kfreeSkb)
  }

  /// The driver of a device in this machine hands the packet on: it is received now. Returns the journey's id, and whether the
  /// device itself receives it (loopback), or nil if it was none.
  mutating func handOver(_ e: Event, _ skb: UInt64, _ device: NameID, _ evidence: Evidence) -> (id: Int, isReturned: Bool)? {
    guard let slot = sent.find(skb) ?? segments[skb].flatMap({ sent.slot($0) }) else { return nil }
    // loopback and veth call netif_rx from their driver function; veth with GRO lets the peer's NAPI take it.
    let context = context(of: e)
    guard isTransmitting(context, slot) || sent.slots[slot].journey.device != device else { return nil }
    let (id, isReturned) = (sent.slots[slot].journey.id, sent.slots[slot].journey.device == device)
    _ = completeSending(e, skb, evidence)
    return (id, isReturned)
  }

  /// No more segments of the packet that was split on this CPU.
  mutating func endSplit(_ e: Event) { endSplit(on: Int(max(e.cpu, 0))) }

  private mutating func endSplit(on cpu: Int) {
    guard let slot = sent.slot(cpus[cpu].splitting) else { return }
    cpus[cpu].splitting = .none
    sent.slots[slot].isSplit = true
    endIfAllSegmentsAre(slot)
  }

  private mutating func endIfAllSegmentsAre(_ slot: Int) {
    guard sent.slots[slot].isSplit, sent.slots[slot].openSegments <= 0, sent.slots[slot].state == .split else { return }
    // The device was full, and the segments go out later, from another CPU maybe: nothing tells whose they are.
    if !sent.slots[slot].journey.stages.has(.start), sent.slots[slot].journey.completeness == .complete {
      sent.slots[slot].journey.completeness = .ambiguous
    }
    endSent(slot, sent.slots[slot].journey.stages.has(.complete) ? .completed : .unknown)
  }

  /// Ends the journey of `slot`; it is handed out at once, or when the send call that made it returns.
  mutating func endSent(_ slot: Int, _ outcome: Journey.Outcome, isOver: Bool = false) {
    sent.slots[slot].journey.outcome = outcome
    if sent.slots[slot].isInCall, !isOver {
      sent.slots[slot].state = .over
      sent.forgetAddress(of: slot)
      return
    }
    statistics.countSent(sent.slots[slot].journey)
    finished.append(sent.slots[slot].journey)
    sent.remove(slot)
  }

  /// sock_send_length: the call that made these packets returns.
  mutating func sendReturned(_ e: Event, _ socket: UInt64, _ proto: UInt16, _ result: Int32) {
    guard e.context == .process, let task = tasks.known(e.pid) else { return }
    let sender = Journey.Task(pid: e.pid, comm: tasks.tasks[task].comm)
    for ref in tasks.tasks[task].sent {
      guard result >= 0, let slot = sent.slot(ref) else { continue }
      sent.slots[slot].journey.sender = sender
      sent.slots[slot].journey.stages[.send] = StageMark(e, .sockSendLength, .ordered)
      name(slot, socket, proto)
    }
    releaseSent(task)
  }

  /// What a task has sent is not part of a send call, or the call is over.
  mutating func releaseSent(_ task: Int) {
    guard !tasks.tasks[task].sent.isEmpty else { return }
    for ref in tasks.tasks[task].sent { release(ref) }
    tasks.tasks[task].sent.removeFew()
  }

  private mutating func release(_ ref: PacketRef) {
    guard let slot = sent.slot(ref) else { return }
    sent.slots[slot].isInCall = false
    if sent.slots[slot].state == .over { endSent(slot, sent.slots[slot].journey.outcome, isOver: true) }
  }

  /// Events were lost, among them perhaps the end of what is sent, of the calls that send it, or of the driver's functions.
  mutating func loseSending() {
    for slot in sent.slots.indices where !sent.isFree(slot) {
      sent.slots[slot].journey.completeness = .lost
      // That the driver's function returns may be lost.
      if sent.slots[slot].state == .started { sent.slots[slot].state = .taken }
    }
    for task in tasks.tasks.indices { releaseSent(task) }
    for context in contexts.indices { contexts[context].transmitting = .none }
    for cpu in cpus.indices {
      let slot = sent.slot(cpus[cpu].splitting)
      cpus[cpu].splitting = .none
      guard let slot else { continue }
      sent.slots[slot].isSplit = true
      endIfAllSegmentsAre(slot)
    }
  }

  /// The recording is over.
  mutating func finishSending() {
    for cpu in cpus.indices { endSplit(on: cpu) }
    for slot in sent.slots.indices where !sent.isFree(slot) {
      // Of what is over, the end of the call that sent it is missing.
      if sent.slots[slot].journey.completeness == .complete { sent.slots[slot].journey.completeness = .truncated }
      endSent(slot, sent.slots[slot].journey.outcome, isOver: true)
    }
  }
}
