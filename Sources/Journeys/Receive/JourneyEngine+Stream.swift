internal import BasicContainers
internal import DequeModule
internal import Events

/// TCP's account of its stream: which bytes each packet carries, also where packets were put together without an event.
extension JourneyEngine {
  /// A packet that reached TCP, with the fragments it was made of.
  struct Unit {
    var packet: Int
    var fragments: [Int] = []
    /// Bytes of the stream.
    var dataLength: UInt32
  }

  /// The segment's data join the socket's receive queue. If there are more than the packet can carry, IP put it together from fragments,
  /// or TCP merged later packets into it while it waited in the socket's backlog (`tcp_add_backlog`), or both.
  mutating func accept(_ e: Event, _ context: Int, _ slot: Int, _ socket: Int, _ dataLength: UInt32) {
    if acceptBySequence(e, context, slot, socket, dataLength) { return }
    noteOrder(slot, socket)
    let length = packets.slots[slot].journey.length
    guard dataLength + 40 > length else {
      sockets.sockets[socket].headerLength = length - dataLength
      return enqueue(slot, socket, dataLength)
    }
    let headers = sockets.sockets[socket].headerLength ?? 52
    let nearby = silentPackets(context, slot)
    var own = Unit(packet: slot, dataLength: length > headers ? length - headers : 0)
    if let whole = reassembled(slot, nearby.before, headers), whole.dataLength <= dataLength + padding(slot) { own = whole }
    own.dataLength = min(own.dataLength, dataLength)
    var rest = dataLength - own.dataLength
    var taken = [own]
    for var unit in units(nearby.after, headers) where rest > 0 && unit.dataLength <= rest + padding(unit.packet) {
      unit.dataLength = min(unit.dataLength, rest)
      rest -= unit.dataLength
      taken.append(unit)
    }
    take(taken, e, context, socket)
    // Data whose packet we never saw.
    sockets.sockets[socket].accepted += Int64(rest)
  }

  /// The units, guessed from lengths, make up what TCP takes in now; the first is the packet that the event names.
  private mutating func take(_ units: [Unit], _ e: Event, _ context: Int, _ socket: Int) {
    guard let own = units.first else { return }
    merge(own)
    enqueue(own.packet, socket, own.dataLength, isGuessed: true)
    let mark = StageMark(e, .tcpProbe, .inferred)
    for unit in units.dropFirst() {
      merge(unit)
      packets.slots[unit.packet].state = .processing
      packets.slots[unit.packet].isMate = true
      packets.slots[unit.packet].journey.protocolNumber = Event.IPProtocol.tcp
      packets.slots[unit.packet].journey.flow = packets.slots[own.packet].journey.flow
      packets.slots[unit.packet].journey.socket = packets.slots[own.packet].journey.socket
      packets.slots[unit.packet].socketKey = packets.slots[own.packet].socketKey
      packets.slots[unit.packet].journey.stages[.transport] = mark
      enqueue(unit.packet, socket, unit.dataLength, isGuessed: true)
      contexts[context].mates.append(packets.ref(unit.packet))
    }
  }

  /// The shortest Ethernet frame carries 46 bytes; a shorter IP packet is padded, and the padding is counted until IP has trimmed it.
  @inline(__always)
  func padding(_ slot: Int) -> UInt32 {
    packets.slots[slot].journey.length == 46 ? 46 - 21 : 0
  }

  mutating func enqueue(_ slot: Int, _ socket: Int, _ dataLength: UInt32, isGuessed: Bool = false) {
    let start = sockets.sockets[socket].accepted
    sockets.sockets[socket].accepted += Int64(dataLength)
    sockets.sockets[socket].queue.append(QueuedPacket(packet: packets.ref(slot), end: sockets.sockets[socket].accepted, isGuessed: isGuessed))
    packets.slots[slot].dataLength = dataLength
    packets.slots[slot].journey.stream = start..<sockets.sockets[socket].accepted
  }

  /// The fragments of `unit` are part of its packet from here.
  private mutating func merge(_ unit: Unit) {
    packets.slots[unit.packet].journey.frames += UInt32(unit.fragments.count)
    for fragment in unit.fragments { end(fragment, .merged) }
  }

  /// Packets of the same device that showed nothing yet but, at most, that IP consumed them: those before `slot`, latest first,
  /// and those after it, earliest first.
  func silentPackets(_ context: Int, _ slot: Int) -> (before: [Int], after: [Int]) {
    let id = packets.slots[slot].journey.id
    let device = packets.slots[slot].journey.device
    // Headers tell whose they are, however many came since; lengths would mislead.
    let limit = packets.slots[slot].journey.header == nil ? Self.silentLimit : Self.headedLimit
    var refs = parked.suffix(limit).map(\.ref)
    // Another CPU may be in the middle of the batch whose packets the backlog already holds.
    for other in softContext.lazy.map(Int.init) where other != context { refs += contexts[other].pending }
    var found: [Int] = []
    for ref in refs {
      guard let candidate = packets.slot(ref), candidate != slot, packets.slots[candidate].journey.device == device,
        Self.possibleLengths.contains(packets.slots[candidate].journey.length)
      else { continue }
      switch packets.slots[candidate].state {
      case .parked, .consumed, .delivered: found.append(candidate)
      default: break
      }
    }
    found.sort { packets.slots[$0].journey.id < packets.slots[$1].journey.id }
    // A packet that was parked and then consumed stands in the queue twice.
    found = zip(found, found.dropFirst() + [-1]).filter { $0 != $1 }.map(\.0)
    let split = found.firstIndex { packets.slots[$0].journey.id > id } ?? found.count
    return (found[..<split].reversed(), Array(found[split...]))
  }

  /// Lengths of IP packets with something in them, BIG TCP's, too; damaged events have others.
  static let possibleLengths: ClosedRange<UInt32> = 21...(1 << 20)

  /// A packet of 64 KiB has 45 fragments at the usual MTU, and a backlog holds some of them.
  private static let silentLimit = 256
  /// A backlog of some megabytes in fragments.
  private static let headedLimit = 4096

  /// `slot` with the fragments before it, if the first of them was consumed: IP keeps the address of the last fragment and consumes the
  /// first one (`inet_frag_reasm_prepare`, net/ipv4/inet_fragment.c); of those between there is no event.
  private func reassembled(_ slot: Int, _ before: [Int], _ headers: UInt32) -> Unit? {
    guard let first = before.firstIndex(where: { packets.slots[$0].state == .consumed }) else { return nil }
    return unit(Array(before[...first]), slot, headers)
  }

  private func unit(_ fragments: [Int], _ last: Int, _ headers: UInt32) -> Unit {
    let ip = 20
    let sum = (fragments + [last]).reduce(0) { $0 + max(Int(packets.slots[$1].journey.length) - ip, 0) }
    let data = max(sum - max(Int(headers) - ip, 0), 0)
    return Unit(packet: last, fragments: fragments, dataLength: min(UInt32(clamping: data), Self.longestPacket))
  }

  /// The packets in `silent` as TCP saw them: a consumed one begins a run of fragments, all of one size but the last.
  func units(_ silent: [Int], _ headers: UInt32) -> [Unit] {
    var units: [Unit] = []
    var fragments: [Int] = []
    for candidate in silent {
      let length = packets.slots[candidate].journey.length
      if packets.slots[candidate].state == .consumed {
        fragments = [candidate]
      } else if let first = fragments.first {
        if length < packets.slots[first].journey.length || (length &- 20) % 8 != 0 {
          units.append(unit(fragments, candidate, headers))
          fragments = []
        } else {
          fragments.append(candidate)
        }
      } else if length > headers {
        units.append(Unit(packet: candidate, dataLength: length - headers))
      }
    }
    return units
  }
}
