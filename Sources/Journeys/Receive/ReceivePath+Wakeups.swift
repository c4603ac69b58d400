internal import BasicContainers
internal import DequeModule
internal import Events

/// The wakeups that a packet causes, and the tasks that run for it.
extension ReceivePath {
  /// sched_waking of a task that may read: right behind the announcement of data or a change of state, it is their consequence.
  mutating func waking(_ e: Event, _ woken: Journey.Task, in context: Int, _ tasks: inout TaskTracker) {
    guard contexts[context].mayWake, let slot = packets.slot(contexts[context].current) else {
      let isHidden = !visible.hasDataReady && !visible.hasReadable && !visible.hasStacks
      if isHidden, e.flags.contains(.softirq) || e.flags.contains(.bottomHalvesOff) { wakeByOrder(e, woken, in: context, &tasks) }
      return
    }
    wake(e, slot, woken, isAfterReady: contexts[context].isReady, &tasks)
    for ref in contexts[context].coalesced {
      if let other = packets.slot(ref) { wake(e, other, woken, isAfterReady: contexts[context].isReady, &tasks) }
    }
  }

  /// Without sk_data_ready a wakeup inside NET_RX is the only sign that a datagram reached its socket; the first that waits is the likeliest.
  private mutating func wakeByOrder(_ e: Event, _ woken: Journey.Task, in context: Int, _ tasks: inout TaskTracker) {
    guard let slot = nextPending(context) else { return }
    wake(e, slot, woken, isAfterReady: false, &tasks)
    if let ref = contexts[context].pending.popFirst() { park(ref, e.time) }
  }

  private mutating func wake(_ e: Event, _ slot: Int, _ woken: Journey.Task, isAfterReady: Bool, _ tasks: inout TaskTracker) {
    let count = packets[slot].wakerCount
    guard count < 4 else { return }
    // Where no context is told, a timer's wakeup between two events of a packet looks like the packet's own.
    let isSure = isAfterReady || (visible.hasDataReady || visible.hasReadable) && visible.hasContext
    packets[slot].wakers[count] = Packet.Waker(
      task: woken, waking: StageMark(e, .schedWaking, isSure ? .ordered : .inferred), isAfterReady: isAfterReady)
    packets[slot].wakerCount = count + 1
    tasks.noteWakeup(of: woken.pid, by: packets.ref(slot))
  }

  /// The task `pid`, which `packet` woke, gets a CPU.
  mutating func ran(_ packet: PacketRef, _ pid: Int32, _ mark: StageMark) {
    guard let slot = packets.slot(packet) else { return }
    var isWaiting = false
    for index in 0..<packets[slot].wakerCount {
      if packets[slot].wakers[index].task.pid == pid, packets[slot].wakers[index].running == nil { packets[slot].wakers[index].running = mark }
      if packets[slot].wakers[index].running == nil { isWaiting = true }
    }
    if packets[slot].state == .lingering, !isWaiting { end(slot, .absorbed) }
  }

  /// The task that `packet` woke was there all along: no switch to it is the wakeup's.
  mutating func stayed(_ packet: PacketRef) {
    if let slot = packets.slot(packet), packets[slot].state == .lingering { end(slot, .absorbed) }
  }

  /// The task of `context` gives its CPU away; if it sleeps or exits, it is not in the middle of a packet.
  mutating func taskLeaves(_ context: Int, _ time: UInt64, isAsleep: Bool) {
    contexts[context].mayWake = false
    if isAsleep { endBatch(context, time) }
  }

  // MARK: answers

  /// The received packet whose processing in `context` sends one of `length` bytes: the one in hand, or the only one that waits, whose protocol has
  /// no event (a SYN).
  mutating func cause(ofSending length: UInt32, _ e: Event, in context: Int) -> PacketCause? {
    guard let slot = causingPacket(ofSending: length, e, in: context) else { return nil }
    contexts[context].hasAnswered = true
    return PacketCause(
      id: packets[slot].journey.id, protocolNumber: packets[slot].journey.protocolNumber, socket: packets[slot].journey.socket,
      flow: packets[slot].journey.flow)
  }

  private mutating func causingPacket(ofSending length: UInt32, _ e: Event, in context: Int) -> Int? {
    if let current = packets.slot(contexts[context].current) {
      // A task that works off its backlog goes on to send data; only the ACK is the packet's, and it sends one.
      return e.flags.contains(.softirq) || (length <= Self.longestACK && !contexts[context].hasAnswered) ? current : nil
    }
    guard e.flags.contains(.softirq), contexts[context].pending.count == 1 else { return nil }
    return nextPending(context)
  }

  /// Ethernet, IPv6 and TCP headers with 40 bytes of options.
  private static let longestACK: UInt32 = 14 + 40 + 20 + 40

  /// The received packet at `skb` is handed to a device for sending. Returns its journey's id if it is forwarded, and not another packet at its
  /// address.
  mutating func forwarded(_ skb: UInt64, length: UInt32, by device: NameID, in context: Int?, _ sockets: borrowing SocketTable) -> Int? {
    guard let slot = packets.find(skb) else { return nil }
    guard packets[slot].state == .delivered, isForwarded(slot, length: length, by: device, in: context, sockets) else {
      endPreviousLife(of: skb, seenIn: context)
      return nil
    }
    let id = packets[slot].journey.id
    // Or freed without a word, and the address taken for a packet to send.
    if device == packets[slot].journey.device { packets[slot].doubt() }
    end(slot, .forwarded)
    return id
  }

  /// Whether the received packet in `slot` is what is sent now: IP hands it on in its own context, and not to the device inside this machine that
  /// it came from.
  private func isForwarded(_ slot: Int, length: UInt32, by device: NameID, in context: Int?, _ sockets: borrowing SocketTable) -> Bool {
    guard let context, contexts[context].pending.contains(packets.ref(slot)) else { return false }
    if device != packets[slot].journey.device { return true }
    if let header = packets[slot].journey.header, header.protocolNumber == Event.IPProtocol.tcp, sockets.isOurs(header.flow) { return false }
    // The same packet has grown by the header of its link, with or without a VLAN tag.
    let growth = length &- packets[slot].journey.length
    return !packets[slot].isFromBacklog && (growth == 0 || growth == 14 || growth == 18)
  }
}
