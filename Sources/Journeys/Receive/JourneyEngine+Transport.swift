internal import BasicContainers
internal import DequeModule
internal import Events

/// From delivery to the socket and the wakeup.
extension JourneyEngine {
  /// Makes `slot` the packet that `context` processes; the one before is done. `beforeIt` packets that waited ahead of it are done, too.
  mutating func process(_ context: Int, _ slot: Int, _ time: UInt64) {
    let ref = packets.ref(slot)
    guard contexts[context].current != ref else { return }
    let place = contexts[context].pending.firstIndex(of: ref)
    doubtOrder(context, passing: place ?? 0)
    settleCurrent(context)
    contexts[context].strangersSocket = 0
    if let index = place {
      for _ in 0..<index {
        if let passed = contexts[context].pending.popFirst() { park(passed, time) }
      }
      contexts[context].pending.removeFirst()
    }
    packets.slots[slot].state = .processing
    contexts[context].current = ref
    contexts[context].hasAnswered = false
  }

  /// The next packet that waits in `context`, or nil. Packets that ended while they waited are passed over.
  mutating func nextPending(_ context: Int) -> Int? {
    while let ref = contexts[context].pending.first {
      if let slot = packets.slot(ref), packets.slots[slot].state == .delivered { return slot }
      contexts[context].pending.removeFirst()
    }
    return nil
  }

  /// The next packet that waits in `context` and may be one of protocol `number`; those that say they are none are passed over.
  mutating func nextPending(_ context: Int, _ number: UInt16) -> Int? {
    for ref in contexts[context].pending {
      guard let slot = packets.slot(ref), packets.slots[slot].state == .delivered else { continue }
      if packets.slots[slot].journey.header?.protocolNumber ?? number == number { return slot }
    }
    return nil
  }

  /// tcp_probe: an established connection takes a segment, in the soft interrupt or, if its socket was busy, in the task that held it.
  mutating func probe(_ e: Event, _ skb: UInt64, _ socket: UInt64, _ cookie: UInt64, _ flow: FlowID, _ reported: UInt32) {
    guard let context = context(of: e) else { return }
    contexts[context].mayWake = false
    // Before 6.12 the cookie is the only name of the socket that the event carries.
    let key = socket != 0 ? socket : cookie
    if socket == 0, sockets.known(cookie) == nil, let known = established.removeValue(forKey: flow) { sockets.join(cookie, to: known) }
    let index = sockets.find(key)
    guard let (slot, link) = probed(context, skb, index, flow, reported, e.time) else {
      settleCurrent(context)
      sockets.sockets[index].accepted += Int64(reported)
      return contexts[context].strangersSocket = socket
    }
    process(context, slot, e.time)
    if link == .exact, !contexts[context].byOrder.isEmpty { contexts[context].byOrder.removeFew() }
    packets.slots[slot].journey.protocolNumber = Event.IPProtocol.tcp
    packets.slots[slot].journey.flow = flow
    packets.slots[slot].journey.socket = socket
    packets.slots[slot].socketKey = key
    sockets.name(index, flow)
    packets.slots[slot].journey.stages[.transport] = StageMark(e, .tcpProbe, link)
    let length = unwrapped(reported, packets.slots[slot].journey.length)
    if length > 0 { accept(e, context, slot, index, length) }
    contexts[context].mayWake = true
    contexts[context].isReady = false
  }

  /// The packet that tcp_probe means: by its address, or where the event does not carry it, the next one whose length fits.
  private mutating func probed(
    _ context: Int, _ skb: UInt64, _ socket: Int, _ flow: FlowID, _ reported: UInt32, _ time: UInt64
  ) -> (Int, Link)? {
    if skb != 0 {
      guard let slot = packets.find(skb) else { return nil }
      // Taken for a datagram, which it is not.
      let isDatagram = packets.slots[slot].socketKey != 0 && packets.slots[slot].journey.protocolNumber != Event.IPProtocol.tcp
      if isDatagram, packets.slots[slot].state == .queued || packets.slots[slot].state == .processing {
        for other in contexts.indices where contexts[other].current == packets.ref(slot) { contexts[other].current = .none }
        retract(slot, time)
      }
      switch packets.slots[slot].state {
      case .delivered:
        passAhead(of: slot, context, time)
        return (slot, .exact)
      case .parked, .processing: return (slot, .exact)
      default: return nil
      }
    }
    return unnamed(context, socket, flow, reported, time)
  }

  /// A task found the packet in its socket's backlog while the CPU that put it there is still at its batch: what was ahead of it is done.
  mutating func passAhead(of slot: Int, _ context: Int, _ time: UInt64) {
    let ref = packets.ref(slot)
    for other in softContext.lazy.map(Int.init) where other != context {
      guard let index = contexts[other].pending.firstIndex(of: ref) else { continue }
      for _ in 0..<index { if let passed = contexts[other].pending.popFirst() { park(passed, time) } }
      contexts[other].pending.removeFirst()
      return
    }
  }

  /// tcp_probe counts payload in 16 bits; packets of BIG TCP have more, and so have those that were merged in a backlog.
  private func unwrapped(_ reported: UInt32, _ length: UInt32) -> UInt32 {
    guard reported < 65_536, length > reported + 120 else { return min(reported, Self.longestPacket) }
    return reported + (length - 120 - reported + 65_535) / 65_536 * 65_536
  }

  /// sk_data_ready: the socket announces data.
  mutating func dataReady(_ e: Event, _ socket: UInt64, _ family: UInt16, _ proto: UInt16) {
    // AF_PACKET taps announce clones before IP sees the packet.
    guard family == Event.AddressFamily.inet || family == Event.AddressFamily.inet6, let context = context(of: e) else { return }
    guard let (slot, link) = readied(context, e, socket, family, proto) else {
      contexts[context].mayWake = false
      return
    }
    let mark = StageMark(e, .skDataReady, link)
    if !packets.slots[slot].journey.stages.has(.ready) { packets.slots[slot].journey.stages[.ready] = mark }
    for ref in contexts[context].mates {
      guard let mate = packets.slot(ref) else { continue }
      packets.slots[mate].journey.stages[.ready] = mark
      if packets.slots[mate].isMate { packets.slots[mate].journey.stages[.ready]?.link = .inferred }
    }
    contexts[context].mayWake = true
    contexts[context].isReady = true
    readEarly(e, slot, socket)
  }

  /// The packet that made a socket announce data.
  private mutating func readied(_ context: Int, _ e: Event, _ socket: UInt64, _ family: UInt16, _ proto: UInt16) -> (Int, Link)? {
    let time = e.time
    let current = packets.slot(contexts[context].current)
    if proto == Event.IPProtocol.tcp {
      if socket != 0, contexts[context].strangersSocket == socket { return nil }
      if let current, packets.slots[current].journey.protocolNumber == proto {
        let isNamed = socket != 0 && packets.slots[current].journey.socket == socket
        if packets.slots[current].journey.socket == 0, socket != 0 {
          packets.slots[current].journey.socket = socket
          sockets.join(socket, to: packets.slots[current].socketKey)
        }
        return (current, isNamed ? .exact : .ordered)
      }
      guard let slot = handshake(context, time) else { return nil }
      packets.slots[slot].journey.socket = socket
      return (slot, .ordered)
    }
    let isDatagram = proto == Event.IPProtocol.udp || proto == Self.udpLite
    // A raw socket's packet stays in hand until icmp_rcv consumes it; a second announcement is for another socket.
    if !isDatagram, let current, packets.slots[current].journey.protocolNumber == proto { return (current, .ordered) }
    if isDatagram, announceTaken(context, e, socket) { return nil }
    guard let slot = nextPending(context, proto) else { return nil }
    process(context, slot, time)
    contexts[context].byOrder.append(packets.ref(slot))
    packets.slots[slot].journey.protocolNumber = proto
    packets.slots[slot].journey.socket = socket
    let headers: UInt32 = (family == Event.AddressFamily.inet ? 20 : 40) + (isDatagram ? 8 : 0)
    let length = packets.slots[slot].journey.length
    // A raw IPv4 socket reads the IP header, too.
    let size = isDatagram ? packets.slots[slot].journey.header?.payload ?? (length > headers ? length - headers : 0) : length
    packets.slots[slot].socketKey = socket
    let index = sockets.find(socket)
    sockets.sockets[index].queue.append(QueuedPacket(packet: packets.ref(slot), end: Int64(size)))
    packets.slots[slot].dataLength = max(size, 1)
    packets.slots[slot].journey.stream = 0..<Int64(size)
    return (slot, .ordered)
  }

  private static let udpLite: UInt16 = 136

  /// Takes the next waiting packet as a segment of a connection that is not established, for which there is no tcp_probe. Packets ahead
  /// of it may wait in their sockets' backlogs without a word, but a SYN-ACK is longer than the ACK that ends a handshake.
  private mutating func handshake(_ context: Int, _ time: UInt64, _ old: Int32 = 0, _ flow: FlowID = .none) -> Int? {
    guard var slot = nextPending(context, Event.IPProtocol.tcp) else { return nil }
    if packets.slots[slot].journey.header != nil, flow != .none {
      guard let named = pending(context, flow, old) else { return nil }
      slot = named
    } else if old == Event.TCPState.listen || old == Event.TCPState.synSent {
      var length = packets.slots[slot].journey.length
      for ref in contexts[context].pending {
        guard let other = packets.slot(ref), packets.slots[other].state == .delivered else { continue }
        let own = packets.slots[other].journey.length
        guard (40...80).contains(own), length > 80 || (old == Event.TCPState.listen ? own + 6 < length : own > length + 6) else { continue }
        (slot, length) = (other, own)
      }
    }
    doubtOrder(context, passing: contexts[context].pending.firstIndex(of: packets.ref(slot)) ?? 0, as: slot)
    process(context, slot, time)
    if packets.slots[slot].journey.header == nil { contexts[context].byOrder.append(packets.ref(slot)) }
    packets.slots[slot].journey.protocolNumber = Event.IPProtocol.tcp
    return slot
  }

  /// The packet waiting in `context` that says it is one of `flow` and may change its connection from `old`: the first, or where our FIN is to
  /// be acknowledged the first of those that acknowledge most, and where only the other's FIN is awaited the one that has it.
  private func pending(_ context: Int, _ flow: FlowID, _ old: Int32) -> Int? {
    let own = contexts[context].pending.compactMap { packets.slot($0) }
      .filter { packets.slots[$0].state == .delivered && packets.slots[$0].journey.header?.flow == flow }
    if old == Event.TCPState.finWait2 { return own.first { mayChange($0, from: old) } ?? own.first }
    guard old == Event.TCPState.finWait1 || old == Event.TCPState.lastACK, var best = own.first else { return own.first }
    func number(_ slot: Int) -> UInt32 { packets.slots[slot].journey.header?.acknowledgement ?? 0 }
    for slot in own where Int32(bitPattern: number(slot) &- number(best)) > 0 { best = slot }
    return best
  }

  /// Whether the packet in `slot` may change its connection from `old`, as far as its header tells: where the other's FIN is awaited it has one.
  private func mayChange(_ slot: Int, from old: Int32) -> Bool {
    guard old == Event.TCPState.finWait2, let header = packets.slots[slot].journey.header else { return true }
    return !header.flags.isDisjoint(with: [.fin, .rst])
  }

  /// inet_sock_set_state while a packet is processed: a handshake or teardown.
  mutating func setState(_ e: Event, _ socket: UInt64, _ old: Int32, _ new: Int32, _ flow: FlowID) {
    if new == Event.TCPState.established { connect(socket, flow) }
    sockets.name(sockets.find(socket), flow)
    if e.context == .process, e.pid != 0 {
      let task = tasks.find(e.pid)
      tasks.tasks[task].changed = isByPacket(old, new) || new == Event.TCPState.close ? nil : (socket, flow)
      tasks.tasks[task].answersHandshake = old == Event.TCPState.synSent && new == Event.TCPState.established
    }
    guard let context = context(of: e) else { return }
    guard socket == 0 || contexts[context].strangersSocket != socket else { return contexts[context].mayWake = false }
    let current = packets.slot(contexts[context].current)
    let isCurrents = current.map { belongs($0, to: socket, flow, old) && mayChange($0, from: old) } ?? false
    if !isCurrents {
      // A task that calls connect(), close() or shutdown() changes states, too, with no packet in hand.
      let isPolling = e.flags.contains(.softirq) || e.flags.contains(.bottomHalvesOff)
      guard isPolling || isByPacket(old, new), new != Event.TCPState.synSent,
        let slot = handshake(context, e.time, old, flow) ?? (isByPacket(old, new) ? backlogged(context, e, old, flow) : nil)
      else {
        contexts[context].mayWake = false
        return
      }
      packets.slots[slot].journey.socket = socket
      // A listener's has no remote end.
      if packets.slots[slot].journey.header == nil { packets.slots[slot].journey.flow = flow }
    }
    if let slot = packets.slot(contexts[context].current) {
      packets.slots[slot].changedState = true
      if new == Event.TCPState.established {
        anchor(slot, socket)
        packets.slots[slot].endsHandshake = old != Event.TCPState.synSent
      }
    }
    contexts[context].mayWake = true
    contexts[context].isReady = false
  }

  /// Whether the packet in `slot` may be the one that changes the state of `socket`; text does not print the socket, only its connection.
  private func belongs(_ slot: Int, to socket: UInt64, _ flow: FlowID, _ old: Int32) -> Bool {
    let known = packets.slots[slot].journey.socket
    // The ACK that ends a handshake changes the new socket twice, which has no remote end the first time.
    let isSecondChange = old == Event.TCPState.synReceived && packets.slots[slot].changedState
    if known == 0 { return packets.slots[slot].journey.flow == .none || packets.slots[slot].journey.flow == flow || isSecondChange }
    return socket == 0 ? packets.slots[slot].journey.flow == flow : known == socket
  }

  /// A connection begins: nothing is queued, and positions count from here.
  private mutating func connect(_ socket: UInt64, _ flow: FlowID) {
    let index = sockets.find(socket)
    guard sockets.sockets[index].queue.isEmpty else { return }
    let keys = sockets.sockets[index].keys
    sockets.sockets[index] = SocketState()
    sockets.sockets[index].keys = keys
    sockets.sockets[index].isSynchronised = true
    if established.count >= Self.establishedLimit { established.removeAll(keepingCapacity: true) }
    if socket != 0, flow != .none { established[flow] = socket }
  }

  private static let establishedLimit = 4096

  /// Whether a segment makes a connection change from `old` to `new`, and not a call.
  private func isByPacket(_ old: Int32, _ new: Int32) -> Bool {
    switch old {
    case Event.TCPState.synSent, Event.TCPState.synReceived: new == Event.TCPState.established
    case Event.TCPState.finWait1: new == Event.TCPState.finWait2
    case Event.TCPState.established: new == Event.TCPState.closeWait
    case Event.TCPState.lastACK: true
    default: false
    }
  }

  /// The packet that a task finds in its socket's backlog while it connects or closes: of the parked ones of a handshake's size the
  /// longest for a SYN-ACK, which has the most options, and the shortest for an ACK; the latest of several.
  private mutating func backlogged(_ context: Int, _ e: Event, _ old: Int32, _ flow: FlowID) -> Int? {
    guard !e.flags.contains(.softirq) else { return nil }
    var found: Int?
    var count = 0
    for (ref, _) in parked {
      guard let slot = packets.slot(ref), packets.slots[slot].state == .parked, (40...80).contains(packets.slots[slot].journey.length),
        packets.slots[slot].journey.header?.flow ?? flow == flow
      else { continue }
      count += 1
      let length = packets.slots[slot].journey.length
      let best = found.map { packets.slots[$0].journey.length }
      if best == nil || (old == Event.TCPState.synSent ? length >= best ?? 0 : length <= best ?? 0) { found = slot }
    }
    guard let found else { return nil }
    if count > 1, packets.slots[found].journey.header == nil { packets.slots[found].isDoubtful = true }
    process(context, found, e.time)
    packets.slots[found].journey.protocolNumber = Event.IPProtocol.tcp
    return found
  }

  /// sched_waking: right behind the announcement of data or a change of state, it is their consequence.
  mutating func waking(_ e: Event, _ pid: Int32, _ comm: NameID) {
    let task = tasks.find(pid)
    tasks.tasks[task].comm = comm
    guard comm.kernelThread == .none else { return wakeThread(e, task, comm.kernelThread) }
    guard let context = context(of: e) else { return }
    guard contexts[context].mayWake, let slot = packets.slot(contexts[context].current) else {
      if !hasDataReady, !hasReadable, !hasStacks, e.flags.contains(.softirq) || e.flags.contains(.bottomHalvesOff) {
        wakeByOrder(e, context, pid, comm)
      }
      return
    }
    wake(e, slot, pid, comm, isAfterReady: contexts[context].isReady)
    for ref in contexts[context].mates {
      if let mate = packets.slot(ref) { wake(e, mate, pid, comm, isAfterReady: contexts[context].isReady) }
    }
  }

  /// Without sk_data_ready a wakeup inside NET_RX is the only sign that a datagram reached its socket; the first that waits is the likeliest.
  private mutating func wakeByOrder(_ e: Event, _ context: Int, _ pid: Int32, _ comm: NameID) {
    guard let slot = nextPending(context) else { return }
    wake(e, slot, pid, comm, isAfterReady: false)
    if let ref = contexts[context].pending.popFirst() { park(ref, e.time) }
  }

  private mutating func wake(_ e: Event, _ slot: Int, _ pid: Int32, _ comm: NameID, isAfterReady: Bool) {
    let count = packets.slots[slot].wakerCount
    guard count < 4 else { return }
    // Where no context is told, a timer's wakeup between two events of a packet looks like the packet's own.
    let isSure = isAfterReady || (hasDataReady || hasReadable) && hasContext
    packets.slots[slot].wakers[count] = Packet.Waker(
      task: .init(pid: pid, comm: comm), waking: StageMark(e, .schedWaking, isSure ? .ordered : .inferred), isAfterReady: isAfterReady)
    packets.slots[slot].wakerCount = count + 1
    let task = tasks.find(pid)
    tasks.tasks[task].wokenFor.append(packets.ref(slot))
    tasks.tasks[task].wokenBy = packets.ref(slot)
  }

  /// sched_switch: a task gets the CPU.
  mutating func switchTask(_ e: Event, _ previous: Int32, _ state: Int64, _ next: Int32, _ comm: NameID) {
    // Nothing waits for the idle task, nor does it process packets.
    if previous != 0, let task = tasks.known(previous) { leave(task, state, e.time) }
    guard next != 0 else { return }
    let task = tasks.find(next)
    let mark = StageMark(time: e.time, cpu: e.cpu, context: .process, evidence: .schedSwitch, link: .ordered)
    tasks.tasks[task].comm = comm
    tasks.tasks[task].switchedIn = mark
    if tasks.tasks[task].poll != nil, tasks.tasks[task].poll?.running == nil { tasks.tasks[task].poll?.running = mark }
    guard !tasks.tasks[task].wokenFor.isEmpty else { return }
    for ref in tasks.tasks[task].wokenFor { if let slot = packets.slot(ref) { ran(slot, next, mark) } }
    tasks.tasks[task].wokenFor.removeFew()
  }

  /// A task in `state` gives its CPU away at `time`.
  @inline(__always)
  private mutating func leave(_ task: Int, _ state: Int64, _ time: UInt64) {
    if tasks.tasks[task].context >= 0 {
      contexts[Int(tasks.tasks[task].context)].mayWake = false
      // A task that goes to sleep or exits is not in the middle of a packet.
      if state & 0xff != 0 { endBatch(Int(tasks.tasks[task].context), time) }
    }
    if !tasks.tasks[task].wokenFor.isEmpty { stayed(task) }
  }

  /// It was there when it was woken: no switch to it is the wakeup's.
  private mutating func stayed(_ task: Int) {
    for ref in tasks.tasks[task].wokenFor {
      if let slot = packets.slot(ref), packets.slots[slot].state == .lingering { end(slot, .absorbed) }
    }
    tasks.tasks[task].wokenFor.removeFew()
  }

  private mutating func ran(_ slot: Int, _ pid: Int32, _ mark: StageMark) {
    var isWaiting = false
    for index in 0..<packets.slots[slot].wakerCount {
      if packets.slots[slot].wakers[index].task.pid == pid, packets.slots[slot].wakers[index].running == nil {
        packets.slots[slot].wakers[index].running = mark
      }
      if packets.slots[slot].wakers[index].running == nil { isWaiting = true }
    }
    if packets.slots[slot].state == .lingering, !isWaiting { end(slot, .absorbed) }
  }
}
