internal import Events
internal import Journeys

/// TCP takes in segments (net/ipv4/tcp_ipv4.c, tcp_input.c).
extension CPU {
  /// tcp_v4_rcv
  func receive(_ packet: Packet, _ segment: Segment) {
    let connection = segment.connection
    packet.received[0].protocolNumber = Event.IPProtocol.tcp
    packet.received[0].isEmpty = segment.length == 0
    guard let socket = connection.sockets[segment.side] else {
      if segment.isSYN { return receiveSYN(packet, connection) }
      if let listener = connection.listener, segment.acknowledges != nil { return receiveLastACK(packet, segment, listener) }
      return drop(packet, .noSocket, at: .tcpReceive)
    }
    receive(packet, socket)
  }

  private func receive(_ packet: Packet, _ socket: StreamSocket) {
    // bh_lock_sock
    guard socket.holder == nil else { return run({ $0.receive(packet, socket) }) }
    guard socket.owner == nil else { return addToBacklog(packet, socket) }
    socket.holder = self
    run({ $0.process(packet, socket, isBacklog: false) }, { _ in socket.holder = nil })
  }

  /// tcp_add_backlog: data that follow the last packet's join it there, and the packet is freed silently.
  private func addToBacklog(_ packet: Packet, _ socket: StreamSocket) {
    for truth in packet.received {
      truth.isBacklogged = true
      truth.batch?.hasSilent = true
    }
    guard socket.backlog.count < socket.connection.backlogLimit else { return drop(packet, .socketBacklog, at: .tcpReceive) }
    if let tail = socket.backlog.last, tail.canJoin(packet), machine.random.chance(machine.settings.coalescing) {
      tail.join(packet)
      for truth in packet.received { truth.isMergedInBacklog = true }
      return freeSilently(packet)
    }
    socket.backlog.append(packet)
  }

  /// tcp_v4_do_rcv
  func process(_ packet: Packet, _ socket: StreamSocket, isBacklog: Bool) {
    guard case .tcp(let segment) = packet.content else { return }
    for truth in packet.received { truth.socket = socket.address }
    if let bytes = segment.acknowledges { socket.acknowledged = max(socket.acknowledged, bytes) }
    // From a backlog, no event names the packet that changes a state.
    if isBacklog, socket.state != .established { for truth in packet.received { truth.isSilent = true } }
    switch socket.state {
    case .established:
      let names = machine.kernel.probeNamesPacket
      let mark = emit(
        .tcpProbe(
          skb: names ? packet.address : 0, socket: names ? socket.address : 0, cookie: socket.cookie, flow: socket.flow,
          dataLength: UInt32(segment.length)))
      for truth in packet.received { truth.mark(.transport, mark) }
      socket.account.take(segment.length)
      run({ $0.established(packet, segment, socket, isBacklog: isBacklog) })
    case .synSent: finishConnect(packet, socket)
    default: changeOfState(packet, segment, socket)
    }
  }

  /// tcp_rcv_established and tcp_data_queue
  private func established(_ packet: Packet, _ segment: Segment, _ socket: StreamSocket, isBacklog: Bool) {
    guard segment.length > 0 || segment.isFIN else { return takeACK(packet, socket) }
    if segment.to <= socket.accepted, !segment.isFIN {
      return run({ $0.drop(packet, .oldData, at: .tcpData) }, { $0.answer(socket, packet, isBacklog: isBacklog, isUrgent: true) })
    }
    guard segment.from <= socket.accepted else { return takeOutOfOrder(packet, segment, socket, isBacklog: isBacklog) }
    let isFreed = queue(packet, segment, socket)
    let filled = fillHoles(socket)
    let truths = packet.received
    let free: Step = { cpu in if isFreed { cpu.freeSilently(packet) } }
    let announce: Step = { cpu in
      guard socket.isReadable else { return socket.hideOrder() }
      guard !cpu.keepsSilent(socket, filled ? 0 : segment.length) else { return }
      socket.account.announce()
      cpu.announceData(socket.address, Event.IPProtocol.tcp, socket.waiters, for: truths)
    }
    let answer: Step = { $0.answer(socket, packet, isBacklog: isBacklog, isUrgent: filled || segment.isFIN) }
    if segment.isFIN {
      return run({ $0.takeFIN(socket, truths) }, free, { $0.announceData(socket.address, Event.IPProtocol.tcp, socket.waiters, for: truths) }, answer)
    }
    if filled || machine.random.chance(machine.settings.slowPath) { run(free, announce, answer) } else { run(answer, free, announce) }
  }

  /// A pure ACK: it may make room for a task that waits to send.
  private func takeACK(_ packet: Packet, _ socket: StreamSocket) {
    for truth in packet.received { truth.end(.absorbed) }
    let truths = packet.received
    run({ cpu in if socket.mayWriteAgain { cpu.wakeAll(socket.writers, for: truths) } }, { $0.freeSilently(packet) })
  }

  /// tcp_queue_rcv. Answers whether the packet itself is no longer needed.
  private func queue(_ packet: Packet, _ segment: Segment, _ socket: StreamSocket) -> Bool {
    var parts: [(truth: ReceivedTruth, end: Int)] = []
    var at = segment.from
    for truth in packet.received {
      let length = truth.payload ?? segment.length
      at += length
      // Of what was merged in the backlog, the first may have come before.
      if length > 0, at <= socket.accepted {
        truth.end(.absorbed)
        continue
      }
      parts.append((truth, at))
      truth.stream = length > 0 ? Int64(at - length)..<Int64(at) : nil
      if segment.isFIN, length == 0 { truth.end(.absorbed) }
    }
    socket.accepted = segment.to
    socket.unread += parts.map(\.truth)
    if socket.isOrderHidden { socket.hideOrder() }
    if segment.isFIN { socket.hasReceivedFIN = true }
    if let last = socket.queue.indices.last, !socket.queue[last].isFIN, machine.random.chance(machine.settings.coalescing) {
      socket.queue[last].to = segment.to
      socket.queue[last].isFIN = segment.isFIN
      socket.queue[last].parts += parts
      return true
    }
    socket.queue.append(QueuedData(packet: packet, from: segment.from, to: segment.to, isFIN: segment.isFIN, parts: parts))
    return false
  }

  /// tcp_data_queue_ofo: silence, but for an ACK that says what is missing.
  private func takeOutOfOrder(_ packet: Packet, _ segment: Segment, _ socket: StreamSocket, isBacklog: Bool) {
    let isKnown = socket.outOfOrder.contains { $0.segment.map { $0.from <= segment.from && segment.to <= $0.to } ?? false }
    guard !isKnown else {
      return run({ $0.answer(socket, packet, isBacklog: isBacklog, isUrgent: true) }, { $0.drop(packet, .oldData, at: .tcpData) })
    }
    // TCP_OFOMERGE: the new segment has all of these.
    for old in socket.outOfOrder where old.segment.map({ segment.from <= $0.from && $0.to <= segment.to && !$0.isFIN }) ?? false {
      socket.outOfOrder.removeAll { $0 === old }
      drop(old, .oldData, at: .tcpData)
    }
    socket.outOfOrder.append(packet)
    socket.unread += packet.received
    socket.hideOrder()
    run({ $0.answer(socket, packet, isBacklog: isBacklog, isUrgent: true) })
  }

  /// tcp_ofo_queue: what waited for the missing bytes joins the receive queue. Answers whether anything did.
  private func fillHoles(_ socket: StreamSocket) -> Bool {
    var hasFilled = false
    while let place = socket.outOfOrder.firstIndex(where: { ($0.segment?.from ?? .max) <= socket.accepted }) {
      let packet = socket.outOfOrder.remove(at: place)
      guard let segment = packet.segment else { continue }
      // TCP_OFO_DROP
      guard segment.to > socket.accepted || segment.isFIN else {
        drop(packet, .oldData, at: .tcpData)
        continue
      }
      hasFilled = true
      if queue(packet, segment, socket) { freeSilently(packet) }
    }
    return hasFilled
  }

  /// __tcp_ack_snd_check
  private func answer(_ socket: StreamSocket, _ packet: Packet, isBacklog: Bool, isUrgent: Bool) {
    if !isUrgent, machine.random.chance(machine.settings.delayedACK) {
      guard !socket.isACKDelayed else { return }
      socket.isACKDelayed = true
      return setTimer(machine.random.number(100_000...600_000)) { $0.acknowledgeLate(socket) }
    }
    // tcp_backlog_ack_defer
    if isBacklog, machine.kernel.probeNamesPacket { return socket.isACKDeferred = true }
    acknowledge(socket, for: isBacklog ? nil : packet.received[0])
  }

  /// tcp_delack_timer
  private func acknowledgeLate(_ socket: StreamSocket) {
    guard socket.isACKDelayed, socket.state != .close else { return }
    guard socket.holder == nil else { return run({ $0.acknowledgeLate(socket) }) }
    guard socket.owner == nil else { return socket.isACKDeferred = true }
    acknowledge(socket, for: nil)
  }
}

extension Packet {
  var segment: Segment? { if case .tcp(let segment) = content { segment } else { nil } }

  fileprivate func canJoin(_ other: Packet) -> Bool {
    guard let own = segment, let next = other.segment else { return false }
    return own.to == next.from && !own.isSYN && !next.isSYN && !own.isFIN && own.acknowledges != nil && next.acknowledges != nil
  }

  fileprivate func join(_ other: Packet) {
    guard var own = segment, let next = other.segment else { return }
    if received.count == 1 { received[0].payload = own.length }
    for truth in other.received where truth.payload == nil { truth.payload = next.length }
    own.to = next.to
    own.isFIN = next.isFIN
    own.acknowledges = next.acknowledges
    own.acknowledgesFIN = next.acknowledgesFIN
    content = .tcp(own)
    received += other.received
  }
}
