internal import BasicContainers
internal import DequeModule
internal import Events

/// Readiness on kernels without sk_data_ready (before 6.3): a probe on sock_def_readable, the function tracer's record of it, or a stack. It says
/// neither family nor protocol, so what is in hand, or the first that waits, is the packet.
extension ReceivePath {
  /// sock_def_readable is called for the socket at `address`, or 0 where the record does not say.
  mutating func becameReadable(_ e: Event, _ address: UInt64, in context: Int, _ sockets: inout SocketTable) {
    guard let slot = packetMakingReadable(e, address, in: context, &sockets) else { return contexts[context].mayWake = false }
    if packets[slot].journey.socket == 0 {
      packets[slot].journey.socket = address
      if packets[slot].isTCP { sockets.join(address, to: packets[slot].socketKey) }
    }
    let mark = StageMark(e, .sockDefReadable, .ordered)
    if !packets[slot].journey.stages.has(.ready) { packets[slot].journey.stages[.ready] = mark }
    for ref in contexts[context].coalesced { if let other = packets.slot(ref) { packets[other].journey.stages[.ready] = mark } }
    contexts[context].mayWake = true
    contexts[context].isReady = true
  }

  private mutating func packetMakingReadable(_ e: Event, _ address: UInt64, in context: Int, _ sockets: inout SocketTable) -> Int? {
    if let current = packets.slot(contexts[context].current), packets[current].isTCP {
      // Announced already, or for another socket: it is the next one's, if that says what it is.
      guard packets[current].journey.stages.has(.ready) || isForAnother(current, than: address, sockets),
        let next = nextPending(context, of: Event.IPProtocol.udp), packets[next].journey.header != nil
      else { return current }
    }
    if announceFreedEarly(e, address, in: context) { return nil }
    // Sockets of other families (AF_UNIX) announce data in a task's own context, where no packet waits.
    guard let slot = pendingDatagram(context) else { return nil }
    beginProcessing(slot, in: context, e.time)
    packets[slot].socketKey = address
    let length = packets[slot].journey.length
    let size = packets[slot].journey.header?.payload ?? (length > 28 ? length - 28 : 0)
    packets[slot].dataLength = max(size, 1)
    sockets[sockets.findOrAdd(address)].datagrams.append(packets.ref(slot), size: Int64(size))
    return slot
  }

  /// Whether the segment in `slot` cannot be why the socket at `address` is readable: it waits for bytes before it, or is another's. The one that
  /// ends a handshake makes the listener readable.
  private func isForAnother(_ slot: Int, than address: UInt64, _ sockets: borrowing SocketTable) -> Bool {
    let own = packets[slot].socketKey == 0 ? nil : sockets.known(packets[slot].socketKey)
    if let own, sockets.isOutOfOrder(packets.ref(slot), in: own) { return true }
    guard address != 0, !packets[slot].endsHandshake else { return false }
    if packets[slot].journey.socket != 0 { return packets[slot].journey.socket != address }
    guard let own, let other = sockets.known(address) else { return false }
    return other != own
  }

  /// The next packet that waits in `context` and does not say that TCP takes it, which would be in hand.
  private mutating func pendingDatagram(_ context: Int) -> Int? {
    guard let first = nextPending(context) else { return nil }
    guard packets[first].journey.header?.protocolNumber == Event.IPProtocol.tcp else { return first }
    for ref in contexts[context].pending {
      guard let slot = packets.slot(ref), packets[slot].state == .delivered else { continue }
      if packets[slot].journey.header?.protocolNumber != Event.IPProtocol.tcp { return slot }
    }
    // Its reader was quicker than the announcement.
    return nil
  }

  /// A task freed the datagram in `slot`: without sock_recv_length (before 6.3) that is its reading.
  mutating func readQueuedByFreeing(_ e: Event, _ slot: Int, _ sockets: inout SocketTable, _ tasks: inout TaskTracker) {
    if let index = sockets.known(packets[slot].socketKey) { sockets[index].datagrams.remove(packets.ref(slot)) }
    readByFreeing(e, slot, &tasks)
  }

  /// A task freed a packet that nothing else had shown to reach a socket.
  mutating func readByFreeing(_ e: Event, _ slot: Int, _ tasks: inout TaskTracker) {
    let reader = Reader(e, task: tasks.findOrAdd(e.pid), tasks)
    var mark = StageMark(e, .consumeSkb, .exact)
    if let copy = reader.copies.last, copy.skb == packets[slot].journey.skb { mark = copy.mark(.exact) }
    if let header = packets[slot].journey.header, header.protocolNumber == Event.IPProtocol.udp, let size = header.payload {
      packets[slot].journey.stream = 0..<Int64(size)
    }
    finishReading(reader, slot, mark)
    tasks.forgetCopies(of: reader.task)
  }

  /// A task freed a packet we know nothing of: a raw socket's clone, whose original woke the task. Only kernels without sk_data_ready need this.
  mutating func readCloneByFreeing(_ e: Event, _ task: Int, _ tasks: inout TaskTracker) {
    guard !visible.hasDataReady, let slot = packets.slot(tasks.lastWaker(of: task)),
      packets[slot].state == .parked || ((visible.hasReadable || visible.hasStacks) && packets[slot].state == .queued)
    else { return }
    finishReading(Reader(e, task: task, tasks), slot, StageMark(e, .consumeSkb, .inferred))
    tasks.forgetCopies(of: task)
  }
}
