internal import BasicContainers
internal import DequeModule
internal import Events

/// A change of a connection's state, as inet_sock_set_state tells it.
struct StateChange {
  /// The address of the socket, or 0 in text, which does not print it.
  var socket: UInt64
  var old: Int32
  var new: Int32
  var flow: FlowID

  /// Whether a segment makes a connection change so, and not a call.
  var isByPacket: Bool {
    switch old {
    case Event.TCPState.synSent, Event.TCPState.synReceived: new == Event.TCPState.established
    case Event.TCPState.finWait1: new == Event.TCPState.finWait2
    case Event.TCPState.established: new == Event.TCPState.closeWait
    case Event.TCPState.lastACK: true
    default: false
    }
  }
}

/// Handshakes and teardowns, whose segments tcp_probe does not tell of.
extension ReceivePath {
  /// inet_sock_set_state while a packet is processed: a handshake or teardown.
  mutating func stateChanged(_ e: Event, _ change: StateChange, in context: Int, _ sockets: inout SocketTable) {
    guard change.socket == 0 || contexts[context].unknownSegmentSocket != change.socket else { return contexts[context].mayWake = false }
    let current = packets.slot(contexts[context].current)
    let isCurrents = current.map { belongs($0, to: change) && mayChange($0, from: change.old) } ?? false
    if !isCurrents {
      // A task that calls connect(), close() or shutdown() changes states, too, with no packet in hand.
      let isPolling = e.flags.contains(.softirq) || e.flags.contains(.bottomHalvesOff)
      guard isPolling || change.isByPacket, change.new != Event.TCPState.synSent, let slot = changingPacket(e, change, in: context) else {
        contexts[context].mayWake = false
        return
      }
      packets[slot].journey.socket = change.socket
      // A listener's has no remote end.
      if packets[slot].journey.header == nil { packets[slot].journey.flow = change.flow }
    }
    if let slot = packets.slot(contexts[context].current) {
      packets[slot].changedState = true
      if change.new == Event.TCPState.established {
        beginStream(slot, of: change.socket, &sockets)
        packets[slot].endsHandshake = change.old != Event.TCPState.synSent
      }
    }
    contexts[context].mayWake = true
    contexts[context].isReady = false
  }

  private mutating func changingPacket(_ e: Event, _ change: StateChange, in context: Int) -> Int? {
    handshake(in: context, e.time, change) ?? (change.isByPacket ? backlogged(e, change, in: context) : nil)
  }

  /// The packet in `slot` made a connection stand: the byte behind the SYN is where the stream begins, or where none was seen its own number.
  private func beginStream(_ slot: Int, of socket: UInt64, _ sockets: inout SocketTable) {
    guard let header = packets[slot].journey.header, header.protocolNumber == Event.IPProtocol.tcp else { return }
    sockets.beginStream(of: socket, header.flow, sequence: header.sequence &+ (header.flags.contains(.syn) ? 1 : 0))
  }

  /// Takes the next waiting packet as a segment of a connection that is not established, for which there is no tcp_probe. Packets ahead
  /// of it may wait in their sockets' backlogs without a word, but a SYN-ACK is longer than the ACK that ends a handshake.
  mutating func handshake(in context: Int, _ time: UInt64, _ change: StateChange? = nil) -> Int? {
    guard var slot = nextPending(context, of: Event.IPProtocol.tcp) else { return nil }
    if let change, packets[slot].journey.header != nil, change.flow != .none {
      guard let named = pendingSegment(context, of: change) else { return nil }
      slot = named
    } else if let change, change.old == Event.TCPState.listen || change.old == Event.TCPState.synSent {
      slot = likeliestHandshake(slot, isListening: change.old == Event.TCPState.listen, in: context)
    }
    doubtOrder(context, passing: contexts[context].pending.firstIndex(of: packets.ref(slot)) ?? 0, as: slot)
    beginProcessing(slot, in: context, time)
    if packets[slot].journey.header == nil { contexts[context].byOrder.append(packets.ref(slot)) }
    packets[slot].journey.protocolNumber = Event.IPProtocol.tcp
    return slot
  }

  /// The packet that a task finds in its socket's backlog while it connects or closes.
  private mutating func backlogged(_ e: Event, _ change: StateChange, in context: Int) -> Int? {
    guard !e.flags.contains(.softirq), let (slot, isOnly) = parkedHandshake(change) else { return nil }
    if !isOnly, packets[slot].journey.header == nil { packets[slot].doubt() }
    beginProcessing(slot, in: context, e.time)
    packets[slot].journey.protocolNumber = Event.IPProtocol.tcp
    return slot
  }

  /// Whether the packet in `slot` may change its connection from `old`, as far as its header tells: where the other's FIN is awaited it has one.
  func mayChange(_ slot: Int, from old: Int32) -> Bool {
    guard old == Event.TCPState.finWait2, let header = packets[slot].journey.header else { return true }
    return !header.flags.isDisjoint(with: [.fin, .rst])
  }

  /// Whether the packet in `slot` may be the one that makes `change`; text does not print the socket, only its connection.
  private func belongs(_ slot: Int, to change: StateChange) -> Bool {
    let known = packets[slot].journey.socket
    // The ACK that ends a handshake changes the new socket twice, which has no remote end the first time.
    let isSecondChange = change.old == Event.TCPState.synReceived && packets[slot].changedState
    let isOfFlow = packets[slot].journey.flow == change.flow
    if known == 0 { return packets[slot].journey.flow == .none || isOfFlow || isSecondChange }
    return change.socket == 0 ? isOfFlow : known == change.socket
  }
}
