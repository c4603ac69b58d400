internal import DequeModule
internal import Events

/// TCP's stream by the numbers that segments carry, where the recording has their headers: out of order, again, and over one another.
extension JourneyEngine {
  /// The packet in `slot` made a connection stand: the byte behind its SYN, or its own number, is where the stream begins.
  mutating func anchor(_ slot: Int, _ socket: UInt64) {
    guard let header = packets.slots[slot].journey.header, header.protocolNumber == Event.IPProtocol.tcp else { return }
    let index = sockets.find(socket)
    guard sockets.sockets[index].anchor == nil, sockets.sockets[index].accepted == 0 else { return }
    sockets.sockets[index].anchor = (header.sequence &+ (header.flags.contains(.syn) ? 1 : 0), 0)
  }

  /// Puts the segment's data where its number says; false if it does not say one.
  mutating func acceptBySequence(_ e: Event, _ context: Int, _ slot: Int, _ socket: Int, _ dataLength: UInt32) -> Bool {
    guard let header = packets.slots[slot].journey.header, header.protocolNumber == Event.IPProtocol.tcp, header.fragment == nil else { return false }
    let own = min(header.payload ?? dataLength, dataLength)
    let mates = own < dataLength ? followers(context, slot, header, dataLength) : []
    // Merged with what is not known, or with fragments.
    if own < dataLength, mates.isEmpty { return false }
    place(slot, socket, header, own)
    let mark = StageMark(e, .tcpProbe, .ordered)
    for mate in mates {
      guard let header = packets.slots[mate].journey.header else { continue }
      packets.slots[mate].state = .processing
      packets.slots[mate].journey.flow = packets.slots[slot].journey.flow
      packets.slots[mate].journey.socket = packets.slots[slot].journey.socket
      packets.slots[mate].socketKey = packets.slots[slot].socketKey
      packets.slots[mate].journey.stages[.transport] = mark
      place(mate, socket, header, header.payload ?? 0)
      contexts[context].mates.append(packets.ref(mate))
    }
    return true
  }

  /// The silent packets whose data follow those of the packet in `slot`, up to `dataLength` bytes in all: TCP merged them into it while it
  /// waited in the socket's backlog (`tcp_add_backlog`). None if they are not all there.
  func followers(_ context: Int, _ slot: Int, _ header: PacketHeader, _ dataLength: UInt32) -> [Int] {
    var candidates = silentPackets(context, slot).after
    var found: [Int] = []
    var length = header.payload ?? 0
    while length < dataLength {
      let next = header.sequence &+ length
      let place = candidates.firstIndex { candidate in
        guard let other = packets.slots[candidate].journey.header, other.flow == header.flow, other.sequence == next else { return false }
        return other.protocolNumber == header.protocolNumber && other.fragment == nil && other.payload ?? 0 > 0
      }
      guard let place, let more = packets.slots[candidates[place]].journey.header?.payload, more <= dataLength - length else { return [] }
      found.append(candidates.remove(at: place))
      length += more
    }
    return found
  }

  /// The bytes of the packet in `slot` in the stream of `socket`.
  private mutating func place(_ slot: Int, _ socket: Int, _ header: PacketHeader, _ dataLength: UInt32) {
    let first = header.sequence &+ (header.flags.contains(.syn) ? 1 : 0)
    let accepted = sockets.sockets[socket].accepted
    let anchor = sockets.sockets[socket].anchor ?? (first, accepted)
    let from = anchor.position + Int64(Int32(bitPattern: first &- anchor.sequence))
    // Kept close, for numbers wrap after 4 GiB.
    sockets.sockets[socket].anchor = (first, from)
    let end = from + Int64(dataLength)
    packets.slots[slot].isPlaced = true
    if end <= accepted || isKnown(from, end, socket) {
      // Came before; TCP drops it.
      return packets.slots[slot].dataLength = 0
    }
    packets.slots[slot].dataLength = dataLength
    guard from <= accepted else {
      let early = EarlyPacket(packet: packets.ref(slot), from: from, end: end)
      let place = sockets.sockets[socket].outOfOrder.firstIndex { $0.from > from } ?? sockets.sockets[socket].outOfOrder.count
      sockets.sockets[socket].outOfOrder.insert(early, at: place)
      packets.slots[slot].journey.stream = from..<end
      return
    }
    append(slot, socket, from, end)
    // tcp_ofo_queue
    while let early = sockets.sockets[socket].outOfOrder.first, early.from <= sockets.sockets[socket].accepted {
      sockets.sockets[socket].outOfOrder.removeFirst()
      guard let slot = packets.slot(early.packet), early.end > sockets.sockets[socket].accepted else { continue }
      append(slot, socket, early.from, early.end)
    }
  }

  private mutating func append(_ slot: Int, _ socket: Int, _ from: Int64, _ end: Int64) {
    packets.slots[slot].journey.stream = from..<end
    sockets.sockets[socket].accepted = end
    sockets.sockets[socket].queue.append(QueuedPacket(packet: packets.ref(slot), end: end))
  }

  /// Whether a segment that waits for bytes before it has these already.
  private func isKnown(_ from: Int64, _ end: Int64, _ socket: Int) -> Bool {
    sockets.sockets[socket].outOfOrder.contains { $0.from <= from && end <= $0.end }
  }

  /// The packet in `slot` was dropped: its bytes are still to come. What was taken in behind them waits again.
  mutating func withdraw(_ slot: Int, _ socket: Int) {
    let ref = packets.ref(slot)
    packets.slots[slot].journey.stream = nil
    sockets.sockets[socket].outOfOrder.removeAll { $0.packet == ref }
    guard let place = sockets.sockets[socket].queue.lastIndex(where: { $0.packet == ref }) else { return }
    let begin = place > 0 ? sockets.sockets[socket].queue[place - 1].end : sockets.sockets[socket].queue[place].end - Int64(packets.slots[slot].dataLength)
    guard packets.slots[slot].state == .processing else {
      sockets.sockets[socket].queue.remove(at: place)
      return
    }
    for entry in sockets.sockets[socket].queue[(place + 1)...].reversed() {
      guard let later = packets.slot(entry.packet), let bytes = packets.slots[later].journey.stream else { continue }
      sockets.sockets[socket].outOfOrder.insert(EarlyPacket(packet: entry.packet, from: bytes.lowerBound, end: bytes.upperBound), at: 0)
    }
    sockets.sockets[socket].queue.removeSubrange(place...)
    sockets.sockets[socket].accepted = begin
  }
}
