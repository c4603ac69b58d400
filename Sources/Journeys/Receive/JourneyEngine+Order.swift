internal import BasicContainers
internal import DequeModule
internal import Events

/// What is open where packets do not say their place: in the stream, or among the datagrams of a batch.
///
/// TCP announces data neither out of order nor below SO_RCVLOWAT. No event tells which of the two it was, or where in the stream such data
/// stand, until a copy names a packet or everything has been read.
extension JourneyEngine {
  /// The packet in `slot` brings data to `socket`, behind all that came before.
  mutating func noteOrder(_ slot: Int, _ socket: Int) {
    if hasDataReady || hasReadable, let last = packets.slot(sockets.sockets[socket].latest), last != slot,
      !packets.slots[last].journey.stages.has(.ready), packets.slots[last].dataLength > 0
    {
      sockets.sockets[socket].isOrderOpen = true
    }
    sockets.sockets[socket].latest = packets.ref(slot)
  }

  /// A call that is over has read from `socket`, whose order is open. Its copies name the packets that stood first in the queue, each where it
  /// begins: those are put there, and all others are in doubt.
  mutating func arrange(_ copies: [Copy], _ socket: Int) {
    if !sockets.sockets[socket].isOrderOpen {
      guard let first = copies.first, let place = sockets.sockets[socket].queue.firstIndex(where: { $0.packet == first.packet }), place > 0
      else { return }
      sockets.sockets[socket].isOrderOpen = true
    }
    var position = sockets.sockets[socket].consumed
    for entry in sockets.sockets[socket].queue {
      if let slot = packets.slot(entry.packet) { packets.slots[slot].isDoubtful = !packets.slots[slot].isPlaced }
    }
    for copy in copies {
      if let slot = packets.slot(copy.packet) { moveUp(copy.packet, slot, socket, to: position) }
      position += Int64(copy.length)
    }
  }

  /// Puts the packet in `slot` where the bytes from `position` on stand.
  private mutating func moveUp(_ ref: PacketRef, _ slot: Int, _ socket: Int, to position: Int64) {
    let queue = sockets.sockets[socket].queue
    guard let place = queue.firstIndex(where: { $0.packet == ref }), !packets.slots[slot].isPlaced else { return }
    func begin(_ index: Int) -> Int64 { queue[index].end - length(of: queue[index]) }
    if begin(place) == position {
      packets.slots[slot].isPlaced = true
      packets.slots[slot].isDoubtful = false
    }
    guard begin(place) > position, let target = queue.indices.first(where: { begin($0) >= position }), begin(target) == position else { return }
    var end = position
    sockets.sockets[socket].queue.remove(at: place)
    sockets.sockets[socket].queue.insert(queue[place], at: target)
    for index in target...place {
      let entry = sockets.sockets[socket].queue[index]
      let bytes = end..<end + length(of: entry)
      end = bytes.upperBound
      sockets.sockets[socket].queue[index].end = end
      if let slot = packets.slot(entry.packet) { packets.slots[slot].journey.stream = bytes }
    }
    packets.slots[slot].isPlaced = true
    packets.slots[slot].isDoubtful = false
  }

  private func length(of entry: QueuedPacket) -> Int64 { packets.slot(entry.packet).map { Int64(packets.slots[$0].dataLength) } ?? 0 }

  /// The first `count` packets that wait in `context` showed nothing. Those that do not say what they are may be any of those that order
  /// alone has joined to their sockets.
  mutating func doubtOrder(_ context: Int, passing count: Int, as next: Int? = nil) {
    guard count > 0, next != nil || !contexts[context].byOrder.isEmpty else { return }
    let joined = contexts[context].byOrder.compactMap { packets.slot($0) } + (next.map { [$0] } ?? [])
    guard !joined.isEmpty else { return }
    for ref in contexts[context].pending.prefix(count) {
      guard let silent = packets.slot(ref), packets.slots[silent].state == .delivered, packets.slots[silent].journey.header == nil else { continue }
      for slot in joined where slot != silent && mayBeTaken(silent, for: slot) {
        packets.slots[silent].isDoubtful = true
        packets.slots[slot].isDoubtful = true
      }
    }
  }

  /// Whether the packet in `silent` may be the one whose events were given to the packet in `slot`: tcp_probe tells how many bytes there are.
  private func mayBeTaken(_ silent: Int, for slot: Int) -> Bool {
    guard packets.slots[slot].journey.header == nil else { return false }
    return !packets.slots[slot].journey.stages.has(.transport) || packets.slots[slot].journey.length == packets.slots[silent].journey.length
  }

  /// The journey of `slot` ends, and others may be taken for it.
  mutating func admitDoubt(_ slot: Int) {
    // What was read is most likely this one, and says that it is inferred; what else became of a packet has no other sign.
    if packets.slots[slot].journey.outcome != .delivered, packets.slots[slot].journey.completeness == .complete {
      packets.slots[slot].journey.completeness = .ambiguous
    }
    for stage in [Stage.ready, .read] { packets.slots[slot].journey.stages[stage]?.link = .inferred }
    for index in 0..<packets.slots[slot].wakerCount {
      packets.slots[slot].wakers[index].waking.link = .inferred
      packets.slots[slot].wakers[index].running?.link = .inferred
    }
  }
}
