internal import BasicContainers
internal import Events

/// The way out: from the device's queue over the driver to the NIC's completion. A packet that the device cannot split is replaced by segments
/// of its own (GSO), which are counted and have no journeys.
struct TransmitTracker: ~Copyable {
  /// Packets on their way out.
  private var packets = PacketTable<SentPacket>()
  /// The packets that segments are part of, by the segment's address.
  private var segmentParents = AddressTable<PacketRef>()
  private var cpus = UniqueArray<SendingCPU>()
  /// The packet whose driver function runs, by context.
  private var transmitting = UniqueArray<PacketRef>()

  /// Packets on their way out that are remembered at once.
  private static let limit = 262_144

  /// There is one more CPU.
  mutating func addCPU() { cpus.append(SendingCPU()) }

  // MARK: journeys

  /// How many packets are on their way out.
  var count: Int { packets.count }

  /// The least id of a packet on its way out, or nil.
  var oldestID: Int? { packets.oldest.map { packets[$0].journey.id } }

  /// Whether journeys wait to be taken out.
  @inline(__always) var hasEnded: Bool { packets.hasEnded }

  /// Hands out the journeys that have ended, in the order in which they did.
  mutating func moveEnded(to finished: inout [Journey], _ statistics: inout PathStatistics) {
    packets.removeEnded { packet in
      statistics.countSent(packet.journey)
      finished.append(packet.journey)
    }
  }

  /// Ends the journey of `slot`; it is handed out at once, or when the send call that made it returns.
  private mutating func end(_ slot: Int, _ outcome: Journey.Outcome, isCallOver: Bool = false) {
    packets[slot].journey.outcome = outcome
    if packets[slot].isInCall, !isCallOver {
      packets[slot].advance(to: .over)
      return packets.forgetAddress(of: slot)
    }
    packets.end(slot)
  }

  // MARK: the device's queue

  /// Whether the driver's function that runs in `context` is at this packet: a bridge, a VLAN or a bond hands it to the device below.
  mutating func passesDown(_ frame: SentFrame, in context: Int?) -> Bool {
    guard let slot = packets.find(frame.skb), packets[slot].state == .started, isTransmitting(context, slot) else { return false }
    packets[slot].journey.device = frame.device
    return true
  }

  /// net_dev_queue: a new packet to send.
  mutating func queued(_ e: Event, _ frame: SentFrame, _ numbering: inout JourneyNumbering) -> PacketRef {
    endSplit(onCPU: e.cpuIndex)
    let slot = begin(e, frame, &numbering)
    packets[slot].journey.stages[.queue] = StageMark(e, .netDevQueue, .exact)
    return packets.ref(slot)
  }

  private mutating func begin(_ e: Event, _ frame: SentFrame, _ numbering: inout JourneyNumbering) -> Int {
    if let old = packets.find(frame.skb) { end(old, packets[old].state == .over ? packets[old].journey.outcome : .unknown, isCallOver: true) }
    if packets.count >= Self.limit, let oldest = packets.oldest {
      numbering.noteEviction()
      packets[oldest].journey.completeness = .ambiguous
      end(oldest, .unknown, isCallOver: true)
    }
    // A segment whose end was not seen had this address.
    if segmentParents.count > 0 { segmentParents.removeValue(forKey: frame.skb) }
    let slot = packets.insert(frame.skb)
    numbering.begin(&packets[slot].journey, .tx, device: frame.device, length: frame.length, at: e.time)
    return slot
  }

  // MARK: whose packet it is

  /// `packet` follows from the received packet `cause`: it answers it.
  mutating func setCause(of packet: PacketRef, _ cause: PacketCause) {
    if let slot = packets.slot(packet) { packets[slot].setCause(cause) }
  }

  /// `packet` is the received packet `id`, forwarded.
  mutating func setForwarded(_ packet: PacketRef, id: Int) { if let slot = packets.slot(packet) { packets[slot].journey.follows = id } }

  /// `task` has sent `packet`.
  mutating func setSender(of packet: PacketRef, _ task: Journey.Task) { if let slot = packets.slot(packet) { packets[slot].journey.sender = task } }

  /// The send call on a socket that made `packet` returns with `mark`, or the socket's state was changed by a call (nil) before it was sent.
  mutating func setSocket(of packet: PacketRef, _ sender: SendingSocket, _ mark: StageMark?) {
    if let slot = packets.slot(packet) { packets[slot].setSocket(sender, mark) }
  }

  /// The send call that made `packet` may still be running.
  mutating func noteCall(of packet: PacketRef) { if let slot = packets.slot(packet) { packets[slot].isInCall = true } }

  /// It is over, or its end will not be seen.
  mutating func callEnds(of packet: PacketRef) {
    guard let slot = packets.slot(packet) else { return }
    packets[slot].isInCall = false
    if packets[slot].state == .over { end(slot, packets[slot].journey.outcome, isCallOver: true) }
  }

  /// The probe on net_dev_start_xmit: the packet that the driver is called with, or the one whose first segment this is. What is not IP, such as
  /// a question for a neighbour's address, is not what its sender's socket sent.
  mutating func identify(_ e: Event, _ header: PacketHeader) {
    cpus[e.cpuIndex].header = header
    guard let slot = packetOrParent(header.skb), packets[slot].journey.header == nil else { return }
    packets[slot].identify(header)
  }

  /// What the packet at `skb` said of itself when this CPU called the driver with it last.
  func header(of skb: UInt64, onCPU cpu: Int) -> PacketHeader? {
    let header = cpus[cpu].header
    return header.skb == skb && header.protocolNumber != 0 ? header : nil
  }

  private func packetOrParent(_ skb: UInt64) -> Int? { packets.find(skb) ?? segmentParents[skb].flatMap { packets.slot($0) } }

  // MARK: the driver

  /// net_dev_start_xmit: the driver is called, with the packet or with a segment of the one that was just split.
  mutating func started(_ e: Event, _ frame: SentFrame, in context: Int?, _ numbering: inout JourneyNumbering) {
    let slot: Int
    if let known = packets.find(frame.skb), packets[known].state == .queued || packets[known].state == .started {
      slot = known
      // A device below a bridge starts inside the start of the device above.
      if packets[slot].state == .started, isTransmitting(context, slot) { return }
      packets[slot].advance(to: .started)
      packets[slot].journey.length = min(frame.length, JourneyNumbering.longestPacket)
      packets[slot].journey.stages[.start] = StageMark(e, .netDevStartXmit, .exact)
    } else if let parent = packets.slot(cpus[e.cpuIndex].splitting), packets[parent].journey.device == frame.device {
      slot = parent
      startSegment(e, frame.skb, of: parent)
    } else {
      // Past the queue: AF_PACKET with PACKET_QDISC_BYPASS, pktgen, XDP; or it was queued before the recording began.
      slot = begin(e, frame, &numbering)
      packets[slot].advance(to: .started)
      packets[slot].journey.stages[.start] = StageMark(e, .netDevStartXmit, .exact)
      // Or that it was queued is among what was lost.
      if numbering.hasJustLost(at: e.time) { packets[slot].journey.completeness = .ambiguous }
    }
    cpus[e.cpuIndex].header.skb = 0
    guard let context else { return }
    while transmitting.count <= context { transmitting.append(.none) }
    transmitting[context] = packets.ref(slot)
  }

  private mutating func startSegment(_ e: Event, _ skb: UInt64, of slot: Int) {
    if segmentParents.count >= Self.limit { segmentParents.removeAll() }
    segmentParents[skb] = packets.ref(slot)
    if packets[slot].journey.stages.has(.start) {
      packets[slot].journey.frames += 1
    } else {
      packets[slot].journey.stages[.start] = StageMark(e, .netDevStartXmit, .ordered)
    }
    packets[slot].openSegments += 1
  }

  /// net_dev_xmit: the driver has taken the packet (rc 0); 0x10 means busy, and the packet comes again.
  mutating func driverReturns(_ e: Event, _ skb: UInt64, rc: Int32, in context: Int) {
    let current = context < transmitting.count ? transmitting[context] : .none
    // Its address may already be another packet's, so the one whose driver function ran here counts.
    guard let slot = packets.slot(current) ?? packets.find(skb) else { return }
    if current != .none { transmitting[context] = .none }
    guard rc == 0 else {
      if packets[slot].state == .started { packets[slot].advance(to: .queued) }
      packets[slot].journey.conditions.insert(.driverBusy)
      return
    }
    let link: Link = packets[slot].state == .split ? .ordered : .exact
    packets[slot].journey.stages[.xmit] = StageMark(e, .netDevXmit, link)
    guard packets[slot].state == .started else { return }
    packets[slot].advance(to: .taken)
    if packets[slot].journey.stages.has(.complete) { end(slot, .completed) }
  }

  @inline(__always)
  private func isTransmitting(_ context: Int?, _ slot: Int) -> Bool {
    guard let context, context < transmitting.count else { return false }
    return transmitting[context] == packets.ref(slot)
  }

  // MARK: completion

  /// A packet at `skb` is freed well, as `evidence` tells; false if none on its way out is there.
  mutating func completed(_ e: Event, _ skb: UInt64, _ evidence: Evidence) -> Bool {
    if let parent = segmentParents.removeValue(forKey: skb) {
      guard let slot = packets.slot(parent) else { return true }
      packets[slot].openSegments -= 1
      packets[slot].journey.stages[.complete] = StageMark(e, evidence, .ordered)
      endIfSegmentsAre(slot)
      return true
    }
    guard let slot = packets.find(skb) else { return false }
    switch packets[slot].state {
    case .queued where evidence == .consumeSkb:
      // Its segments follow on this CPU.
      endSplit(onCPU: e.cpuIndex)
      packets[slot].advance(to: .split)
      packets.forget(skb)
      cpus[e.cpuIndex].splitting = packets.ref(slot)
    case .started:
      // The completion is written before the driver's function has returned, by another CPU or by the loopback device.
      packets[slot].journey.stages[.complete] = StageMark(e, evidence, .exact)
      packets.forget(skb)
    case .taken, .queued:
      packets[slot].journey.stages[.complete] = StageMark(e, evidence, .exact)
      end(slot, .completed)
    case .split, .over, .free: packets.forget(skb)
    }
    return true
  }

  /// kfree_skb on the way out: a queue or the driver dropped the packet; some drivers complete with it, too. False if `skb` is none.
  mutating func dropped(_ e: Event, _ skb: UInt64, location: UInt64, reason: Int32, in context: Int?) -> Bool {
    if segmentParents[skb] == nil, let slot = packets.find(skb) {
      let state = packets[slot].state
      if state == .queued || (state == .started && isTransmitting(context, slot)) {
        packets[slot].journey.reason = reason
        packets[slot].journey.location = location
        end(slot, .dropped)
        return true
      }
    }
    return completed(e, skb, .kfreeSkb)
  }

  /// The packet at `skb` is received by `device` now; nil if it was not on its way out. loopback and veth call netif_rx from their driver
  /// function; veth with GRO lets the peer's NAPI take it.
  mutating func handedOver(_ e: Event, _ skb: UInt64, to device: NameID, in context: Int?, _ evidence: Evidence) -> HandedOverPacket? {
    guard let slot = packetOrParent(skb) else { return nil }
    let own = packets[slot].journey.device
    guard isTransmitting(context, slot) || own != device else { return nil }
    let sender = HandedOverPacket(id: packets[slot].journey.id, isReturned: own == device)
    _ = completed(e, skb, evidence)
    return sender
  }

  /// No more segments come of the packet that was split on `cpu`.
  mutating func endSplit(onCPU cpu: Int) {
    guard let slot = packets.slot(cpus[cpu].splitting) else { return }
    cpus[cpu].splitting = .none
    packets[slot].isSplit = true
    endIfSegmentsAre(slot)
  }

  private mutating func endIfSegmentsAre(_ slot: Int) {
    guard packets[slot].isSplit, packets[slot].openSegments <= 0, packets[slot].state == .split else { return }
    // The device was full, and the segments go out later, from another CPU maybe: nothing tells whose they are.
    if !packets[slot].journey.stages.has(.start), packets[slot].journey.completeness == .complete {
      packets[slot].journey.completeness = .ambiguous
    }
    end(slot, packets[slot].journey.stages.has(.complete) ? .completed : .unknown)
  }

  // MARK: losses

  /// Events were lost, among them perhaps the end of what is sent, or of the driver's functions.
  mutating func loseEvents() {
    var next = packets.oldest
    while let slot = next {
      packets[slot].journey.completeness = .lost
      // That the driver's function returns may be lost.
      if packets[slot].state == .started { packets[slot].advance(to: .taken) }
      next = packets.next(behind: slot)
    }
    for context in transmitting.indices { transmitting[context] = .none }
  }

  /// No segments come any more of what was split: the recording is over, or its end may be lost.
  mutating func endSplits() { for cpu in cpus.indices { endSplit(onCPU: cpu) } }

  /// Events of `cpu` are missing.
  mutating func forget(onCPU cpu: Int) { cpus[cpu] = SendingCPU() }

  /// Nothing that is under way can be followed.
  mutating func forgetAll() {
    segmentParents.removeAll()
    for cpu in cpus.indices { cpus[cpu] = SendingCPU() }
    for context in transmitting.indices { transmitting[context] = .none }
  }

  /// Ends every journey that is still under way: the recording is over.
  mutating func finish() {
    endSplits()
    while let slot = packets.oldest {
      // Of what is over, the end of the call that sent it is missing.
      if packets[slot].journey.completeness == .complete { packets[slot].journey.completeness = .truncated }
      end(slot, packets[slot].journey.outcome, isCallOver: true)
    }
  }
}
