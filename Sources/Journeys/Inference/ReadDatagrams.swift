internal import BasicContainers
internal import DequeModule
internal import Events

/// Which datagram a receive call has read, where no event names it. Nothing is changed here.
extension ReceivePath {
  /// The datagram that this call's copy or free names. Freed, its address may be another packet's already.
  @inline(__always)
  func namedDatagram(_ reader: Reader) -> (slot: Int, mark: StageMark)? {
    if let freed = reader.freed, let slot = packets.slot(freed.packet), packets[slot].isReadable || packets[slot].state == .consumed {
      let skb = packets[slot].journey.skb
      let copy = reader.copies.last { $0.skb == skb }
      return (slot, copy?.mark(.exact) ?? freed.mark(.exact))
    }
    if let copy = reader.copies.last, let slot = packets.slot(copy.packet), packets[slot].isReadable { return (slot, copy.mark(.exact)) }
    return nil
  }

  /// The place in `queue` of the datagram that the call has read: the one that its copy or free names, which is in slot `named`, or else the
  /// first of the same size and protocol that woke the reader, or the first at all.
  func likeliest(_ queue: DatagramQueue, _ named: Int?, _ reader: Reader, _ call: ReceiveResult) -> Int? {
    let bytes = Int64(call.result)
    func fits(_ entry: DatagramQueue.Entry) -> Bool {
      guard let slot = packets.slot(entry.packet) else { return false }
      return packets[slot].journey.protocolNumber == call.protocolNumber && entry.size >= bytes
    }
    func woke(_ entry: DatagramQueue.Entry) -> Bool { packets.slot(entry.packet).map { packets[$0].woke(reader.event.pid) } ?? false }
    return named.flatMap { queue.place(of: packets.ref($0)) }
      ?? queue.entries.firstIndex { fits($0) && $0.size == bytes && woke($0) } ?? queue.entries.firstIndex { fits($0) && $0.size == bytes }
      ?? queue.entries.firstIndex { fits($0) }
  }

  /// Whether `passed`, announced before the datagram in `slot`, may stand behind it: another CPU put it in between that one's entry into the
  /// queue and its announcement (`__udp_enqueue_schedule_skb`).
  func mayFollow(_ passed: PacketRef, _ slot: Int) -> Bool {
    guard let other = packets.slot(passed), let ready = packets[other].journey.stages[.ready],
      let receive = packets[slot].journey.stages[.receive]
    else { return false }
    return ready.cpu != receive.cpu && receive.time < ready.time
  }
}
