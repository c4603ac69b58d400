internal import BasicContainers
internal import DequeModule
internal import Events

/// How packets end by the freeing of their sk_buffs: dropped, consumed by a protocol, or read.
extension ReceivePath {
  /// kfree_skb: a drop, unless the packet had done its work.
  mutating func dropped(_ skb: UInt64, location: UInt64, reason: Int32, _ sockets: inout SocketTable) {
    guard let slot = packets.find(skb) else { return }
    switch packets[slot].state {
    case .lingering, .free: return packets.forget(skb)
    case .processing where packets[slot].journey.stages.has(.ready) && !packets[slot].isTCP:
      // A raw socket got a clone; ping_rcv then finds no socket of its own for the original.
      return packets.forget(skb)
    case .parked where !visible.hasDataReady && packets[slot].wakerCount > 0:
      return packets.forget(skb)
    case .processing where packets[slot].changedState && packets[slot].dataLength == 0:
      // The last FIN goes with its socket's queues (QUEUE_PURGE in sk_stream_kill_queues).
      return settle(slot)
    case .processing, .queued: removeFromQueue(slot, &sockets)
    default: break
    }
    packets[slot].journey.reason = reason
    packets[slot].journey.location = location
    end(slot, .dropped)
  }

  /// Takes the data of a dropped packet out of its socket's account.
  private mutating func removeFromQueue(_ slot: Int, _ sockets: inout SocketTable) {
    guard packets[slot].dataLength > 0, let index = sockets.known(packets[slot].socketKey) else { return }
    let ref = packets.ref(slot)
    guard packets[slot].isTCP else { return sockets[index].datagrams.removeLast(ref) }
    let isInHand = packets[slot].state == .processing
    if packets[slot].isNumbered || sockets[index].stream.isPlaced(ref) {
      packets[slot].journey.stream = nil
      sockets[index].stream.withdraw(ref, isInHand: isInHand)
    } else if sockets[index].stream.remove(ref, isInHand: isInHand), isInHand {
      packets[slot].journey.stream = nil
    }
  }

  /// consume_skb: the stack is done with a packet; or a reader is, before 6.18.
  mutating func consumed(_ e: Event, _ skb: UInt64, in context: Int?, _ sockets: inout SocketTable, _ tasks: inout TaskTracker) {
    // Only in a reader's own hands a time of reading.
    let isByTask = e.context == .process && !e.flags.contains(.bottomHalvesOff)
    guard let slot = packets.find(skb) else {
      guard isByTask, let task = tasks.known(e.pid) else { return }
      tasks.noteFreed(task, FreedPacket(packet: .none, time: e.time, cpu: e.cpu))
      return readCloneByFreeing(e, task, &tasks)
    }
    let isByReader = isByTask && e.pid != 0
    switch packets[slot].state {
    case .queued:
      // After a read, and late where another CPU allocated the packet (`skb_attempt_defer_free`).
      if isByReader { freedByReader(e, slot, isTold: visible.hasReceiveLength || packets[slot].isTCP, &sockets, &tasks) }
    // The reader was quicker than the CPU that still is at the datagram's batch.
    case .processing where packets[slot].dataLength > 0 && !packets[slot].isTCP && isByReader:
      freedByReader(e, slot, isTold: visible.hasReceiveLength, &sockets, &tasks)
    case .processing where packets[slot].dataLength > 0: packets.forget(skb)
    case .processing: settle(slot)
    case .lingering, .free: packets.forget(skb)
    case .parked, .delivered:
      if e.context == .process, e.pid != 0, !isProtocolWork(e, slot, tasks) {
        freedBySomeTask(e, slot, &tasks)
      } else {
        consumedByProtocol(e, slot, in: context)
      }
    default: end(slot, .absorbed)
    }
  }

  /// A reader frees what it has read; its receive call tells so (`isTold`), or else this is the reading.
  private mutating func freedByReader(_ e: Event, _ slot: Int, isTold: Bool, _ sockets: inout SocketTable, _ tasks: inout TaskTracker) {
    guard isTold else { return readQueuedByFreeing(e, slot, &sockets, &tasks) }
    tasks.noteFreed(tasks.findOrAdd(e.pid), FreedPacket(packet: packets.ref(slot), time: e.time, cpu: e.cpu))
  }

  /// Freed by a task after its batch was over, or before its socket announced it: read, where no sk_data_ready could have told (a datagram); else
  /// the task's receive call, if one follows, has read it, or it came from a backlog.
  private mutating func freedBySomeTask(_ e: Event, _ slot: Int, _ tasks: inout TaskTracker) {
    if visible.hasDataReady || isInBatch(slot) {
      packets.forget(packets[slot].journey.skb)
      packets[slot].isFreedEarly = true
    }
    guard visible.hasDataReady else {
      if packets[slot].isFreedEarly { packets[slot].advance(to: .consumed) }
      return readByFreeing(e, slot, &tasks)
    }
    setConsumed(slot, e.time)
    tasks.noteFreed(tasks.findOrAdd(e.pid), FreedPacket(packet: packets.ref(slot), time: e.time, cpu: e.cpu))
  }

  /// ARP, an echo request, a SYN at a listener: consumed by the protocol that took it. Or the first fragment of what follows.
  private mutating func consumedByProtocol(_ e: Event, _ slot: Int, in context: Int?) {
    guard let context else { return end(slot, .absorbed) }
    settleCurrent(context)
    if packets[slot].state == .delivered, mayBeSegmented(slot, freedBy: e) { return beginSegmentation(of: slot, in: context, e.time) }
    guard mayBeFragment(slot) else { return end(slot, .absorbed) }
    packets.forget(packets[slot].journey.skb)
    setConsumed(slot, e.time)
  }

  /// Whether `e` was written by the protocols at work: in a soft interrupt, or in a task that polls a device with bottom halves off
  /// (threaded NAPI, busy polling), whose packets wait in the task's own context. What such a task frees, it has not read.
  @inline(__always)
  private func isProtocolWork(_ e: Event, _ slot: Int, _ tasks: borrowing TaskTracker) -> Bool {
    if e.flags.contains(.softirq) || e.flags.contains(.bottomHalvesOff) { return true }
    guard let task = tasks.known(e.pid), let context = tasks.context(of: task) else { return false }
    return isInHand(slot, context)
  }

  /// The socket at `address` is gone (tcp_destroy_sock): what is still queued was never read.
  mutating func destroyed(_ address: UInt64, _ sockets: inout SocketTable) {
    // Text does not print it.
    guard address != 0, let index = sockets.known(address) else { return }
    while let entry = sockets[index].stream.popFirst() {
      guard let slot = packets.slot(entry.packet) else { continue }
      if sockets[index].stream.isOrderOpen { packets[slot].doubt() }
      end(slot, .dropped)
    }
    while let entry = sockets[index].datagrams.popFirst() { if let slot = packets.slot(entry.packet) { end(slot, .dropped) } }
    for early in sockets[index].stream.outOfOrder { if let slot = packets.slot(early.packet) { end(slot, .dropped) } }
    sockets[index].stream.forgetOutOfOrder()
    sockets.remove(address)
  }
}
