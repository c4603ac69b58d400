internal import BasicContainers
internal import DequeModule
internal import Events

/// What a socket's sk_data_ready gave to a packet: the stage, and the tasks it woke.
struct SocketAnnouncement {
  var ready: StageMark
  var wakers: [4 of Packet.Waker]
  var wakerCount: Int

  /// Whether `packet` was delivered, but not processed, when this was written on its CPU.
  func isWithinBatch(of packet: borrowing Packet) -> Bool {
    guard let receive = packet.journey.stages[.receive] else { return false }
    return receive.cpu == ready.cpu && receive.time < ready.time
  }
}

extension Packet {
  /// What its socket's sk_data_ready gave it, or nil where none did.
  var announcement: SocketAnnouncement? {
    journey.stages[.ready].map { SocketAnnouncement(ready: $0, wakers: wakers, wakerCount: wakerCount) }
  }
}

/// Corrections to whom an announcement belongs. sk_data_ready of a datagram socket names no packet; it goes to the first that waits in the
/// batch. If that one was silent (a segment that went to the backlog of a busy TCP socket), the datagrams behind it are one off until the
/// silent packet, or a datagram behind it, is named by another event.
extension ReceivePath {
  /// The packet in `slot` is none of the datagrams of the socket whose queue it stands in: it is parked again, and its announcement goes to
  /// the next datagram of the batch, whose own goes to the one after that, and so on.
  mutating func retractAnnouncement(_ slot: Int, _ time: UInt64, _ sockets: inout SocketTable, _ tasks: inout TaskTracker) {
    guard let socket = sockets.known(packets[slot].socketKey), var announcement = packets[slot].announcement,
      let first = sockets[socket].datagrams.place(of: packets.ref(slot))
    else { return }
    sockets[socket].datagrams.remove(at: first)
    for place in first..<sockets[socket].datagrams.entries.count {
      guard let next = packets.slot(sockets[socket].datagrams.entries[place].packet), announcement.isWithinBatch(of: packets[next]),
        let own = packets[next].announcement
      else { break }
      assign(announcement, to: next, &tasks)
      announcement = own
    }
    sockets[socket].datagrams.unassigned = announcement
    packets[slot].journey.stages[.ready] = nil
    packets[slot].wakerCount = 0
    packets[slot].journey.protocolNumber = nil
    packets[slot].journey.socket = 0
    packets[slot].journey.stream = nil
    packets[slot].socketKey = 0
    packets[slot].dataLength = 0
    packets[slot].advance(to: .parked)
    parked.append(ParkedPacket(packet: packets.ref(slot), time: time))
  }

  /// A reader of `socket` has the datagram in `slot`: those that stand before it in the queue and were announced while it waited in the same
  /// batch are not datagrams of this socket.
  mutating func correctAnnouncements(before slot: Int, _ socket: Int, _ time: UInt64, _ sockets: inout SocketTable, _ tasks: inout TaskTracker) {
    let own = packets.ref(slot)
    while let first = sockets[socket].datagrams.entries.first, first.packet != own, let other = packets.slot(first.packet),
      let announcement = packets[other].announcement, announcement.isWithinBatch(of: packets[slot]), isDelivered(other, before: slot)
    {
      retractAnnouncement(other, time, &sockets, &tasks)
      if sockets[socket].datagrams.entries.first == first { break }
    }
    guard !packets[slot].journey.stages.has(.ready), let announcement = sockets[socket].datagrams.unassigned,
      announcement.isWithinBatch(of: packets[slot])
    else { return }
    assign(announcement, to: slot, &tasks)
    sockets[socket].datagrams.unassigned = nil
  }

  /// Gives an announcement of the socket at `address` to a datagram that a reader on another CPU took out of its queue before, if one waits first
  /// in `context`.
  mutating func announceFreedEarly(_ e: Event, _ address: UInt64, in context: Int) -> Bool {
    for ref in contexts[context].pending {
      guard let slot = packets.slot(ref), packets[slot].state != .delivered else {
        if packets.slot(ref) == nil { continue }
        return false
      }
      guard packets[slot].isFreedEarly, !packets[slot].journey.stages.has(.ready),
        packets[slot].journey.socket == 0 || packets[slot].journey.socket == address
      else { continue }
      packets[slot].journey.stages[.ready] = StageMark(e, visible.hasDataReady ? .skDataReady : .sockDefReadable, .ordered)
      if packets[slot].journey.reader != nil { end(slot, .delivered) }
      return true
    }
    return false
  }

  /// The datagram in `slot` is announced. If a call on its socket found nothing queued, and read all the same, it was this one.
  mutating func readEarly(_ e: Event, _ slot: Int, _ address: UInt64, _ sockets: inout SocketTable) {
    guard let index = sockets.known(address), let early = sockets[index].datagrams.removeEarlyRead() else { return }
    guard let receive = packets[slot].journey.stages[.receive], receive.time < early.mark.time, receive.cpu == e.cpu,
      packets[slot].journey.protocolNumber == Event.IPProtocol.udp,
      sockets[index].datagrams.popLast(packets.ref(slot), atLeast: early.bytes)
    else { return }
    if packets[slot].journey.length == Self.shortestPacket { packets[slot].journey.stream = 0..<early.bytes }
    packets[slot].journey.reader = early.reader
    packets[slot].journey.stages[.read] = early.mark
    end(slot, .delivered)
  }

  /// What the shortest Ethernet frame carries, in bytes; a shorter IP packet is padded, and the padding is counted until IP has trimmed it.
  static let shortestPacket: UInt32 = 46

  private func isDelivered(_ first: Int, before second: Int) -> Bool {
    guard let a = packets[first].journey.stages[.receive], let b = packets[second].journey.stages[.receive] else { return false }
    return a.cpu == b.cpu && a.time <= b.time
  }

  private mutating func assign(_ announcement: SocketAnnouncement, to slot: Int, _ tasks: inout TaskTracker) {
    packets[slot].journey.stages[.ready] = announcement.ready
    packets[slot].wakers = announcement.wakers
    packets[slot].wakerCount = announcement.wakerCount
    for index in 0..<announcement.wakerCount where announcement.wakers[index].running == nil {
      tasks.correctWakeup(of: announcement.wakers[index].task.pid, by: packets.ref(slot))
    }
  }
}
