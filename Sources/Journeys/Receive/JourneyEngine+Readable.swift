internal import BasicContainers
internal import DequeModule
internal import Events

/// Readiness on kernels without sk_data_ready (before 6.3): a probe on sock_def_readable, the function tracer's record of it, or a stack. It says
/// neither family nor protocol, so what is in hand, or the first that waits, is the packet.
extension JourneyEngine {
  /// sock_def_readable is called for the socket at `socket`, or 0 where the record does not say.
  mutating func readable(_ e: Event, _ socket: UInt64) {
    guard !hasDataReady, let context = context(of: e) else { return }
    guard let slot = readied(context, e, socket) else {
      contexts[context].mayWake = false
      return
    }
    if packets.slots[slot].journey.socket == 0 {
      packets.slots[slot].journey.socket = socket
      if packets.slots[slot].journey.protocolNumber == Event.IPProtocol.tcp { sockets.join(socket, to: packets.slots[slot].socketKey) }
    }
    let mark = StageMark(e, .sockDefReadable, .ordered)
    if !packets.slots[slot].journey.stages.has(.ready) { packets.slots[slot].journey.stages[.ready] = mark }
    for ref in contexts[context].mates { if let mate = packets.slot(ref) { packets.slots[mate].journey.stages[.ready] = mark } }
    contexts[context].mayWake = true
    contexts[context].isReady = true
  }

  private mutating func readied(_ context: Int, _ e: Event, _ socket: UInt64) -> Int? {
    if let current = packets.slot(contexts[context].current), packets.slots[current].journey.protocolNumber == Event.IPProtocol.tcp {
      // Announced already, or for another socket: it is the next one's, if that says what it is.
      guard packets.slots[current].journey.stages.has(.ready) || isForAnother(current, socket),
        let next = nextPending(context, Event.IPProtocol.udp), packets.slots[next].journey.header != nil
      else { return current }
    }
    if announceTaken(context, e, socket) { return nil }
    // Sockets of other families (AF_UNIX) announce data in a task's own context, where no packet waits.
    guard let slot = pendingDatagram(context) else { return nil }
    process(context, slot, e.time)
    packets.slots[slot].socketKey = socket
    let length = packets.slots[slot].journey.length
    let size = packets.slots[slot].journey.header?.payload ?? (length > 28 ? length - 28 : 0)
    packets.slots[slot].dataLength = max(size, 1)
    let index = sockets.find(socket)
    sockets.sockets[index].queue.append(QueuedPacket(packet: packets.ref(slot), end: Int64(size)))
    return slot
  }

  /// Whether the segment in `slot` cannot be why `socket` is readable: it waits for bytes before it, or is another's. The one that ends a handshake
  /// makes the listener readable.
  private func isForAnother(_ slot: Int, _ socket: UInt64) -> Bool {
    let ref = packets.ref(slot)
    let own = packets.slots[slot].socketKey == 0 ? nil : sockets.known(packets.slots[slot].socketKey)
    if let own, sockets.sockets[own].outOfOrder.contains(where: { $0.packet == ref }) { return true }
    guard socket != 0, !packets.slots[slot].endsHandshake else { return false }
    if packets.slots[slot].journey.socket != 0 { return packets.slots[slot].journey.socket != socket }
    guard let own, let other = sockets.known(socket) else { return false }
    return other != own
  }

  /// The next packet that waits in `context` and does not say that TCP takes it, which would be in hand.
  private mutating func pendingDatagram(_ context: Int) -> Int? {
    guard let first = nextPending(context) else { return nil }
    guard packets.slots[first].journey.header?.protocolNumber == Event.IPProtocol.tcp else { return first }
    for ref in contexts[context].pending {
      guard let slot = packets.slot(ref), packets.slots[slot].state == .delivered else { continue }
      if packets.slots[slot].journey.header?.protocolNumber != Event.IPProtocol.tcp { return slot }
    }
    // Its reader was quicker than the announcement.
    return nil
  }

  /// A task freed the datagram in `slot`: without sock_recv_length (before 6.3) that is its reading.
  mutating func readQueuedByFreeing(_ e: Event, _ slot: Int) {
    let ref = packets.ref(slot)
    if let index = sockets.known(packets.slots[slot].socketKey), let place = sockets.sockets[index].queue.firstIndex(where: { $0.packet == ref }) {
      sockets.sockets[index].queue.remove(at: place)
    }
    readByFreeing(e, slot)
  }
}
