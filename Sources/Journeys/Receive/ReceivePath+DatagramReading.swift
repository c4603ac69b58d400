internal import BasicContainers
internal import DequeModule
internal import Events

/// Datagrams that a receive call reads.
extension ReceivePath {
  /// A receive call on the socket at `index` ends with a datagram, or what it took of it.
  mutating func readDatagram(
    _ reader: Reader, _ index: Int, _ call: ReceiveResult, _ sockets: inout SocketTable, _ tasks: inout TaskTracker
  ) {
    let bytes = Int64(call.result)
    if let (slot, mark) = namedDatagram(reader), packets[slot].state == .consumed || packets[slot].socketKey != 0 {
      readNamed(reader, slot, mark, call, &sockets, &tasks)
    } else if !readFirst(reader, index, bytes, &sockets), !readUnnamed(reader, call, &sockets) {
      sockets[index].datagrams.noteEarlyRead(
        DatagramQueue.EarlyRead(reader: reader.identity, mark: reader.mark(covering: 0, .inferred), bytes: bytes))
    }
  }

  /// The call's copy or free names the datagram in `slot`, wherever it was thought to be.
  private mutating func readNamed(
    _ reader: Reader, _ slot: Int, _ mark: StageMark, _ call: ReceiveResult, _ sockets: inout SocketTable, _ tasks: inout TaskTracker
  ) {
    if packets[slot].isReadable, packets[slot].socketKey != call.socket { retractAnnouncement(slot, mark.time, &sockets, &tasks) }
    packets[slot].doubt(false)
    let index = sockets.findOrAdd(call.socket)
    correctAnnouncements(before: slot, index, mark.time, &sockets, &tasks)
    let bytes = Int64(call.result)
    if let place = sockets[index].datagrams.place(of: packets.ref(slot)) {
      sockets[index].datagrams.remove(at: place)
      for place in (0..<place).reversed() {
        let passed = sockets[index].datagrams.entries[place].packet
        guard !mayFollow(passed, slot) else { continue }
        sockets[index].datagrams.remove(at: place)
        if let slot = packets.slot(passed) { giveUp(slot) }
      }
      shorten(slot, to: bytes)
    } else {
      packets[slot].journey.stream = 0..<bytes
    }
    packets[slot].journey.protocolNumber = call.protocolNumber
    packets[slot].journey.socket = call.socket
    finishReading(reader, slot, mark)
  }

  /// Joins the call to the first datagram of its socket's queue that it can have read; false if there is none.
  private mutating func readFirst(_ reader: Reader, _ socket: Int, _ bytes: Int64, _ sockets: inout SocketTable) -> Bool {
    // A datagram cannot give more bytes than it has: one that is too small was not the one that was read.
    while let (entry, isOvertaking) = sockets[socket].datagrams.pop(reading: bytes) {
      guard let slot = packets.slot(entry.packet) else { continue }
      if entry.size < bytes, !isReadRaw(slot, bytes), !isReassembled(slot, bytes) {
        giveUp(slot)
        continue
      }
      shorten(slot, to: bytes)
      settleSize(of: slot, entry, read: bytes)
      var mark = reader.mark(covering: 0, isOvertaking ? .inferred : .ordered)
      // What it freed before the datagram was there is of another call.
      if reader.copies.isEmpty, let freed = reader.freed, freed.time > packets[slot].journey.stages[.receive]?.time ?? 0 {
        mark = freed.mark(.ordered)
      }
      finishReading(reader, slot, mark)
      return true
    }
    return false
  }

  /// Text does not print the socket of sk_data_ready: all its datagrams wait in one queue.
  private mutating func readUnnamed(_ reader: Reader, _ call: ReceiveResult, _ sockets: inout SocketTable) -> Bool {
    guard call.socket != 0, let index = sockets.known(0) else { return false }
    let named = namedDatagram(reader)
    guard let place = likeliest(sockets[index].datagrams, named?.slot, reader, call),
      let slot = packets.slot(sockets[index].datagrams.entries[place].packet)
    else { return false }
    sockets[index].datagrams.remove(at: place)
    packets[slot].journey.socket = call.socket
    let mark = named.flatMap { $0.slot == slot ? $0.mark : nil }
    finishReading(reader, slot, mark ?? reader.mark(covering: 0, .inferred))
    return true
  }

  /// netif_receive_skb counts the padding of a frame of 46 bytes, the shortest, and a VLAN tag that the device left in the packet: only the
  /// call that read the datagram tells its size.
  private mutating func shorten(_ slot: Int, to bytes: Int64) {
    let counted = packets[slot].journey.stream?.upperBound ?? bytes
    if packets[slot].journey.length == Self.shortestPacket || counted - bytes == 4 { packets[slot].journey.stream = 0..<bytes }
  }
}
