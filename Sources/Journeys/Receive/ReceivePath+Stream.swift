internal import BasicContainers
internal import DequeModule
internal import Events

/// TCP's account of its stream: which bytes each packet carries, also where packets were put together without an event.
extension ReceivePath {
  /// The data of the segment in `slot` join the receive queue of `socket`. If there are more than the packet can carry, IP put it together from
  /// fragments, or TCP coalesced later packets with it while it waited in the socket's backlog (`tcp_add_backlog`), or both.
  mutating func accept(_ e: Event, _ slot: Int, length dataLength: UInt32, _ socket: Int, in context: Int, _ sockets: inout SocketTable) {
    if acceptByNumber(e, slot, length: dataLength, socket, in: context, &sockets) { return }
    noteOrder(slot, &sockets[socket].stream)
    let length = packets[slot].journey.length
    guard dataLength + 40 > length else {
      sockets[socket].stream.headerLength = length - dataLength
      return enqueue(slot, length: dataLength, &sockets[socket].stream)
    }
    let headers = sockets[socket].stream.headerLength ?? 52
    let nearby = silentPackets(around: slot, in: context)
    var own = ReassembledPacket(packet: slot, dataLength: length > headers ? length - headers : 0)
    if let whole = reassembled(slot, nearby.before, headers), whole.dataLength <= dataLength + padding(slot) { own = whole }
    own.dataLength = min(own.dataLength, dataLength)
    var rest = dataLength - own.dataLength
    var accepted = [own]
    for var packet in reassembled(nearby.after, headers) where rest > 0 && packet.dataLength <= rest + padding(packet.packet) {
      packet.dataLength = min(packet.dataLength, rest)
      rest -= packet.dataLength
      accepted.append(packet)
    }
    acceptCoalesced(accepted, e, in: context, &sockets[socket].stream)
    // Data whose packet we never saw.
    sockets[socket].stream.skip(rest)
  }

  /// The packet in `slot` brings data to the queue, behind all that came before.
  private func noteOrder(_ slot: Int, _ stream: inout StreamQueue) {
    var isBehindUnannounced = false
    if visible.hasDataReady || visible.hasReadable, let last = packets.slot(stream.latest), last != slot {
      isBehindUnannounced = !packets[last].journey.stages.has(.ready) && packets[last].dataLength > 0
    }
    stream.noteArrival(packets.ref(slot), isBehindUnannounced: isBehindUnannounced)
  }

  /// What TCP accepts now is made up of `reassembled`, guessed from lengths; the first is the packet that the event names.
  private mutating func acceptCoalesced(_ reassembled: [ReassembledPacket], _ e: Event, in context: Int, _ stream: inout StreamQueue) {
    guard let own = reassembled.first else { return }
    endFragments(own.fragments, of: own.packet)
    enqueue(own.packet, length: own.dataLength, isGuessed: true, &stream)
    for other in reassembled.dropFirst() {
      endFragments(other.fragments, of: other.packet)
      packets[other.packet].isCoalescedByLength = true
      packets[other.packet].journey.protocolNumber = Event.IPProtocol.tcp
      coalesce(other.packet, with: own.packet, StageMark(e, .tcpProbe, .inferred), in: context)
      enqueue(other.packet, length: other.dataLength, isGuessed: true, &stream)
    }
  }

  /// TCP has coalesced the packet in `slot` with the one in `own`, which `context` processes.
  private mutating func coalesce(_ slot: Int, with own: Int, _ mark: StageMark, in context: Int) {
    packets[slot].advance(to: .processing)
    packets[slot].journey.flow = packets[own].journey.flow
    packets[slot].journey.socket = packets[own].journey.socket
    packets[slot].socketKey = packets[own].socketKey
    packets[slot].journey.stages[.transport] = mark
    contexts[context].coalesced.append(packets.ref(slot))
  }

  private mutating func enqueue(_ slot: Int, length: UInt32, isGuessed: Bool = false, _ stream: inout StreamQueue) {
    packets[slot].dataLength = length
    packets[slot].journey.stream = stream.append(packets.ref(slot), length: length, isGuessed: isGuessed)
  }

  /// IP has put `fragments` together with the packet in `slot`, and they are part of it from here.
  private mutating func endFragments(_ fragments: [Int], of slot: Int) {
    packets[slot].journey.frames += UInt32(fragments.count)
    for fragment in fragments { end(fragment, .merged) }
  }

  // MARK: by sequence number

  /// Puts the segment's data where its number says, and those of segments that TCP coalesced with it; false if the numbers are not known.
  private mutating func acceptByNumber(
    _ e: Event, _ slot: Int, length dataLength: UInt32, _ socket: Int, in context: Int, _ sockets: inout SocketTable
  ) -> Bool {
    guard let header = packets[slot].journey.header, header.protocolNumber == Event.IPProtocol.tcp else { return false }
    guard header.fragment != nil || header.payload ?? dataLength < dataLength else {
      let first = header.sequence &+ (header.flags.contains(.syn) ? 1 : 0)
      place(slot, sequence: first, length: dataLength, &sockets[socket].stream)
      releaseOutOfOrder(&sockets[socket].stream)
      return true
    }
    guard let run = segmentRun(from: slot, silentPackets(around: slot, in: context), reported: dataLength) else { return false }
    for segment in run {
      endFragments(segment.fragments, of: segment.packet)
      if segment.packet != slot { coalesce(segment.packet, with: slot, StageMark(e, .tcpProbe, .ordered), in: context) }
      let isCoalesced = run.count > 1
      place(segment.packet, sequence: segment.sequence, length: segment.dataLength, isCoalesced: isCoalesced, &sockets[socket].stream)
    }
    releaseOutOfOrder(&sockets[socket].stream)
    return true
  }

  /// The bytes of the packet in `slot` in `stream`.
  private mutating func place(_ slot: Int, sequence: UInt32, length: UInt32, isCoalesced: Bool = false, _ stream: inout StreamQueue) {
    packets[slot].isNumbered = true
    switch stream.place(packets.ref(slot), sequence: sequence, length: length, isCoalesced: isCoalesced) {
    case .duplicate: packets[slot].dataLength = 0
    case .outOfOrder(let bytes), .inOrder(let bytes):
      packets[slot].dataLength = length
      packets[slot].journey.stream = bytes
    }
  }

  /// tcp_ofo_queue: what waited for the bytes before it joins the receive queue.
  private mutating func releaseOutOfOrder(_ stream: inout StreamQueue) {
    while let released = stream.releaseNext() {
      switch released {
      case .joins(let packet, let bytes):
        if let slot = packets.slot(packet) { packets[slot].journey.stream = bytes }
      case .isCovered(let packet):
        guard let slot = packets.slot(packet), packets[slot].state == .queued else { continue }
        packets[slot].journey.stream = nil
        end(slot, .absorbed)
      }
    }
  }
}
