internal import BasicContainers
internal import DequeModule
internal import Events

/// From the driver to protocol processing: GRO, the backlog, delivery.
extension JourneyEngine {
  mutating func groEntry(_ e: Event, _ arrival: Arrival) {
    guard let context = context(of: e) else { return }
    // The batch before was flushed inside the last GRO call, so it is processed.
    endBatch(context, e.time)
    let sender = handOver(e, arrival.skb, arrival.device, .napiGroReceiveEntry)
    let slot = birth(e, arrival.skb, arrival.device, arrival.length)
    packets.slots[slot].state = .arrived
    packets.slots[slot].napi = arrival.napi
    packets.slots[slot].journey.follows = sender?.id
    packets.slots[slot].journey.stages[.gro] = StageMark(e, .napiGroReceiveEntry, .exact)
    markAnnouncement(e, slot, arrival.napi)
    markBuffer(context, slot)
    contexts[context].inGRO = packets.ref(slot)
    contexts[context].isCounted = false
  }

  /// `enum gro_result`: 0 merged, 1 merged and freed, 2 held, 3 normal, 4 consumed (dropped up to 5.10).
  mutating func groExit(_ e: Event, _ result: Int32) {
    guard let context = context(of: e) else { return }
    let entry = contexts[context].inGRO
    contexts[context].inGRO = .none
    endBatch(context, e.time)
    guard let slot = packets.slot(entry), packets.slots[slot].state == .arrived else { return }
    let cpu = Int(max(e.cpu, 0))
    switch result {
    case 0, 1:
      if contexts[context].isCounted { packets.remove(slot) } else { merge(cpu, slot) }
    case 2:
      packets.slots[slot].state = .held
      packets.slots[slot].journey.conditions.insert(.held)
      if cpus[cpu].held.count >= Self.heldLimit { cpus[cpu].held.removeFirst() }
      cpus[cpu].held.append(entry)
    case 4, 5:
      end(slot, .absorbed)
    default: break
    }
  }

  /// GRO holds at most 8 packets in each of 8 buckets of a NAPI instance.
  private static let heldLimit = 1024

  /// The frame in `slot` is part of a held packet now and has no journey of its own.
  private mutating func merge(_ cpu: Int, _ slot: Int) {
    let napi = packets.slots[slot].napi
    packets.remove(slot)
    var heads = 0
    var last = 0
    for ref in cpus[cpu].held {
      guard let head = packets.slot(ref), packets.slots[head].state == .held, packets.slots[head].napi == napi else { continue }
      heads += 1
      last = head
    }
    if heads == 1 {
      packets.slots[last].journey.frames += 1
    } else {
      cpus[cpu].mergedFrames += 1
    }
  }

  mutating func backlogEntry(_ e: Event, _ arrival: Arrival) {
    let sender = handOver(e, arrival.skb, arrival.device, .netifRxEntry)
    let slot = birth(e, arrival.skb, arrival.device, arrival.length)
    packets.slots[slot].state = .arrived
    packets.slots[slot].journey.follows = sender?.id
    if sender?.isReturned == true { identifyReturned(e, slot, arrival.skb) }
    packets.slots[slot].isFromBacklog = true
    packets.slots[slot].journey.stages[.gro] = StageMark(e, .netifRxEntry, .exact)
    guard let context = context(of: e) else { return }
    contexts[context].inBacklog = packets.ref(slot)
    contexts[context].mayWake = false
  }

  /// netif_receive_skb_entry: a driver without GRO, or a second pass through a bridge, which changes nothing.
  mutating func receiveEntry(_ e: Event, _ arrival: Arrival) {
    if let slot = packets.find(arrival.skb), packets.slots[slot].state == .delivered || packets.slots[slot].state == .processing { return }
    let slot = birth(e, arrival.skb, arrival.device, arrival.length)
    packets.slots[slot].state = .arrived
    packets.slots[slot].napi = arrival.napi
    packets.slots[slot].isFromBacklog = true
    markAnnouncement(e, slot, arrival.napi)
    if let context = context(of: e) { markBuffer(context, slot) }
  }

  /// netif_receive_skb_list_entry: all packets of the list are announced before the first is delivered (`netif_receive_skb_list`).
  mutating func receiveListEntry(_ e: Event, _ arrival: Arrival) {
    guard let context = context(of: e) else { return }
    endBatch(context, e.time)
    let slot = birth(e, arrival.skb, arrival.device, arrival.length)
    packets.slots[slot].state = .arrived
    packets.slots[slot].napi = arrival.napi
    markAnnouncement(e, slot, arrival.napi)
    markBuffer(context, slot)
  }

  /// netif_receive_skb: the packet is delivered to the protocols, which process it now or, in a batch, after the others of the batch.
  mutating func receive(_ e: Event, _ skb: UInt64, _ length: UInt32, _ device: NameID) {
    guard let context = context(of: e) else { return }
    contexts[context].mayWake = false
    if let slot = packets.find(skb) {
      switch packets.slots[slot].state {
      case .arrived, .held: return deliver(e, context, slot, length)
      case .delivered, .processing:
        // A bridge hands on one packet at a time: the next to come finds this one done.
        if isInHand(context, slot) { return contexts[context].isSerial = true }
      default: break
      }
    }
    let slot = birth(e, skb, device, length)
    packets.slots[slot].state = .arrived
    markAnnouncement(e, slot, 0)
    deliver(e, context, slot, length)
  }

  /// Whether `slot` is being processed in `context`, so that a second netif_receive_skb is a second pass of the same packet.
  @inline(__always)
  func isInHand(_ context: Int, _ slot: Int) -> Bool {
    let ref = packets.ref(slot)
    return contexts[context].current == ref || contexts[context].pending.contains(ref)
  }

  private mutating func deliver(_ e: Event, _ context: Int, _ slot: Int, _ length: UInt32) {
    if packets.slots[slot].state == .held { takeFromGRO(context, slot, length) }
    // RPS moved it to the backlog of this CPU.
    if let gro = packets.slots[slot].journey.stages[.gro], Int32(gro.cpu) != e.cpu { packets.slots[slot].isFromBacklog = true }
    // The backlog hands over one packet at a time: the one before is done.
    if packets.slots[slot].isFromBacklog || contexts[context].isSerial { endBatch(context, e.time) }
    // A receive behind the processing of another batch begins a new batch.
    if packets.slot(contexts[context].current) != nil { endRun(context, e.time) }
    packets.slots[slot].state = .delivered
    packets.slots[slot].journey.length = min(length, Self.longestPacket)
    packets.slots[slot].journey.stages[.receive] = StageMark(e, .netifReceiveSkb, .exact)
    let isAnnounced = packets.slots[slot].journey.stages.has(.softirq) || packets.slots[slot].journey.stages.has(.irq)
    if packets.slots[slot].isFromBacklog, !isAnnounced, let softirq = backlogBegin(e),
      softirq.time > packets.slots[slot].journey.stages[.gro]?.time ?? 0
    {
      packets.slots[slot].journey.stages[.softirq] = softirq
      packets.slots[slot].journey.conditions.formUnion(cpus[Int(softirq.cpu)].conditions)
    }
    contexts[context].pending.append(packets.ref(slot))
  }

  /// A held packet leaves GRO with what was merged into it. Its growth tells how many frames that were, for all but the last are of one
  /// size: also where several packets were held, and where the frame that is in GRO now is the last (PSH), whose verdict comes later.
  private mutating func takeFromGRO(_ context: Int, _ slot: Int, _ length: UInt32) {
    let ref = packets.ref(slot)
    let cpu = Int(max(packets.slots[slot].journey.stages[.gro]?.cpu ?? 0, 0))
    cpus[cpu].held.removeAll { $0 == ref || packets.slot($0) == nil }
    let own = packets.slots[slot].ownLength
    guard length > own else { return }
    let payload = max(Int(own) - 52, 1)
    let missing = (Int(length - own) + payload - 1) / payload + 1 - Int(packets.slots[slot].journey.frames)
    guard missing > 0 else { return }
    let counted = min(missing, cpus[cpu].mergedFrames)
    let isLast = missing > counted && packets.slot(contexts[context].inGRO).map { packets.slots[$0].state == .arrived } ?? false
    packets.slots[slot].journey.frames += UInt32(counted + (isLast ? 1 : 0))
    cpus[cpu].mergedFrames = cpus[cpu].held.isEmpty ? 0 : cpus[cpu].mergedFrames - counted
    contexts[context].isCounted = isLast
  }
}
