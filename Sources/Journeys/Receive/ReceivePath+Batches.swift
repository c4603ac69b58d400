internal import BasicContainers
internal import DequeModule
internal import Events

/// The order in which a context processes what is delivered in it: batches, the packet in hand, and what is over without a sign.
extension ReceivePath {
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
      if let slot = packets.slot(ref), packets[slot].isFreedEarly, packets[slot].journey.reader != nil { end(slot, .delivered) }
    }
    if !contexts[context].byOrder.isEmpty { contexts[context].byOrder.removeFew() }
    contexts[context].unknownSegmentSocket = 0
    endSegmentation(in: context)
  }

  /// The same where another packet is delivered: the last of those before may be of a protocol of its own, which ends the run
  /// (`__netif_receive_skb_list_core`) and is no sign of a silent one.
  mutating func endRun(_ context: Int, _ time: UInt64) {
    doubtOrder(context, passing: contexts[context].pending.count - 1)
    contexts[context].byOrder.removeFew()
    endBatch(context, time)
  }

  /// Makes `slot` the packet that `context` processes; the one before is done, and so are packets that waited ahead of it.
  mutating func beginProcessing(_ slot: Int, in context: Int, _ time: UInt64) {
    let ref = packets.ref(slot)
    guard contexts[context].current != ref else { return }
    let place = contexts[context].pending.firstIndex(of: ref)
    doubtOrder(context, passing: place ?? 0)
    settleCurrent(context)
    contexts[context].unknownSegmentSocket = 0
    if !contexts[context].reached.isEmpty { contexts[context].reached.removeFew() }
    if let place {
      for _ in 0..<place {
        if let passed = contexts[context].pending.popFirst() { park(passed, time) }
      }
      contexts[context].pending.removeFirst()
    }
    packets[slot].advance(to: .processing)
    contexts[context].current = ref
    contexts[context].hasAnswered = false
  }

  /// The next packet that waits in `context`, or nil. Packets that ended while they waited are passed over.
  mutating func nextPending(_ context: Int) -> Int? {
    while let ref = contexts[context].pending.first {
      if let slot = packets.slot(ref), packets[slot].state == .delivered { return slot }
      contexts[context].pending.removeFirst()
    }
    return nil
  }

  /// The next packet that waits in `context` and may be one of protocol `number`; those that say they are none are passed over.
  func nextPending(_ context: Int, of number: UInt16) -> Int? {
    for ref in contexts[context].pending {
      guard let slot = packets.slot(ref), packets[slot].state == .delivered else { continue }
      if packets[slot].journey.header?.protocolNumber ?? number == number { return slot }
    }
    return nil
  }

  /// A task found the packet in its socket's backlog while the CPU that put it there is still at its batch: what was ahead of it is done.
  mutating func passAhead(of slot: Int, outside context: Int, _ time: UInt64) {
    let ref = packets.ref(slot)
    for other in softContexts.lazy.map(Int.init) where other != context {
      guard let place = contexts[other].pending.firstIndex(of: ref) else { continue }
      for _ in 0..<place { if let passed = contexts[other].pending.popFirst() { park(passed, time) } }
      contexts[other].pending.removeFirst()
      return
    }
  }

  /// What waits in `context` ahead of the packet in `slot` is done, if that one waits there.
  mutating func passAhead(of slot: Int, inside context: Int, _ time: UInt64) {
    let ref = packets.ref(slot)
    guard contexts[context].pending.contains(ref) else { return }
    while let passed = contexts[context].pending.first, passed != ref {
      contexts[context].pending.removeFirst()
      park(passed, time)
    }
  }

  /// The packet `context` was at is done.
  mutating func settleCurrent(_ context: Int) {
    let ref = contexts[context].current
    if ref != .none { contexts[context].current = .none }
    if !contexts[context].coalesced.isEmpty {
      for other in contexts[context].coalesced { if let slot = packets.slot(other) { settle(slot) } }
      contexts[context].coalesced.removeFew()
    }
    if let slot = packets.slot(ref) { settle(slot) }
  }

  /// A processed packet is in its socket's queue if it has data, and else the stack has consumed it.
  mutating func settle(_ slot: Int) {
    guard packets[slot].state == .processing else { return }
    if packets[slot].dataLength > 0 { return packets[slot].advance(to: .queued) }
    packets.forgetAddress(of: slot)
    if packets[slot].waitsForTask {
      packets[slot].advance(to: .lingering)
    } else {
      end(slot, .absorbed)
    }
  }

  /// A packet's batch is processed and nothing showed what became of it.
  mutating func park(_ ref: PacketRef, _ time: UInt64) {
    guard let slot = packets.slot(ref), packets[slot].state == .delivered else { return }
    packets[slot].advance(to: .parked)
    parked.append(ParkedPacket(packet: ref, time: time))
  }

  /// IP consumed the packet in `slot`, or a task freed it, at `time` in nanoseconds; what that means may show later.
  mutating func setConsumed(_ slot: Int, _ time: UInt64) {
    packets[slot].advance(to: .consumed)
    parked.append(ParkedPacket(packet: packets.ref(slot), time: time))
  }

  /// Ends parked packets that nothing took within a second: a task that holds a socket's lock works off its backlog sooner.
  mutating func expireParked(_ now: UInt64) {
    while let oldest = parked.first {
      if let slot = packets.slot(oldest.packet), packets[slot].state == .parked || packets[slot].state == .consumed {
        guard now > oldest.time, now - oldest.time > 1_000_000_000 || parked.count > 65_536 else { return }
        endSilent(slot)
      }
      parked.removeFirst()
    }
  }

  /// napi_poll or the end of NET_RX: everything that was delivered in `context` is processed.
  mutating func pollEnds(in context: Int, _ time: UInt64) {
    endBatch(context, time)
    if contexts[context].inGRO != .none { contexts[context].inGRO = .none }
  }
}
