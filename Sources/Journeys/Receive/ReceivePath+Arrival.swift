internal import BasicContainers
internal import DequeModule
internal import Events

/// A packet that a driver or the backlog hands over, and what is known of where it comes from.
struct ArrivingPacket {
  var arrival: Arrival
  /// What announced it, if it comes from a poll.
  var origin: PacketOrigin?
  /// The packet that a local device sent, if it is one.
  var sender: HandedOverPacket?
}

/// From the driver to protocol processing: GRO, the backlog, delivery.
extension ReceivePath {
  /// napi_gro_receive_entry, napi_gro_frags_entry. The batch before was flushed inside the last GRO call, so it is processed.
  mutating func groBegins(_ e: Event, _ arriving: ArrivingPacket, in context: Int, _ numbering: inout JourneyNumbering) {
    let slot = begin(e, arriving, in: context, &numbering)
    packets[slot].journey.stages[.gro] = StageMark(e, .napiGroReceiveEntry, .exact)
    contexts[context].inGRO = packets.ref(slot)
    contexts[context].isCounted = false
  }

  /// napi_gro_receive_exit and its like. `enum gro_result`: 0 merged, 1 merged and freed, 2 held, 3 normal, 4 consumed (dropped up to 5.10).
  mutating func groEnds(_ e: Event, result: Int32, in context: Int) {
    let entry = contexts[context].inGRO
    contexts[context].inGRO = .none
    endBatch(context, e.time)
    guard let slot = packets.slot(entry), packets[slot].state == .arrived else { return }
    let cpu = e.cpuIndex
    switch result {
    case 0, 1:
      let napi = packets[slot].napi
      // It is part of a held packet now and has no journey of its own.
      packets.drop(slot)
      if !contexts[context].isCounted { countMerged(cpu, napi: napi) }
    case 2:
      packets[slot].advance(to: .held)
      packets[slot].journey.conditions.insert(.held)
      if gro[cpu].held.count >= Self.heldLimit { gro[cpu].held.removeFirst() }
      gro[cpu].held.append(entry)
    case 4, 5:
      end(slot, .absorbed)
    default: break
    }
  }

  /// GRO holds at most 8 packets in each of 8 buckets of a NAPI instance.
  private static let heldLimit = 1024

  /// One more frame is part of a packet that GRO holds for `napi`.
  private mutating func countMerged(_ cpu: Int, napi: UInt32) {
    var heads = 0
    var last = 0
    for ref in gro[cpu].held {
      guard let head = packets.slot(ref), packets[head].state == .held, packets[head].napi == napi else { continue }
      heads += 1
      last = head
    }
    if heads == 1 {
      packets[last].journey.frames += 1
    } else {
      gro[cpu].mergedFrames += 1
    }
  }

  /// netif_rx_entry: the packet goes to the backlog of a CPU. `returned` is what it said of itself when it was sent by the same device.
  mutating func backlogBegins(
    _ e: Event, _ arriving: ArrivingPacket, in context: Int?, returned: PacketHeader?, _ numbering: inout JourneyNumbering,
    _ sockets: inout SocketTable
  ) {
    let slot = begin(e, arriving, in: context, &numbering)
    if let returned { identify(slot, returned, &sockets) }
    packets[slot].isFromBacklog = true
    packets[slot].journey.stages[.gro] = StageMark(e, .netifRxEntry, .exact)
    guard let context else { return }
    contexts[context].inBacklog = packets.ref(slot)
    contexts[context].mayWake = false
  }

  /// The softirq_raise or sched_waking of `mark` is for the packet that netif_rx just put into the backlog; false if there is none.
  mutating func markBacklogRaise(in context: Int, _ mark: StageMark) -> Bool {
    guard let slot = packets.slot(contexts[context].inBacklog) else { return false }
    packets[slot].journey.stages[.raise] = mark
    return true
  }

  /// Whether netif_receive_skb_entry is a second pass of a packet through a bridge, which changes nothing.
  func isSecondPass(_ arrival: Arrival) -> Bool { packets.find(arrival.skb).map { goesOn($0, arrival.device, length: arrival.length) } ?? false }

  /// netif_receive_skb_entry, of a driver without GRO, or netif_receive_skb_list_entry, where all packets of the list are announced before the
  /// first is delivered (`netif_receive_skb_list`).
  mutating func handoverBegins(
    _ e: Event, _ arriving: ArrivingPacket, in context: Int?, isAlone: Bool, _ numbering: inout JourneyNumbering
  ) {
    let slot = begin(e, arriving, in: context, &numbering)
    packets[slot].isFromBacklog = isAlone
  }

  private mutating func begin(
    _ e: Event, _ arriving: ArrivingPacket, in context: Int?, _ numbering: inout JourneyNumbering
  ) -> Int {
    let arrival = arriving.arrival
    let slot = begin(e, at: arrival.skb, device: arrival.device, length: arrival.length, in: context, &numbering)
    packets[slot].journey.follows = arriving.sender?.id
    guard let origin = arriving.origin else { return slot }
    packets[slot].napi = arrival.napi
    packets[slot].journey.setOrigin(origin)
    return slot
  }

  // MARK: delivery

  /// What netif_receive_skb does to the packet at an address.
  enum Delivery {
    /// It is delivered.
    case known(Int)
    /// It is on its way already, through a bridge.
    case again
    /// Nothing is known of it.
    case unknown
  }

  /// What the netif_receive_skb of `arrival` is in `context`.
  func delivery(of arrival: Arrival, in context: Int) -> Delivery {
    guard let slot = packets.find(arrival.skb) else { return .unknown }
    switch packets[slot].state {
    case .arrived, .held: return .known(slot)
    case .delivered, .processing: return isInHand(slot, context) && goesOn(slot, arrival.device, length: arrival.length) ? .again : .unknown
    default: return .unknown
    }
  }

  /// A packet that nothing has announced is delivered.
  mutating func deliverUnannounced(
    _ e: Event, _ arrival: Arrival, _ origin: PacketOrigin, in context: Int, _ numbering: inout JourneyNumbering
  ) -> PacketRef? {
    let slot = begin(e, ArrivingPacket(arrival: arrival, origin: origin), in: context, &numbering)
    return deliver(e, slot, length: arrival.length, in: context)
  }

  /// netif_receive_skb: the packet is delivered to the protocols, which process it now or, in a batch, after the others of the batch. Returns
  /// it where it came through the backlog and when that was served is not known.
  mutating func deliver(_ e: Event, _ slot: Int, length: UInt32, in context: Int) -> PacketRef? {
    if packets[slot].state == .held { takeFromGRO(slot, length: length, in: context) }
    // RPS moved it to the backlog of this CPU.
    if let gro = packets[slot].journey.stages[.gro], Int32(gro.cpu) != e.cpu { packets[slot].isFromBacklog = true }
    // The backlog hands over one packet at a time: the one before is done.
    if packets[slot].isFromBacklog || contexts[context].isSerial { endBatch(context, e.time) }
    // A receive behind the processing of another batch begins a new batch.
    if packets.slot(contexts[context].current) != nil { endRun(context, e.time) }
    packets[slot].advance(to: .delivered)
    packets[slot].journey.length = min(length, JourneyNumbering.longestPacket)
    if !packets[slot].journey.stages.has(.receive) { packets[slot].journey.stages[.receive] = StageMark(e, .netifReceiveSkb, .exact) }
    let isAnnounced = packets[slot].journey.stages.has(.softirq) || packets[slot].journey.stages.has(.irq)
    let ref = packets.ref(slot)
    contexts[context].pending.append(ref)
    return packets[slot].isFromBacklog && !isAnnounced ? ref : nil
  }

  /// A bridge hands on one packet at a time: the next to come finds this one done.
  mutating func noteSecondPass(in context: Int) { contexts[context].isSerial = true }

  /// NET_RX, or the thread in its place, began to take packets out of the backlog at `mark`; what is known of why it came late.
  mutating func markBacklogService(of packet: PacketRef, _ mark: StageMark, _ conditions: Conditions) {
    guard let slot = packets.slot(packet), mark.time > packets[slot].journey.stages[.gro]?.time ?? 0 else { return }
    packets[slot].journey.stages[.softirq] = mark
    packets[slot].journey.conditions.formUnion(conditions)
  }

  /// A held packet leaves GRO with what was merged into it. Its growth tells how many frames that were, for all but the last are of one
  /// size: also where several packets were held, and where the frame that is in GRO now is the last (PSH), whose verdict comes later.
  private mutating func takeFromGRO(_ slot: Int, length: UInt32, in context: Int) {
    let ref = packets.ref(slot)
    let cpu = Int(max(packets[slot].journey.stages[.gro]?.cpu ?? 0, 0))
    gro[cpu].held.removeAll { $0 == ref || packets.slot($0) == nil }
    let own = packets[slot].ownLength
    guard length > own else { return }
    let payload = max(Int(own) - 52, 1)
    let missing = (Int(length - own) + payload - 1) / payload + 1 - Int(packets[slot].journey.frames)
    guard missing > 0 else { return }
    let counted = min(missing, gro[cpu].mergedFrames)
    let isLast = missing > counted && packets.slot(contexts[context].inGRO).map { packets[$0].state == .arrived } ?? false
    packets[slot].journey.frames += UInt32(counted + (isLast ? 1 : 0))
    gro[cpu].mergedFrames = gro[cpu].held.isEmpty ? 0 : gro[cpu].mergedFrames - counted
    contexts[context].isCounted = isLast
  }
}

extension Journey {
  /// How the packet came to the stack.
  @inline(__always)
  fileprivate mutating func setOrigin(_ origin: PacketOrigin) {
    if origin.isCut, completeness == .complete { completeness = .truncated }
    conditions.formUnion(origin.conditions)
    stages[.posted] = origin.posted
    stages[.claimed] = origin.takenBack
    stages[.irq] = origin.irq
    stages[.raise] = origin.raise
    stages[.softirq] = origin.softirq
  }
}
