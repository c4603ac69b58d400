internal import Events

/// Events of protocols, sockets, calls and the tasks that make them.
extension JourneyEngine {
  mutating func probed(_ e: Event, _ segment: ProbedSegment) {
    if let context = context(of: e) { receive.probed(e, segment, in: context, &sockets, &tasks) }
  }

  mutating func dataReady(_ e: Event, _ socket: AnnouncingSocket) {
    // AF_PACKET taps announce clones before IP sees the packet.
    if socket.isIP, let context = context(of: e) { receive.dataReady(e, socket, in: context, &sockets, &numbering) }
  }

  mutating func becameReadable(_ e: Event, _ address: UInt64, byStack: Bool) {
    receive.noteReadable(byStack: byStack)
    if !receive.hasDataReady, let context = context(of: e) { receive.becameReadable(e, address, in: context, &sockets) }
  }

  mutating func stateChanged(_ e: Event, _ change: StateChange) {
    let isEstablished = change.new == Event.TCPState.established
    if isEstablished { sockets.connect(change.socket, change.flow) }
    sockets.name(sockets.findOrAdd(change.socket), change.flow)
    if e.context == .process, e.pid != 0 {
      let isOver = change.isByPacket || change.new == Event.TCPState.close
      tasks.noteChange(
        tasks.findOrAdd(e.pid), isOver ? nil : ChangedSocket(socket: change.socket, flow: change.flow),
        answersHandshake: change.old == Event.TCPState.synSent && isEstablished)
    }
    if let context = context(of: e) { receive.stateChanged(e, change, in: context, &sockets) }
  }

  // MARK: frees

  mutating func dropped(_ e: Event, _ skb: UInt64, location: UInt64, reason: Int32) {
    if transmit.dropped(e, skb, location: location, reason: reason, in: knownContext(of: e)) { return }
    receive.dropped(skb, location: location, reason: reason, &sockets)
  }

  mutating func consumed(_ e: Event, _ skb: UInt64) {
    if transmit.completed(e, skb, .consumeSkb) { return }
    // A task that frees what it has read works off no backlog by that.
    let isReader = e.context == .process && !e.flags.contains(.bottomHalvesOff)
    receive.consumed(e, skb, in: isReader ? knownContext(of: e) : context(of: e), &sockets, &tasks)
  }

  // MARK: calls

  /// skb_copy_datagram_iovec: written before the bytes are copied, and with the name of the first packet that was coalesced.
  mutating func copied(_ e: Event, _ skb: UInt64, length: Int32) {
    guard e.context == .process, e.pid != 0 else { return }
    tasks.noteCopy(tasks.findOrAdd(e.pid), Copy(time: e.time, cpu: e.cpu, skb: skb, packet: receive.packet(at: skb), length: length))
  }

  mutating func received(_ e: Event, _ call: ReceiveResult) {
    if call.mayRead { receive.received(e, call, &sockets, &tasks) }
    callEnds(e)
  }

  /// tcp_rcv_space_adjust: TCP has given a task what it just copied. Kernels that do not tell the result of receive calls leave only this.
  mutating func spaceAdjusted(_ e: Event, _ address: UInt64, cookie: UInt64) {
    if sockets.known(cookie) != nil { sockets.join(address, to: cookie) }
    if e.context == .process, e.pid != 0, !e.flags.contains(.bottomHalvesOff), let socket = sockets.known(address) ?? sockets.known(cookie),
      tasks.copies(of: tasks.findOrAdd(e.pid)).isEmpty, receive.takenWithoutCopy(e, socket, &sockets, &tasks)
    {
      return
    }
    guard !hasReceiveLength, e.context == .process, let task = tasks.known(e.pid) else { return }
    receive.spaceAdjusted(e, task, address, cookie: cookie, &sockets, tasks)
    callEnds(e)
  }

  /// A call on a socket ends: its copies are accounted for, and later wakeups are not the packet's.
  mutating func callEnds(_ e: Event) {
    guard let task = tasks.known(e.pid) else { return }
    tasks.endCall(task, at: e.time)
    takeEnded()
    forgetSent(of: task)
    guard e.context == .process, let context = tasks.context(of: task) else { return }
    takeEnded()
    receive.callEnds(in: context, at: e.time)
  }

  // MARK: scheduling

  mutating func waking(_ e: Event, _ woken: Journey.Task) {
    let task = tasks.findOrAdd(woken.pid)
    tasks.name(task, woken.comm)
    guard woken.comm.kernelThread == .none else { return threadWaking(e, task, woken.comm.kernelThread) }
    if let context = context(of: e) { receive.waking(e, woken, in: context, &tasks) }
  }

  mutating func switched(_ e: Event, from previous: Int32, state: Int64, to next: Journey.Task) {
    // Nothing waits for the idle task, nor does it process packets.
    if previous != 0, let task = tasks.known(previous) {
      if let context = tasks.context(of: task) { receive.taskLeaves(context, at: e.time, isAsleep: state & 0xff != 0) }
      let count = tasks.openWakeups(of: task)
      if count > 0 {
        for number in 0..<count { receive.stayed(tasks.openWakeup(of: task, number)) }
        tasks.closeWakeups(of: task)
      }
    }
    guard next.pid != 0 else { return }
    let task = tasks.findOrAdd(next.pid)
    let mark = StageMark(time: e.time, cpu: e.cpu, context: .process, evidence: .schedSwitch, link: .ordered)
    tasks.switchIn(task, next.comm, mark)
    let count = tasks.openWakeups(of: task)
    guard count > 0 else { return }
    for number in 0..<count { receive.ran(tasks.openWakeup(of: task, number), next.pid, mark) }
    tasks.closeWakeups(of: task)
  }
}
