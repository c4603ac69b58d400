internal import BasicContainers
internal import DequeModule
internal import Events

/// A segment that tcp_probe tells of.
struct ProbedSegment {
  /// The address of its sk_buff, and of its socket; 0 before 6.12.
  var skb: UInt64
  var socket: UInt64
  /// The socket's cookie.
  var cookie: UInt64
  var flow: FlowID
  /// Bytes of payload, counted in 16 bits.
  var length: UInt32

  /// What the socket is known by: before 6.12 the cookie is the only name of it that the event carries.
  var key: UInt64 { socket != 0 ? socket : cookie }
}

/// A socket that announces data.
struct AnnouncingSocket {
  /// Its address, or 0 in text, which does not print it.
  var address: UInt64
  var family: UInt16
  var protocolNumber: UInt16

  /// Whether it takes datagrams of UDP's form.
  var isDatagram: Bool { protocolNumber == Event.IPProtocol.udp || protocolNumber == Self.udpLite }

  /// Whether it is one of IP.
  var isIP: Bool { family == Event.AddressFamily.inet || family == Event.AddressFamily.inet6 }

  private static let udpLite: UInt16 = 136
}

/// From delivery to the socket.
extension ReceivePath {
  /// tcp_probe: an established connection takes a segment, in the soft interrupt or, if its socket was busy, in the task that held it.
  mutating func probed(_ e: Event, _ segment: ProbedSegment, in context: Int, _ sockets: inout SocketTable, _ tasks: inout TaskTracker) {
    contexts[context].mayWake = false
    if segment.socket == 0 { sockets.learnCookie(segment.cookie, of: segment.flow) }
    let index = sockets.findOrAdd(segment.key)
    guard let (slot, link) = probedPacket(e, segment, index, in: context, &sockets, &tasks) else {
      settleCurrent(context)
      sockets[index].stream.skip(segment.length)
      return contexts[context].unknownSegmentSocket = segment.socket
    }
    beginProcessing(slot, in: context, e.time)
    if link == .exact, !contexts[context].byOrder.isEmpty { contexts[context].byOrder.removeFew() }
    packets[slot].journey.protocolNumber = Event.IPProtocol.tcp
    packets[slot].journey.flow = segment.flow
    packets[slot].journey.socket = segment.socket
    packets[slot].socketKey = segment.key
    sockets.name(index, segment.flow)
    packets[slot].journey.stages[.transport] = StageMark(e, .tcpProbe, link)
    let length = Self.unwrapped(segment.length, packetLength: packets[slot].journey.length)
    if length > 0 { accept(e, slot, length: length, index, in: context, &sockets) }
    contexts[context].mayWake = true
    contexts[context].isReady = false
  }

  /// The packet that tcp_probe means: by its address, or where the event does not carry it, the next one whose length fits.
  private mutating func probedPacket(
    _ e: Event, _ segment: ProbedSegment, _ socket: Int, in context: Int, _ sockets: inout SocketTable, _ tasks: inout TaskTracker
  ) -> (Int, Link)? {
    guard segment.skb != 0 else { return unnamedSegment(segment, sockets[socket].stream.headerLength, in: context, e.time) }
    guard let slot = packets.find(segment.skb) else { return nil }
    // Taken for a datagram, which it is not.
    let isDatagram = packets[slot].socketKey != 0 && !packets[slot].isTCP
    if isDatagram, packets[slot].state == .queued || packets[slot].state == .processing {
      for other in contexts.indices where contexts[other].current == packets.ref(slot) { contexts[other].current = .none }
      retractAnnouncement(slot, e.time, &sockets, &tasks)
    }
    switch packets[slot].state {
    case .delivered:
      passAhead(of: slot, outside: context, e.time)
      return (slot, .exact)
    case .parked, .processing: return (slot, .exact)
    default: return nil
    }
  }

  /// tcp_probe counts payload in 16 bits; packets of BIG TCP have more, and so have those that were coalesced in a backlog.
  private static func unwrapped(_ reported: UInt32, packetLength: UInt32) -> UInt32 {
    guard reported < 65_536, packetLength > reported + 120 else { return min(reported, JourneyNumbering.longestPacket) }
    return reported + (packetLength - 120 - reported + 65_535) / 65_536 * 65_536
  }

  /// sk_data_ready: the socket announces data. AF_PACKET taps, which are not of IP, announce clones before IP sees the packet.
  mutating func dataReady(
    _ e: Event, _ socket: AnnouncingSocket, in context: Int, _ sockets: inout SocketTable, _ numbering: inout JourneyNumbering
  ) {
    guard let (slot, link) = announcedPacket(e, socket, in: context, &sockets, &numbering) else { return contexts[context].mayWake = false }
    let mark = StageMark(e, .skDataReady, link)
    if !packets[slot].journey.stages.has(.ready) { packets[slot].journey.stages[.ready] = mark }
    for ref in contexts[context].coalesced {
      guard let other = packets.slot(ref) else { continue }
      packets[other].journey.stages[.ready] = mark
      if packets[other].isCoalescedByLength { packets[other].journey.stages[.ready]?.link = .inferred }
    }
    contexts[context].mayWake = true
    contexts[context].isReady = true
    readEarly(e, slot, socket.address, &sockets)
  }

  /// The packet that made `socket` announce data.
  private mutating func announcedPacket(
    _ e: Event, _ socket: AnnouncingSocket, in context: Int, _ sockets: inout SocketTable, _ numbering: inout JourneyNumbering
  ) -> (Int, Link)? {
    let current = packets.slot(contexts[context].current)
    if socket.protocolNumber == Event.IPProtocol.tcp {
      if socket.address != 0, contexts[context].unknownSegmentSocket == socket.address { return nil }
      if let current, packets[current].isTCP {
        let isNamed = socket.address != 0 && packets[current].journey.socket == socket.address
        if packets[current].journey.socket == 0, socket.address != 0 {
          packets[current].journey.socket = socket.address
          sockets.join(socket.address, to: packets[current].socketKey)
        }
        if !packets[current].journey.stages.has(.transport) { acceptUnprobed(current, socket, &sockets) }
        return (current, isNamed ? .exact : .ordered)
      }
      guard let slot = handshake(in: context, e.time) else { return nil }
      packets[slot].journey.socket = socket.address
      acceptUnprobed(slot, socket, &sockets)
      return (slot, .ordered)
    }
    if let slot = furtherDelivery(e, socket, in: context, &numbering) {
      enqueueDatagram(slot, socket, in: context, &sockets)
      return (slot, .ordered)
    }
    // A raw socket's packet stays in hand until icmp_rcv consumes it.
    if !socket.isDatagram, let current, packets[current].journey.protocolNumber == socket.protocolNumber { return (current, .ordered) }
    if socket.isDatagram, announceFreedEarly(e, socket.address, in: context) { return nil }
    guard let slot = nextPending(context, of: socket.protocolNumber) else { return nil }
    beginProcessing(slot, in: context, e.time)
    contexts[context].byOrder.append(packets.ref(slot))
    packets[slot].journey.protocolNumber = socket.protocolNumber
    packets[slot].journey.socket = socket.address
    enqueueDatagram(slot, socket, in: context, &sockets)
    return (slot, .ordered)
  }
}
