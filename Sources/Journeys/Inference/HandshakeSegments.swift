internal import BasicContainers
internal import DequeModule
internal import Events

/// Which packet a change of a connection's state may come from, where no event names it. Nothing is changed here.
extension ReceivePath {
  /// The packet waiting in `context` that says it is one of the flow and may make `change`: the first, or where our FIN is to be acknowledged
  /// the first of those that acknowledge most, and where only the other's FIN is awaited the one that has it.
  func pendingSegment(_ context: Int, of change: StateChange) -> Int? {
    let own = contexts[context].pending.compactMap { packets.slot($0) }
      .filter { packets[$0].state == .delivered && packets[$0].journey.header?.flow == change.flow }
    if change.old == Event.TCPState.finWait2 { return own.first { mayChange($0, from: change.old) } ?? own.first }
    guard change.old == Event.TCPState.finWait1 || change.old == Event.TCPState.lastACK, var best = own.first else { return own.first }
    func number(_ slot: Int) -> UInt32 { packets[slot].journey.header?.acknowledgement ?? 0 }
    for slot in own where Int32(bitPattern: number(slot) &- number(best)) > 0 { best = slot }
    return best
  }

  /// Of the packets waiting in `context`, the first of which is in `first`, the one that is most likely part of a handshake: of its size, and the
  /// longest where a SYN-ACK is awaited, or the shortest where a listener takes an ACK.
  func likeliestHandshake(_ first: Int, isListening: Bool, in context: Int) -> Int {
    var slot = first
    var length = packets[slot].journey.length
    for ref in contexts[context].pending {
      guard let other = packets.slot(ref), packets[other].state == .delivered else { continue }
      let own = packets[other].journey.length
      guard Self.handshakeLengths.contains(own), length > 80 || (isListening ? own + 6 < length : own > length + 6) else { continue }
      (slot, length) = (other, own)
    }
    return slot
  }

  /// Of the parked packets of a handshake's size the longest for a SYN-ACK, which has the most options, and the shortest for an ACK; the latest
  /// of several; and whether it is the only one.
  func parkedHandshake(_ change: StateChange) -> (slot: Int, isOnly: Bool)? {
    var found: Int?
    var count = 0
    for packet in parked {
      guard let slot = packets.slot(packet.packet), packets[slot].state == .parked,
        Self.handshakeLengths.contains(packets[slot].journey.length), packets[slot].journey.header?.flow ?? change.flow == change.flow
      else { continue }
      count += 1
      let length = packets[slot].journey.length
      guard let best = found.map({ packets[$0].journey.length }) else {
        found = slot
        continue
      }
      if change.old == Event.TCPState.synSent ? length >= best : length <= best { found = slot }
    }
    return found.map { ($0, count == 1) }
  }

  /// IP and TCP headers with the options of a handshake, in bytes.
  private static let handshakeLengths: ClosedRange<UInt32> = 40...80
}
