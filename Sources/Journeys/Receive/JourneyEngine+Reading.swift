internal import BasicContainers
internal import DequeModule
internal import Events

/// From the socket's queue to the application.
extension JourneyEngine {
  /// skb_copy_datagram_iovec: written before the bytes are copied, and with the name of the first packet that was merged.
  mutating func copy(_ e: Event, _ skb: UInt64, _ length: Int32) {
    guard e.context == .process, e.pid != 0 else { return }
    let task = tasks.find(e.pid)
    if tasks.tasks[task].copies.count >= Self.copyLimit { tasks.tasks[task].copies.removeFirst(Self.copyLimit / 2) }
    tasks.tasks[task].copies.append(
      Copy(time: e.time, cpu: e.cpu, skb: skb, packet: packets.find(skb).map { packets.ref($0) } ?? .none, length: length))
  }

  /// A receive call with more copies than this keeps the later ones only.
  private static let copyLimit = 65_536

  /// sock_recv_length: a receive call on a socket ends with `result` bytes or an error.
  mutating func received(_ e: Event, _ socket: UInt64, _ family: UInt16, _ proto: UInt16, _ result: Int32, _ flags: Int32) {
    defer { endCall(e) }
    guard family == Event.AddressFamily.inet || family == Event.AddressFamily.inet6, flags & Self.peek == 0, flags & Self.errorQueue == 0
    else { return }
    let index = sockets.find(socket)
    if result == Self.tryAgain { return foundEmpty(index, e) }
    guard result >= 0 else { return }
    let reader = Reader(e, task: tasks.find(e.pid), comm: tasks.tasks[tasks.find(e.pid)].comm)
    if proto == Event.IPProtocol.tcp {
      readStream(reader, index, Int64(result))
    } else if let (slot, mark) = namedDatagram(reader), packets.slots[slot].state == .consumed || packets.slots[slot].socketKey != 0 {
      readNamed(reader, slot, mark, socket, proto, Int64(result))
    } else if readDatagram(reader, index, Int64(result)) == false, !readUnnamedDatagram(reader, socket, proto, Int64(result)) {
      let mark = mark(reader, covering: 0, .inferred)
      sockets.sockets[index].earlyRead = (Journey.Task(pid: e.pid, comm: reader.comm), mark, Int64(result))
    }
  }

  /// tcp_rcv_space_adjust: TCP has given a task what it just copied. Kernels that do not tell the result of receive calls leave only this.
  mutating func spaceAdjusted(_ e: Event, _ socket: UInt64, _ cookie: UInt64) {
    if sockets.known(cookie) != nil { sockets.join(socket, to: cookie) }
    guard !hasReceiveLength, e.context == .process, let task = tasks.known(e.pid) else { return }
    let bytes = tasks.tasks[task].copies.reduce(Int64(0)) { $0 + Int64($1.length) }
    guard bytes > 0, let index = sockets.known(cookie) ?? sockets.known(socket) else { return endCall(e) }
    readStream(Reader(e, task: task, comm: tasks.tasks[task].comm, socket: socket, isOrdered: true), index, bytes)
    endCall(e)
  }

  /// A task freed a packet we know nothing of: a raw socket's clone, whose original woke the task. Only kernels without sk_data_ready need this.
  mutating func readCloneByFreeing(_ e: Event, _ task: Int) {
    guard !hasDataReady, let slot = packets.slot(tasks.tasks[task].wokenBy),
      packets.slots[slot].state == .parked || ((hasReadable || hasStacks) && packets.slots[slot].state == .queued)
    else { return }
    deliver(Reader(e, task: task, comm: tasks.tasks[task].comm), slot, StageMark(e, .consumeSkb, .inferred))
    tasks.tasks[task].copies.removeFew()
  }

  /// A task freed a packet that nothing else had shown to reach a socket.
  mutating func readByFreeing(_ e: Event, _ slot: Int) {
    let task = tasks.find(e.pid)
    var mark = StageMark(e, .consumeSkb, .exact)
    if let copy = tasks.tasks[task].copies.last, copy.skb == packets.slots[slot].journey.skb {
      mark = StageMark(time: copy.time, cpu: copy.cpu, context: .process, evidence: .skbCopyDatagram, link: .exact)
    }
    if let header = packets.slots[slot].journey.header, header.protocolNumber == Event.IPProtocol.udp, let size = header.payload {
      packets.slots[slot].journey.stream = 0..<Int64(size)
    }
    deliver(Reader(e, task: task, comm: tasks.tasks[task].comm), slot, mark)
    tasks.tasks[task].copies.removeFew()
  }

  private static let peek: Int32 = 0x2
  private static let errorQueue: Int32 = 0x2000
  private static let tryAgain: Int32 = -11

  /// A call on a socket ends: its copies are accounted for, and later wakeups are not the packet's.
  mutating func endCall(_ e: Event) {
    guard let task = tasks.known(e.pid) else { return }
    tasks.tasks[task].copies.removeFew()
    tasks.tasks[task].consumed = nil
    tasks.tasks[task].changed = nil
    tasks.tasks[task].answersHandshake = false
    tasks.tasks[task].callEnd = e.time
    releaseSent(task)
    guard tasks.tasks[task].context >= 0, e.context == .process else { return }
    endBatch(Int(tasks.tasks[task].context), e.time)
  }

  private struct Reader {
    let event: Event
    let task: Int
    let comm: NameID
    /// The socket's address, if the packet's journey does not have it yet.
    let socket: UInt64
    /// Whether the call is joined to the socket by order only.
    let isOrdered: Bool

    init(_ event: Event, task: Int, comm: NameID, socket: UInt64 = 0, isOrdered: Bool = false) {
      self.event = event
      self.task = task
      self.comm = comm
      self.socket = socket
      self.isOrdered = isOrdered
    }
  }

  /// The reader was told that the queue is empty. What came while the call ran may have missed it: from a backlog when the lock was
  /// released, or on another CPU; what had been announced before was read by somebody we did not see. Positions are certain from here.
  private mutating func foundEmpty(_ socket: Int, _ e: Event) {
    let task = tasks.find(e.pid)
    let begin = tasks.tasks[task].callEnd
    // What waits for bytes before it may stand in the queue, and what was taken for it may have been read.
    if sockets.sockets[socket].isOrderOpen { return }
    while let entry = sockets.sockets[socket].queue.first {
      if let slot = packets.slot(entry.packet) {
        guard let ready = packets.slots[slot].journey.stages[.ready], ready.time < begin else { break }
        if packets.slots[slot].journey.completeness == .complete { packets.slots[slot].journey.completeness = .ambiguous }
        end(slot, .unknown)
      }
      sockets.sockets[socket].queue.removeFirst()
    }
    let first = sockets.sockets[socket].queue.first.flatMap { packets.slot($0.packet) }
    let start = first.flatMap { packets.slots[$0].journey.stream?.lowerBound }
    sockets.sockets[socket].isSynchronised = true
    sockets.sockets[socket].hasLost = false
    sockets.sockets[socket].consumed = start ?? sockets.sockets[socket].accepted
  }

  // MARK: TCP

  private mutating func readStream(_ reader: Reader, _ socket: Int, _ bytes: Int64) {
    guard bytes > 0 else { return }
    if !sockets.sockets[socket].isSynchronised { synchronise(reader, socket) }
    if !hasDataReady, let copy = tasks.tasks[reader.task].copies.first { correctByCopy(copy, socket) }
    let start = sockets.sockets[socket].consumed
    if sockets.sockets[socket].isSynchronised { arrange(tasks.tasks[reader.task].copies, socket) }
    sockets.sockets[socket].consumed += bytes
    let link: Link = !sockets.sockets[socket].isSynchronised ? .inferred : reader.isOrdered ? .ordered : .exact
    while let entry = sockets.sockets[socket].queue.first, entry.end <= sockets.sockets[socket].consumed {
      sockets.sockets[socket].queue.removeFirst()
      guard let slot = packets.slot(entry.packet) else { continue }
      if link == .inferred, sockets.sockets[socket].hasLost, packets.slots[slot].journey.completeness == .complete {
        packets.slots[slot].journey.completeness = .ambiguous
      }
      // Nothing shows whether data came in order where nothing announces them (before 6.3); a copy names the first that it takes.
      let isNamed = hasDataReady || hasReadable || tasks.tasks[reader.task].copies.contains { $0.packet == entry.packet }
      let isSure = packets.slots[slot].isPlaced || isNamed && !entry.isGuessed
      deliver(reader, slot, mark(reader, covering: entry.end - start, isSure ? link : .inferred))
    }
    if sockets.sockets[socket].consumed == sockets.sockets[socket].accepted { sockets.sockets[socket].isOrderOpen = false }
    // More was read than we saw arrive: data from before the recording, or segments that no event names.
    if sockets.sockets[socket].consumed > sockets.sockets[socket].accepted {
      sockets.sockets[socket].accepted = sockets.sockets[socket].consumed
    }
  }

  /// The recording began, or lost events, while data were queued: the copy names a packet, and its position is where reading stands.
  private mutating func synchronise(_ reader: Reader, _ socket: Int) {
    guard let copy = tasks.tasks[reader.task].copies.first, let slot = packets.find(copy.skb) else { return }
    let ref = packets.ref(slot)
    guard let place = sockets.sockets[socket].queue.firstIndex(where: { $0.packet == ref }) else { return }
    for _ in 0..<place {
      if let passed = sockets.sockets[socket].queue.popFirst(), let slot = packets.slot(passed.packet) { end(slot, .unknown) }
    }
    sockets.sockets[socket].consumed = packets.slots[slot].journey.stream?.lowerBound ?? sockets.sockets[socket].consumed
    sockets.sockets[socket].isSynchronised = true
    sockets.sockets[socket].hasLost = false
  }

  /// The copy of this call that brought byte `end` of what the call returned; the call's own end where copies leave no event (splice).
  @inline(__always)
  private func mark(_ reader: Reader, covering end: Int64, _ link: Link) -> StageMark {
    var copied: Int64 = 0
    for copy in tasks.tasks[reader.task].copies {
      copied += Int64(copy.length)
      if copied >= end {
        return StageMark(time: copy.time, cpu: copy.cpu, context: .process, evidence: .skbCopyDatagram, link: link)
      }
    }
    return StageMark(reader.event, .sockRecvLength, link)
  }

  // MARK: datagrams

  /// The call's copy or free names the datagram in `slot`, wherever it was thought to be.
  private mutating func readNamed(_ reader: Reader, _ slot: Int, _ mark: StageMark, _ socket: UInt64, _ proto: UInt16, _ bytes: Int64) {
    if isReadable(slot), packets.slots[slot].socketKey != socket { retract(slot, mark.time) }
    packets.slots[slot].isDoubtful = false
    let index = sockets.find(socket)
    correct(slot, index, mark.time)
    let ref = packets.ref(slot)
    if let place = sockets.sockets[index].queue.firstIndex(where: { $0.packet == ref }) {
      sockets.sockets[index].queue.remove(at: place)
      for passed in sockets.sockets[index].queue.prefix(place).reversed() where !mayFollow(passed.packet, slot) {
        sockets.sockets[index].queue.removeAll { $0 == passed }
        giveUp(passed.packet)
      }
      shorten(slot, to: bytes)
    } else {
      packets.slots[slot].journey.stream = 0..<bytes
    }
    packets.slots[slot].journey.protocolNumber = proto
    packets.slots[slot].journey.socket = socket
    deliver(reader, slot, mark)
  }

  /// Whether `passed`, announced before the datagram in `slot`, may stand behind it: another CPU put it in between that one's entry into the
  /// queue and its announcement (`__udp_enqueue_schedule_skb`).
  private func mayFollow(_ passed: PacketRef, _ slot: Int) -> Bool {
    guard let other = packets.slot(passed), let ready = packets.slots[other].journey.stages[.ready],
      let receive = packets.slots[slot].journey.stages[.receive]
    else { return false }
    return ready.cpu != receive.cpu && receive.time < ready.time
  }

  /// Joins the call to the datagram it read; false if the socket has none.
  private mutating func readDatagram(_ reader: Reader, _ socket: Int, _ bytes: Int64) -> Bool {
    // A datagram cannot give more bytes than it has: one that is too small was not the one that was read.
    while let first = sockets.sockets[socket].queue.first {
      let place = first.end == bytes ? nil : overtaking(socket, bytes)
      let entry = sockets.sockets[socket].queue.remove(at: place ?? 0)
      guard let slot = packets.slot(entry.packet) else { continue }
      if entry.end < bytes {
        giveUp(entry.packet)
        continue
      }
      shorten(slot, to: bytes)
      var mark = mark(reader, covering: 0, place == nil ? .ordered : .inferred)
      if tasks.tasks[reader.task].copies.isEmpty, let consumed = tasks.tasks[reader.task].consumed {
        mark = StageMark(time: consumed.time, cpu: consumed.cpu, context: .process, evidence: .consumeSkb, link: .ordered)
      }
      deliver(reader, slot, mark)
      return true
    }
    return false
  }

  /// Two CPUs that put datagrams into one queue may announce them in the other order: the place of the first one close by that has exactly
  /// `bytes`, or nil.
  @inline(__always)
  private func overtaking(_ socket: Int, _ bytes: Int64) -> Int? {
    sockets.sockets[socket].queue.prefix(Self.overtakingLimit).firstIndex { $0.end == bytes && packets.slot($0.packet) != nil }
  }

  private static let overtakingLimit = 16

  /// Text does not print the socket of sk_data_ready: all its datagrams wait in one queue. The one that the call's copy or free names is the
  /// one; else the first of the same size and protocol that woke the reader, or the first at all.
  private mutating func readUnnamedDatagram(_ reader: Reader, _ socket: UInt64, _ proto: UInt16, _ bytes: Int64) -> Bool {
    guard socket != 0, let index = sockets.known(0) else { return false }
    let queue = sockets.sockets[index].queue
    let named = namedDatagram(reader)
    func fits(_ entry: QueuedPacket) -> Bool {
      guard let slot = packets.slot(entry.packet) else { return false }
      return packets.slots[slot].journey.protocolNumber == proto && entry.end >= bytes
    }
    func woke(_ entry: QueuedPacket) -> Bool {
      guard let slot = packets.slot(entry.packet) else { return false }
      return (0..<packets.slots[slot].wakerCount).contains { packets.slots[slot].wakers[$0].task.pid == reader.event.pid }
    }
    let place =
      named.flatMap { named in queue.firstIndex { $0.packet == packets.ref(named.0) } }
      ?? queue.firstIndex { fits($0) && $0.end == bytes && woke($0) } ?? queue.firstIndex { fits($0) && $0.end == bytes }
      ?? queue.firstIndex { fits($0) }
    guard let place, let slot = packets.slot(queue[place].packet) else { return false }
    sockets.sockets[index].queue.remove(at: place)
    packets.slots[slot].journey.socket = socket
    deliver(reader, slot, named?.0 == slot ? named?.1 ?? mark(reader, covering: 0, .inferred) : mark(reader, covering: 0, .inferred))
    return true
  }

  /// The datagram that this call's copy or free names. Freed, its address may be another packet's already.
  @inline(__always)
  private func namedDatagram(_ reader: Reader) -> (Int, StageMark)? {
    func mark(_ copy: Copy) -> StageMark {
      StageMark(time: copy.time, cpu: copy.cpu, context: .process, evidence: .skbCopyDatagram, link: .exact)
    }
    if let consumed = tasks.tasks[reader.task].consumed, let slot = packets.slot(consumed.packet),
      isReadable(slot) || packets.slots[slot].state == .consumed
    {
      let copy = tasks.tasks[reader.task].copies.last { $0.skb == packets.slots[slot].journey.skb }
      let mark = StageMark(
        time: copy?.time ?? consumed.time, cpu: copy?.cpu ?? consumed.cpu, context: .process,
        evidence: copy == nil ? .consumeSkb : .skbCopyDatagram, link: .exact)
      return (slot, mark)
    }
    if let copy = tasks.tasks[reader.task].copies.last, let slot = packets.slot(copy.packet), isReadable(slot) { return (slot, mark(copy)) }
    return nil
  }

  /// Whether the packet in `slot` is in its socket's queue; the CPU that put it there may still be at its batch.
  @inline(__always)
  private func isReadable(_ slot: Int) -> Bool {
    packets.slots[slot].state == .queued || packets.slots[slot].state == .processing && packets.slots[slot].dataLength > 0
  }

  /// netif_receive_skb counts the padding of a frame of 46 bytes, the shortest, and a VLAN tag that the device left in the packet: only the
  /// call that read the datagram tells its size.
  private mutating func shorten(_ slot: Int, to bytes: Int64) {
    let counted = packets.slots[slot].journey.stream?.upperBound ?? bytes
    if packets.slots[slot].journey.length == 46 || counted - bytes == 4 { packets.slots[slot].journey.stream = 0..<bytes }
  }

  private mutating func giveUp(_ ref: PacketRef) {
    guard let slot = packets.slot(ref) else { return }
    if packets.slots[slot].journey.completeness == .complete { packets.slots[slot].journey.completeness = .ambiguous }
    end(slot, .unknown)
  }

  /// The application has the packet in `slot`.
  private mutating func deliver(_ reader: Reader, _ slot: Int, _ mark: StageMark) {
    if packets.slots[slot].journey.socket == 0 { packets.slots[slot].journey.socket = reader.socket }
    packets.slots[slot].journey.reader = Journey.Task(pid: reader.event.pid, comm: reader.comm)
    packets.slots[slot].journey.stages[.read] = mark
    if !statistics.chosenTasks.isEmpty, !statistics.chosenTasks.contains(reader.comm) { packets.slots[slot].journey.conditions.insert(.unwatched) }
    if packets.slots[slot].wakerCount == 0, let running = tasks.tasks[reader.task].switchedIn,
      let ready = packets.slots[slot].journey.stages[.ready], running.time > ready.time, running.time < mark.time
    {
      var inferred = running
      inferred.link = .inferred
      packets.slots[slot].journey.stages[.running] = inferred
    }
    // Its announcement is still to come.
    if packets.slots[slot].isTaken, !packets.slots[slot].journey.stages.has(.ready), isWaiting(slot) { return }
    end(slot, .delivered)
  }

  /// Whether a CPU is still at the batch of the packet in `slot`.
  @inline(__always)
  func isWaiting(_ slot: Int) -> Bool {
    let ref = packets.ref(slot)
    return softContext.contains { contexts[Int($0)].pending.contains(ref) }
  }
}
