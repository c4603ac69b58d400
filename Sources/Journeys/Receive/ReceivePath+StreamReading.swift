internal import BasicContainers
internal import DequeModule
internal import Events

/// From the socket's queue to the application: receive calls, and what they read from TCP's streams.
extension ReceivePath {
  /// sock_recv_length: a receive call on a socket ends with bytes or an error.
  mutating func received(_ e: Event, _ call: ReceiveResult, _ sockets: inout SocketTable, _ tasks: inout TaskTracker) {
    let index = sockets.findOrAdd(call.socket)
    let isStream = call.protocolNumber == Event.IPProtocol.tcp
    if call.foundEmpty {
      let begin = tasks.known(e.pid).map { tasks.callEnd(of: $0) } ?? 0
      return isStream ? foundStreamEmpty(&sockets[index].stream, before: begin) : foundDatagramsEmpty(&sockets[index].datagrams, before: begin)
    }
    guard call.result >= 0 else { return }
    let reader = Reader(e, task: tasks.findOrAdd(e.pid), tasks)
    if isStream {
      // What this call took without a copy is accounted for.
      readStream(reader, index, Int64(call.result) - tasks.settleTakenWithoutCopy(reader.task), &sockets)
    } else {
      readDatagram(reader, index, call, &sockets, &tasks)
    }
  }

  /// tcp_rcv_space_adjust: TCP has given a task what it just copied. Kernels that do not tell the result of receive calls leave only this.
  mutating func spaceAdjusted(
    _ e: Event, _ task: Int, _ address: UInt64, cookie: UInt64, _ sockets: inout SocketTable, _ tasks: borrowing TaskTracker
  ) {
    let reader = Reader(e, task: task, tasks, socket: address, isOrdered: true)
    let bytes = reader.copies.reduce(Int64(0)) { $0 + Int64($1.length) }
    guard bytes > 0, let index = sockets.known(cookie) ?? sockets.known(address) else { return }
    readStream(reader, index, bytes, &sockets)
  }

  /// splice, sendfile and a read with MSG_TRUNC take data without a copy (`tcp_read_sock`, net/ipv4/tcp.c): what stands in the queue has been taken.
  mutating func takenWithoutCopy(_ e: Event, _ socket: Int, _ sockets: inout SocketTable, _ tasks: inout TaskTracker) -> Bool {
    guard visible.hasDataReady || visible.hasReadable else { return false }
    let bytes = sockets[socket].stream.accepted - sockets[socket].stream.readPosition
    guard bytes > 0, sockets[socket].stream.isSynchronised || sockets[socket].stream.readPosition == 0 else { return true }
    let task = tasks.findOrAdd(e.pid)
    tasks.noteTakenWithoutCopy(task, bytes)
    readStream(Reader(e, task: task, tasks, isOrdered: true, isSplice: true), socket, bytes, &sockets)
    return true
  }

  /// The reader was told that the queue is empty. What came while the call ran may have missed it: from a backlog when the lock was
  /// released, or on another CPU; what had been announced before (`begin`, nanoseconds) was read by somebody we did not see. Positions are certain
  /// from here.
  private mutating func foundStreamEmpty(_ stream: inout StreamQueue, before begin: UInt64) {
    // What waits for bytes before it may stand in the queue, and what was taken for it may have been read.
    if stream.isOrderOpen { return }
    while let entry = stream.entries.first, giveUp(entry.packet, announcedBefore: begin) { _ = stream.popFirst() }
    stream.synchroniseAtFirst()
  }

  private mutating func foundDatagramsEmpty(_ datagrams: inout DatagramQueue, before begin: UInt64) {
    while let entry = datagrams.entries.first, giveUp(entry.packet, announcedBefore: begin) { _ = datagrams.popFirst() }
  }

  /// Gives up `packet`, if it was announced before `begin` (nanoseconds); false if it was not, and is still there.
  private mutating func giveUp(_ packet: PacketRef, announcedBefore begin: UInt64) -> Bool {
    guard let slot = packets.slot(packet) else { return true }
    guard let ready = packets[slot].journey.stages[.ready], ready.time < begin else { return false }
    giveUp(slot)
    return true
  }

  private mutating func readStream(_ reader: Reader, _ socket: Int, _ bytes: Int64, _ sockets: inout SocketTable) {
    guard bytes > 0 else { return }
    if !sockets[socket].stream.isSynchronised { synchronise(reader, &sockets[socket].stream) }
    if !visible.hasDataReady, let copy = reader.copies.first { correctByCopy(copy, socket, &sockets) }
    let start = sockets[socket].stream.readPosition
    if sockets[socket].stream.isSynchronised { reorder(&sockets[socket].stream, by: reader.copies) }
    sockets[socket].stream.read(bytes)
    let isSynchronised = sockets[socket].stream.isSynchronised
    let link: Link = !isSynchronised ? .inferred : reader.isOrdered ? .ordered : .exact
    while let entry = sockets[socket].stream.popRead() {
      guard let slot = packets.slot(entry.packet) else { continue }
      if !isSynchronised, sockets[socket].stream.hasLost { packets[slot].markAmbiguous() }
      // Nothing shows whether data came in order where nothing announces them (before 6.3); a copy names the first that it takes.
      let isNamed = visible.hasDataReady || visible.hasReadable || reader.copies.contains { $0.packet == entry.packet }
      let isSure = entry.isPlaced || packets[slot].isNumbered || isNamed && !entry.isGuessed
      finishReading(reader, slot, reader.mark(covering: entry.bytes.upperBound - start, isSure ? link : .inferred))
    }
    sockets[socket].stream.endRead()
  }

  /// A call that is over has read from `stream`. If its order is open, the copies of the call place the packets they name, and all others are in
  /// doubt.
  private mutating func reorder(_ stream: inout StreamQueue, by copies: [Copy]) {
    guard stream.reorder(by: copies) else { return }
    for entry in stream.entries {
      guard let slot = packets.slot(entry.packet) else { continue }
      packets[slot].doubt(!entry.isPlaced)
      packets[slot].journey.stream = entry.bytes
    }
  }

  /// The recording began, or lost events, while data were queued: the copy names a packet, and its position is where reading stands.
  private mutating func synchronise(_ reader: Reader, _ stream: inout StreamQueue) {
    guard let copy = reader.copies.first, let slot = packets.find(copy.skb), let place = stream.place(of: packets.ref(slot)) else { return }
    for _ in 0..<place {
      if let passed = stream.popFirst(), let slot = packets.slot(passed.packet) { end(slot, .unknown) }
    }
    stream.synchroniseAtFirst()
  }

  /// A copy names the packet that stands first in the queue of `socket`. If that is another of the same length, which went to another socket
  /// of the batch or was silent, the two were taken for one another.
  private mutating func correctByCopy(_ copy: Copy, _ socket: Int, _ sockets: inout SocketTable) {
    guard let first = sockets[socket].stream.entries.first, let slot = packets.slot(first.packet), packets[slot].journey.skb != copy.skb,
      first.bytes.lowerBound == sockets[socket].stream.readPosition, let named = packets.find(copy.skb),
      packets[named].journey.length == packets[slot].journey.length
    else { return }
    let namedRef = packets.ref(named)
    switch packets[named].state {
    case .parked:
      parked.append(ParkedPacket(packet: first.packet, time: copy.time))
    case .queued:
      guard let other = sockets.known(packets[named].socketKey), other != socket,
        sockets[other].stream.replace(namedRef, by: first.packet) || sockets[other].datagrams.replace(namedRef, by: first.packet)
      else { return }
    default: return
    }
    _ = sockets[socket].stream.replace(first.packet, by: namedRef)
    let (old, new) = (packets[slot], packets[named])
    packets[slot].adopt(new, new.state)
    packets[named].adopt(old, .queued)
  }

  /// The application has the packet in `slot`.
  mutating func finishReading(_ reader: Reader, _ slot: Int, _ mark: StageMark) {
    if packets[slot].journey.socket == 0 { packets[slot].journey.socket = reader.socket }
    packets[slot].journey.reader = reader.identity
    packets[slot].journey.stages[.read] = mark
    if !reader.isWatched { packets[slot].journey.conditions.insert(.unwatched) }
    if packets[slot].wakerCount == 0, let running = reader.switchedIn, let ready = packets[slot].journey.stages[.ready],
      running.time > ready.time, running.time < mark.time
    {
      var inferred = running
      inferred.link = .inferred
      packets[slot].journey.stages[.running] = inferred
    }
    // Its announcement is still to come.
    if packets[slot].isFreedEarly, !packets[slot].journey.stages.has(.ready), isInBatch(slot) { return }
    end(slot, .delivered)
  }
}
