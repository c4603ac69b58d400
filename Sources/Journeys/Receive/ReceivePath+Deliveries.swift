internal import BasicContainers
internal import DequeModule
internal import Events

/// One packet, several deliveries: multicast, broadcast and raw sockets receive clones, and a packet of several datagrams (UDP_SEGMENT) is cut
/// into them for a socket that does not ask for UDP_GRO. Each delivery is a journey of its own.
extension ReceivePath {
  /// The delivery that `socket` announces of a packet that has been announced already, or was cut into datagrams; nil if it announces another.
  mutating func furtherDelivery(_ e: Event, _ socket: AnnouncingSocket, in context: Int, _ numbering: inout JourneyNumbering) -> Int? {
    if let slot = packets.slot(contexts[context].segmented) { return nextSegment(of: slot, e, socket, in: context, &numbering) }
    guard let current = packets.slot(contexts[context].current), packets[current].journey.protocolNumber == socket.protocolNumber,
      packets[current].journey.stages.has(.ready), socket.address == 0 || packets[current].socketKey != socket.address
    else { return nil }
    // Where others wait it is the next one's, unless the packet says that it is for many; a socket receives one packet once.
    let isForMany = packets[current].journey.header?.isForMany ?? false
    guard isForMany || nextPending(context, of: socket.protocolNumber) == nil,
      socket.address == 0 || !contexts[context].reached.contains(socket.address)
    else { return nil }
    let reached = contexts[context].reached.isEmpty ? [packets[current].socketKey] : contexts[context].reached
    let slot = copy(of: current, &numbering)
    // The clones go first, the packet itself to the last socket (`__udp4_lib_mcast_deliver`, `raw_v4_input`).
    packets.moveAddress(from: current, to: slot)
    beginProcessing(slot, in: context, e.time)
    contexts[context].reached = reached + [socket.address]
    packets[slot].journey.socket = socket.address
    return slot
  }

  /// A new journey for a further delivery of the packet in `first`, with the stages that they share.
  private mutating func copy(of first: Int, _ numbering: inout JourneyNumbering) -> Int {
    let slot = packets.insertUnaddressed()
    packets[slot].journey = packets[first].journey.copy(numbered: numbering.numberCopy())
    packets[slot].napi = packets[first].napi
    packets[slot].ownLength = packets[first].ownLength
    packets[slot].doubt(packets[first].isDoubtful)
    return slot
  }

  // MARK: segmentation

  /// Whether the packet in `slot`, which `e` frees, may have been cut into datagrams: `udp_queue_rcv_skb` frees it before it hands them on.
  func mayBeSegmented(_ slot: Int, freedBy e: Event) -> Bool {
    guard visible.hasDataReady, e.flags.contains(.softirq) || e.flags.contains(.bottomHalvesOff) else { return false }
    guard let header = packets[slot].journey.header else {
      return packets[slot].journey.protocolNumber == nil && packets[slot].journey.length > Self.datagramHeaders + 1
    }
    return header.protocolNumber == Event.IPProtocol.udp && header.fragment == nil
  }

  /// IPv4 and UDP.
  private static let datagramHeaders: UInt32 = 28

  /// The packet in `slot` was freed in `context` at `time`, in nanoseconds: its datagrams may follow.
  mutating func beginSegmentation(of slot: Int, in context: Int, _ time: UInt64) {
    endSegmentation(in: context)
    packets.forgetAddress(of: slot)
    contexts[context].segmented = packets.ref(slot)
    if mayBeFragment(slot) { setConsumed(slot, time) } else { packets[slot].advance(to: .consumed) }
  }

  private mutating func nextSegment(
    of slot: Int, _ e: Event, _ socket: AnnouncingSocket, in context: Int, _ numbering: inout JourneyNumbering
  ) -> Int? {
    let isFirst = packets[slot].state == .consumed
    let isUDP = packets[slot].journey.header?.protocolNumber == Event.IPProtocol.udp
    // Where another waits, and this one does not say what it is, the other is likelier.
    guard socket.protocolNumber == Event.IPProtocol.udp, !isFirst || isUDP || nextPending(context, of: socket.protocolNumber) == nil
    else { return nil }
    let own = isFirst ? slot : copy(of: slot, &numbering)
    beginProcessing(own, in: context, e.time)
    packets[own].isSegment = true
    packets[own].journey.protocolNumber = socket.protocolNumber
    packets[own].journey.socket = socket.address
    return own
  }

  /// What was freed in `context` was not cut, or all its datagrams are announced.
  mutating func endSegmentation(in context: Int) {
    guard contexts[context].segmented != .none else { return }
    let ref = contexts[context].segmented
    contexts[context].segmented = .none
    guard let slot = packets.slot(ref), packets[slot].state == .consumed, !mayBeFragment(slot) else { return }
    end(slot, .absorbed)
  }

  // MARK: sizes

  /// The datagram in `slot` stands in the queue of `socket`. Where its headers are not recorded its size is open: a dual-stack socket receives
  /// IPv4 datagrams, too, and a packet that was cut does not say where.
  mutating func enqueueDatagram(_ slot: Int, _ socket: AnnouncingSocket, in context: Int, _ sockets: inout SocketTable) {
    if socket.isDatagram, packets[slot].journey.copyOf == nil { gatherFragments(of: slot, in: context) }
    let (size, least) = datagramSize(slot, socket)
    packets[slot].socketKey = socket.address
    let index = sockets.findOrAdd(socket.address)
    sockets[index].datagrams.append(packets.ref(slot), size: Int64(size), least: least.map { Int64($0) })
    packets[slot].dataLength = max(size, 1)
    packets[slot].journey.stream = 0..<Int64(size)
  }

  private func datagramSize(_ slot: Int, _ socket: AnnouncingSocket) -> (size: UInt32, least: UInt32?) {
    let length = packets[slot].journey.length
    // A raw IPv4 socket reads the IP header, too.
    guard socket.isDatagram else { return (length, socket.family == Event.AddressFamily.inet6 ? length - min(length, 40) : nil) }
    if let payload = datagramPayload(slot) { return (payload, packets[slot].isSegment ? 0 : nil) }
    let size = length > Self.datagramHeaders ? length - Self.datagramHeaders : 0
    if packets[slot].isSegment { return (size, 0) }
    return (size, socket.family == Event.AddressFamily.inet6 ? size - min(size, 20) : nil)
  }

  /// Bytes of the datagram in `slot` as its headers tell; those of the last fragment tell it of the whole.
  private func datagramPayload(_ slot: Int) -> UInt32? {
    guard let header = packets[slot].journey.header else { return nil }
    guard let fragment = header.fragment, !fragment.isFollowed else { return header.payload }
    let whole = fragment.offset &+ fragment.count
    return whole >= 8 ? whole - 8 : header.payload
  }

  /// The call that read the datagram in `slot` has told its size.
  mutating func settleSize(of slot: Int, _ entry: DatagramQueue.Entry, read bytes: Int64) {
    guard entry.least != nil, bytes <= entry.size else { return }
    if packets[slot].isSegment { packets[slot].journey.length -= UInt32(clamping: entry.size - bytes) }
    packets[slot].journey.stream = 0..<bytes
  }

  /// Whether a raw socket read the datagram in `slot`: with the header of IPv4, or with that of UDP alone (`raw_recvmsg`, `rawv6_recvmsg`).
  mutating func isReadRaw(_ slot: Int, _ bytes: Int64) -> Bool {
    let length = Int64(packets[slot].journey.length)
    guard bytes == length || bytes == length - 40 else { return false }
    packets[slot].journey.stream = 0..<bytes
    return true
  }
}
