internal import BasicContainers
internal import DequeModule
internal import Events

/// What a socket's sk_data_ready gave to a packet: the stage, and the tasks it woke.
struct Announcement {
  var ready: StageMark
  var wakers: [4 of Packet.Waker]
  var wakerCount: Int
}

/// Corrections to whom an announcement belongs. sk_data_ready of a datagram socket names no packet; it goes to the first that waits in the
/// batch. If that one was silent (a segment that went to the backlog of a busy TCP socket), the datagrams behind it are one off until the
/// silent packet, or a datagram behind it, is named by another event.
extension JourneyEngine {
  /// The packet in `slot` is none of the datagrams of the socket whose queue it stands in: it is parked again, and its announcement goes to
  /// the next datagram of the batch, whose own goes to the one after that, and so on.
  mutating func retract(_ slot: Int, _ time: UInt64) {
    guard let socket = sockets.known(packets.slots[slot].socketKey), let mark = packets.slots[slot].journey.stages[.ready] else { return }
    let ref = packets.ref(slot)
    guard let place = sockets.sockets[socket].queue.firstIndex(where: { $0.packet == ref }) else { return }
    sockets.sockets[socket].queue.remove(at: place)
    var orphan = Announcement(ready: mark, wakers: packets.slots[slot].wakers, wakerCount: packets.slots[slot].wakerCount)
    for place in place..<sockets.sockets[socket].queue.count {
      guard let next = packets.slot(sockets.sockets[socket].queue[place].packet), waited(next, orphan.ready),
        let own = packets.slots[next].journey.stages[.ready]
      else { break }
      let passedOn = Announcement(ready: own, wakers: packets.slots[next].wakers, wakerCount: packets.slots[next].wakerCount)
      announce(next, orphan)
      orphan = passedOn
    }
    sockets.sockets[socket].orphan = orphan
    packets.slots[slot].journey.stages[.ready] = nil
    packets.slots[slot].wakerCount = 0
    packets.slots[slot].journey.protocolNumber = nil
    packets.slots[slot].journey.socket = 0
    packets.slots[slot].journey.stream = nil
    packets.slots[slot].socketKey = 0
    packets.slots[slot].dataLength = 0
    packets.slots[slot].state = .parked
    parked.append((ref, time))
  }

  /// A reader of `socket` has the datagram in `slot`: those that stand before it in the queue and were announced while it waited in the same
  /// batch are not datagrams of this socket.
  mutating func correct(_ slot: Int, _ socket: Int, _ time: UInt64) {
    let own = packets.ref(slot)
    while let first = sockets.sockets[socket].queue.first, first.packet != own, let intruder = packets.slot(first.packet),
      let mark = packets.slots[intruder].journey.stages[.ready], waited(slot, mark), isBefore(intruder, slot)
    {
      retract(intruder, time)
    }
    guard !packets.slots[slot].journey.stages.has(.ready), let orphan = sockets.sockets[socket].orphan, waited(slot, orphan.ready)
    else { return }
    announce(slot, orphan)
    sockets.sockets[socket].orphan = nil
  }

  /// Gives an announcement of `socket` to a datagram that a reader on another CPU took out of its queue before, if one waits first in `context`.
  mutating func announceTaken(_ context: Int, _ e: Event, _ socket: UInt64) -> Bool {
    for ref in contexts[context].pending {
      guard let slot = packets.slot(ref), packets.slots[slot].state != .delivered else {
        if packets.slot(ref) == nil { continue }
        return false
      }
      guard packets.slots[slot].isTaken, !packets.slots[slot].journey.stages.has(.ready),
        packets.slots[slot].journey.socket == 0 || packets.slots[slot].journey.socket == socket
      else { continue }
      packets.slots[slot].journey.stages[.ready] = StageMark(e, hasDataReady ? .skDataReady : .sockDefReadable, .ordered)
      if packets.slots[slot].journey.reader != nil { end(slot, .delivered) }
      return true
    }
    return false
  }

  /// The datagram in `slot` is announced. If a call on its socket found nothing queued, and read all the same, it was this one.
  mutating func readEarly(_ e: Event, _ slot: Int, _ socket: UInt64) {
    guard let index = sockets.known(socket), let early = sockets.sockets[index].earlyRead else { return }
    sockets.sockets[index].earlyRead = nil
    guard let receive = packets.slots[slot].journey.stages[.receive], receive.time < early.mark.time, receive.cpu == e.cpu,
      packets.slots[slot].journey.protocolNumber == Event.IPProtocol.udp, let entry = sockets.sockets[index].queue.popLast()
    else { return }
    guard entry.packet == packets.ref(slot), entry.end >= early.bytes else { return sockets.sockets[index].queue.append(entry) }
    if packets.slots[slot].journey.length == 46 { packets.slots[slot].journey.stream = 0..<early.bytes }
    packets.slots[slot].journey.reader = early.reader
    packets.slots[slot].journey.stages[.read] = early.mark
    end(slot, .delivered)
  }

  /// Whether the packet in `slot` was delivered, but not processed, when `ready` was written on its CPU.
  @inline(__always)
  private func waited(_ slot: Int, _ ready: StageMark) -> Bool {
    guard let receive = packets.slots[slot].journey.stages[.receive] else { return false }
    return receive.cpu == ready.cpu && receive.time < ready.time
  }

  @inline(__always)
  private func isBefore(_ first: Int, _ second: Int) -> Bool {
    guard let a = packets.slots[first].journey.stages[.receive], let b = packets.slots[second].journey.stages[.receive] else { return false }
    return a.cpu == b.cpu && a.time <= b.time
  }

  private mutating func announce(_ slot: Int, _ announcement: Announcement) {
    packets.slots[slot].journey.stages[.ready] = announcement.ready
    packets.slots[slot].wakers = announcement.wakers
    packets.slots[slot].wakerCount = announcement.wakerCount
    let ref = packets.ref(slot)
    for index in 0..<announcement.wakerCount where announcement.wakers[index].running == nil {
      tasks.tasks[tasks.find(announcement.wakers[index].task.pid)].wokenFor.append(ref)
    }
  }
}
