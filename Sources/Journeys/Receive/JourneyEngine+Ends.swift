internal import BasicContainers
internal import DequeModule
internal import Events

/// How packets end: consumed, dropped, forwarded, silently, or in a loss of events.
extension JourneyEngine {
  /// Everything delivered in `context` so far is processed.
  @inline(__always)
  mutating func endBatch(_ context: Int, _ time: UInt64) {
    if !contexts[context].isAtRest { putAtRest(context, time) }
  }

  @inline(never)
  private mutating func putAtRest(_ context: Int, _ time: UInt64) {
    if !contexts[context].byOrder.isEmpty { doubtOrder(context, passing: contexts[context].pending.count) }
    settleCurrent(context)
    contexts[context].mayWake = false
    contexts[context].isSerial = false
    while let ref = contexts[context].pending.popFirst() {
      park(ref, time)
      if let slot = packets.slot(ref), packets.slots[slot].isTaken, packets.slots[slot].journey.reader != nil { end(slot, .delivered) }
    }
    if !contexts[context].byOrder.isEmpty { contexts[context].byOrder.removeFew() }
    contexts[context].strangersSocket = 0
  }

  /// The same where another packet is delivered: the last of those before may be of a protocol of its own, which ends the run
  /// (`__netif_receive_skb_list_core`) and is no sign of a silent one.
  mutating func endRun(_ context: Int, _ time: UInt64) {
    doubtOrder(context, passing: contexts[context].pending.count - 1)
    contexts[context].byOrder.removeFew()
    endBatch(context, time)
  }

  /// The packet `context` was at is done.
  mutating func settleCurrent(_ context: Int) {
    let ref = contexts[context].current
    if ref != .none { contexts[context].current = .none }
    if !contexts[context].mates.isEmpty {
      for mate in contexts[context].mates { if let slot = packets.slot(mate) { settle(slot) } }
      contexts[context].mates.removeFew()
    }
    if let slot = packets.slot(ref) { settle(slot) }
  }

  /// A processed packet is in its socket's queue if it has data, and else the stack has consumed it.
  mutating func settle(_ slot: Int) {
    guard packets.slots[slot].state == .processing else { return }
    if packets.slots[slot].dataLength > 0 {
      packets.slots[slot].state = .queued
      return
    }
    packets.forgetAddress(of: slot)
    let isWaiting = (0..<packets.slots[slot].wakerCount).contains { packets.slots[slot].wakers[$0].running == nil }
    if isWaiting {
      packets.slots[slot].state = .lingering
    } else {
      end(slot, .absorbed)
    }
  }

  /// A packet's batch is processed and nothing showed what became of it.
  mutating func park(_ ref: PacketRef, _ time: UInt64) {
    guard let slot = packets.slot(ref), packets.slots[slot].state == .delivered else { return }
    packets.slots[slot].state = .parked
    parked.append((ref, time))
  }

  /// Ends parked packets that nothing claimed within a second: a task that holds a socket's lock works off its backlog sooner.
  mutating func expireParked(_ now: UInt64) {
    while let oldest = parked.first {
      if let slot = packets.slot(oldest.ref), packets.slots[slot].state == .parked || packets.slots[slot].state == .consumed {
        guard now > oldest.time, now - oldest.time > 1_000_000_000 || parked.count > 65_536 else { return }
        end(slot, packets.slots[slot].state == .consumed ? .absorbed : .unknown)
      }
      parked.removeFirst()
    }
  }

  /// kfree_skb: a drop, unless the packet had done its work.
  mutating func free(_ e: Event, _ skb: UInt64, _ location: UInt64, _ reason: Int32) {
    if freeSending(e, skb, location, reason) { return }
    guard let slot = packets.find(skb) else { return }
    switch packets.slots[slot].state {
    case .lingering, .free: return packets.forget(skb)
    case .processing where packets.slots[slot].journey.stages.has(.ready) && !isTCP(slot):
      // A raw socket got a clone; ping_rcv then finds no socket of its own for the original.
      return packets.forget(skb)
    case .parked where !hasDataReady && packets.slots[slot].wakerCount > 0:
      return packets.forget(skb)
    case .processing where packets.slots[slot].changedState && packets.slots[slot].dataLength == 0:
      // The last FIN goes with its socket's queues (QUEUE_PURGE in sk_stream_kill_queues).
      return settle(slot)
    case .processing, .queued: removeFromQueue(slot)
    default: break
    }
    packets.slots[slot].journey.reason = reason
    packets.slots[slot].journey.location = location
    end(slot, .dropped)
  }

  @inline(__always)
  private func isTCP(_ slot: Int) -> Bool { packets.slots[slot].journey.protocolNumber == Event.IPProtocol.tcp }

  /// Takes the data of a dropped packet out of its socket's account.
  private mutating func removeFromQueue(_ slot: Int) {
    guard packets.slots[slot].dataLength > 0, let index = sockets.known(packets.slots[slot].socketKey) else { return }
    let ref = packets.ref(slot)
    guard !packets.slots[slot].isPlaced || !isTCP(slot) else { return withdraw(slot, index) }
    guard let place = sockets.sockets[index].queue.lastIndex(where: { $0.packet == ref }) else { return }
    sockets.sockets[index].queue.remove(at: place)
    guard isTCP(slot), packets.slots[slot].state == .processing else { return }
    let length = Int64(packets.slots[slot].dataLength)
    sockets.sockets[index].accepted -= length
    for later in place..<sockets.sockets[index].queue.count { sockets.sockets[index].queue[later].end -= length }
    packets.slots[slot].journey.stream = nil
  }

  /// consume_skb: the stack is done with a packet; or a reader is, before 6.18.
  mutating func consume(_ e: Event, _ skb: UInt64) {
    if completeSending(e, skb, .consumeSkb) { return }
    guard let slot = packets.find(skb) else {
      guard e.context == .process, !e.flags.contains(.bottomHalvesOff), let task = tasks.known(e.pid) else { return }
      tasks.tasks[task].consumed = (.none, e.time, e.cpu)
      return readCloneByFreeing(e, task)
    }
    switch packets.slots[slot].state {
    case .queued:
      // After a read, and late where another CPU allocated the packet (`skb_attempt_defer_free`): only in the reader's own hands a time of reading.
      guard e.context == .process, e.pid != 0, !e.flags.contains(.bottomHalvesOff) else { return }
      guard hasReceiveLength || isTCP(slot) else { return readQueuedByFreeing(e, slot) }
      tasks.tasks[tasks.find(e.pid)].consumed = (packets.ref(slot), e.time, e.cpu)
    // The reader was quicker than the CPU that still is at the datagram's batch.
    case .processing
    where packets.slots[slot].dataLength > 0 && !isTCP(slot) && e.context == .process && e.pid != 0
      && !e.flags.contains(.bottomHalvesOff):
      guard hasReceiveLength else { return readQueuedByFreeing(e, slot) }
      tasks.tasks[tasks.find(e.pid)].consumed = (packets.ref(slot), e.time, e.cpu)
    case .processing where packets.slots[slot].dataLength > 0: packets.forget(skb)
    case .processing: settle(slot)
    case .lingering, .free: packets.forget(skb)
    default:
      // ARP, an echo request, a SYN at a listener: consumed by the protocol that took it. Or the first fragment of what follows.
      let state = packets.slots[slot].state
      // Freed by a task after its batch was over: read, where no sk_data_ready could have told (a datagram); else taken from a backlog.
      if state == .parked || state == .delivered, e.context == .process, e.pid != 0, !isProtocolWork(e, slot) {
        guard !hasDataReady else { return takeFromTask(e, slot) }
        if isWaiting(slot) {
          packets.forget(skb)
          packets.slots[slot].state = .consumed
          packets.slots[slot].isTaken = true
        }
        return readByFreeing(e, slot)
      }
      guard let context = context(of: e), state == .delivered || state == .parked else { return end(slot, .absorbed) }
      settleCurrent(context)
      guard mayBeFragment(slot) else { return end(slot, .absorbed) }
      packets.forget(skb)
      packets.slots[slot].state = .consumed
      parked.append((packets.ref(slot), e.time))
    }
  }

  /// A task freed a packet before its socket announced it: its receive call, if one follows, has read it; else it came from a backlog.
  private mutating func takeFromTask(_ e: Event, _ slot: Int) {
    let ref = packets.ref(slot)
    packets.forget(packets.slots[slot].journey.skb)
    packets.slots[slot].state = .consumed
    packets.slots[slot].isTaken = true
    parked.append((ref, e.time))
    tasks.tasks[tasks.find(e.pid)].consumed = (ref, e.time, e.cpu)
  }

  /// All fragments but the last carry a multiple of 8 bytes; the smallest MTU of IPv4 is 68.
  private func mayBeFragment(_ slot: Int) -> Bool {
    if let header = packets.slots[slot].journey.header, header.protocolNumber != 0 { return header.fragment != nil }
    let length = packets.slots[slot].journey.length
    return length >= 68 && (length - 20) % 8 == 0
  }

  /// tcp_destroy_sock: what is still queued was never read.
  mutating func destroy(_ socket: UInt64) {
    // Text does not print it.
    guard socket != 0, let index = sockets.known(socket) else { return }
    while let entry = sockets.sockets[index].queue.popFirst() {
      guard let slot = packets.slot(entry.packet) else { continue }
      if sockets.sockets[index].isOrderOpen { packets.slots[slot].isDoubtful = true }
      end(slot, .dropped)
    }
    for early in sockets.sockets[index].outOfOrder { if let slot = packets.slot(early.packet) { end(slot, .dropped) } }
    sockets.sockets[index].outOfOrder.removeAll()
    sockets.remove(socket)
  }

  /// Events of a CPU are missing until `before`: whatever is in flight may have gone on unseen.
  mutating func lose(_ e: Event, _ before: UInt64) {
    blindUntil = max(blindUntil, before)
    // Where every CPU lost events at once, all else is lost once.
    if lastGap &+ 1 != e.order { loseAll() }
    lastGap = e.order
    let cpu = Int(max(e.cpu, 0))
    endBatch(Int(softContext[cpu]), e.time)
    contexts[Int(softContext[cpu])].inGRO = .none
    contexts[Int(softContext[cpu])].inBacklog = .none
    cpus[cpu].reset()
  }

  private mutating func loseAll() {
    for slot in packets.slots.indices where packets.slots[slot].state != .free { packets.slots[slot].journey.completeness = .lost }
    for index in sockets.sockets.indices {
      sockets.sockets[index].isSynchronised = false
      sockets.sockets[index].hasLost = true
    }
    loseSending()
    for index in tasks.tasks.indices {
      tasks.tasks[index].copies.removeFew()
      tasks.tasks[index].consumed = nil
    }
  }
}
