internal import BasicContainers
internal import DequeModule
internal import Events

/// TCP's stream by the numbers that segments carry, where the recording has their headers: out of order, again, and over one another.
extension JourneyEngine {
  /// The packet in `slot` made a connection stand: the byte behind the SYN is where the stream begins, or where none was seen its own number.
  mutating func anchor(_ slot: Int, _ socket: UInt64) {
    guard let header = packets.slots[slot].journey.header, header.protocolNumber == Event.IPProtocol.tcp else { return }
    let index = sockets.find(socket)
    guard sockets.sockets[index].anchor == nil, sockets.sockets[index].accepted == 0 else { return }
    let own = header.sequence &+ (header.flags.contains(.syn) ? 1 : 0)
    sockets.sockets[index].anchor = (firstBytes.removeValue(forKey: header.flow) ?? own, 0)
  }

  /// Puts the segment's data where its number says, and those of segments that TCP merged into it; false if the numbers are not known.
  mutating func acceptBySequence(_ e: Event, _ context: Int, _ slot: Int, _ socket: Int, _ dataLength: UInt32) -> Bool {
    guard let header = packets.slots[slot].journey.header, header.protocolNumber == Event.IPProtocol.tcp else { return false }
    guard header.fragment != nil || header.payload ?? dataLength < dataLength else {
      place(slot, socket, header.sequence &+ (header.flags.contains(.syn) ? 1 : 0), dataLength)
      takeWaiting(socket)
      return true
    }
    let nearby = silentPackets(context, slot)
    var found: [Segment]?
    // tcp_probe counts in 16 bits.
    for more in 0...3 as ClosedRange<UInt32> where found == nil { found = run(from: slot, nearby, dataLength + more << 16) }
    guard let run = found else { return false }
    let mark = StageMark(e, .tcpProbe, .ordered)
    for segment in run {
      packets.slots[segment.packet].journey.frames += UInt32(segment.fragments.count)
      for fragment in segment.fragments { end(fragment, .merged) }
      if segment.packet != slot {
        packets.slots[segment.packet].state = .processing
        packets.slots[segment.packet].journey.flow = packets.slots[slot].journey.flow
        packets.slots[segment.packet].journey.socket = packets.slots[slot].journey.socket
        packets.slots[segment.packet].socketKey = packets.slots[slot].socketKey
        packets.slots[segment.packet].journey.stages[.transport] = mark
        contexts[context].mates.append(packets.ref(segment.packet))
      }
      place(segment.packet, socket, segment.sequence, segment.dataLength, isMerged: run.count > 1)
    }
    takeWaiting(socket)
    return true
  }

  /// The bytes of the packet in `slot` in the stream of `socket`; TCP may have merged it in the socket's backlog.
  private mutating func place(_ slot: Int, _ socket: Int, _ first: UInt32, _ dataLength: UInt32, isMerged: Bool = false) {
    let accepted = sockets.sockets[socket].accepted
    let anchor = sockets.sockets[socket].anchor ?? (first, accepted)
    let from = anchor.position + Int64(Int32(bitPattern: first &- anchor.sequence))
    // Kept close, for numbers wrap after 4 GiB.
    sockets.sockets[socket].anchor = (first, from)
    let end = from + Int64(dataLength)
    packets.slots[slot].isPlaced = true
    if end <= accepted || from > accepted && isKnown(from, end, socket) {
      // Came before; TCP drops it.
      return packets.slots[slot].dataLength = 0
    }
    packets.slots[slot].dataLength = dataLength
    guard from <= accepted else {
      let early = EarlyPacket(packet: packets.ref(slot), from: from, end: end, isMerged: isMerged)
      let place = sockets.sockets[socket].outOfOrder.firstIndex { $0.from > from } ?? sockets.sockets[socket].outOfOrder.count
      sockets.sockets[socket].outOfOrder.insert(early, at: place)
      packets.slots[slot].journey.stream = from..<end
      return
    }
    append(slot, socket, from, end)
  }

  /// tcp_ofo_queue: what waited for the bytes before it joins the receive queue.
  private mutating func takeWaiting(_ socket: Int) {
    while let early = sockets.sockets[socket].outOfOrder.first, early.from <= sockets.sockets[socket].accepted {
      sockets.sockets[socket].outOfOrder.removeFirst()
      guard let slot = packets.slot(early.packet) else { continue }
      let accepted = sockets.sockets[socket].accepted
      guard early.end <= accepted else {
        append(slot, socket, early.from, early.end)
        continue
      }
      // Of what is merged TCP drops nothing while there is something new in it.
      let isKept = early.isMerged && sockets.sockets[socket].outOfOrder.contains { $0.isMerged && $0.end > accepted }
      guard isKept, packets.slots[slot].state == .queued else { continue }
      packets.slots[slot].journey.stream = nil
      end(slot, .absorbed)
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
    let begin =
      place > 0 ? sockets.sockets[socket].queue[place - 1].end : sockets.sockets[socket].queue[place].end - Int64(packets.slots[slot].dataLength)
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
