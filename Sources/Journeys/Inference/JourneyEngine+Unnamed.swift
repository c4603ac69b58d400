internal import BasicContainers
internal import DequeModule
internal import Events

/// TCP on kernels before 6.12, whose tcp_probe names no packet: which one it means follows from order and length.
extension JourneyEngine {
  /// The packet that carries `reported` bytes for `socket`: one that waits in `context`, or one that was silent.
  mutating func unnamed(_ context: Int, _ socket: Int, _ flow: FlowID, _ reported: UInt32, _ time: UInt64) -> (Int, Link)? {
    let headers = sockets.sockets[socket].headerLength ?? 52
    let waiting = contexts[context].pending.compactMap { packets.slot($0) }.filter { packets.slots[$0].state == .delivered && mayBe($0, of: flow) }
    let others = softContext.contains(Int32(context)) ? [] : othersPending(context)
    let unclaimed = (parked.compactMap { packets.slot($0.ref) } + others).filter { mayBe($0, of: flow) }
    let silent = unclaimed.filter { packets.slots[$0].state == .parked || packets.slots[$0].state == .delivered }
    if let slot = headed(waiting, unclaimed.filter { [.parked, .consumed, .delivered].contains(packets.slots[$0].state) }, flow, reported) {
      // Of segments without data that waited in a backlog, some may have been merged there without a word.
      let link: Link = reported == 0 && !waiting.contains(slot) ? .inferred : .ordered
      passOwn(slot, context, time)
      passAhead(of: slot, context, time)
      return (slot, link)
    }
    // Headers as long as the connection's are likelier than others.
    func isLikely(_ slot: Int) -> Bool { Int(packets.slots[slot].journey.length) == Int(reported) + Int(headers) }
    func fits(_ slot: Int) -> Bool { self.fits(slot, reported) }
    if let slot = waiting.first(where: isLikely) ?? lastFragment(waiting, reported, headers) ?? waiting.first(where: fits) {
      doubtOrder(context, passing: contexts[context].pending.firstIndex(of: packets.ref(slot)) ?? 0, as: slot)
      passOwn(slot, context, time)
      if packets.slots[slot].journey.header == nil { contexts[context].byOrder.append(packets.ref(slot)) }
      return (slot, .ordered)
    }
    let likely = silent.filter { isLikely($0) || packets.slots[$0].journey.header == nil && fits($0) }
    if likely.count > 1 { for slot in likely where packets.slots[slot].state == .parked { packets.slots[slot].isDoubtful = true } }
    return (silent.first(where: isLikely) ?? firstOfRun(reported, headers, flow) ?? silent.first(where: fits)).map { slot in
      passAhead(of: slot, context, time)
      return (slot, .inferred)
    }
  }

  /// What other CPUs have in their batches: a task may find it in a backlog before they are through.
  private func othersPending(_ context: Int) -> [Int] {
    softContext.map(Int.init).filter { $0 != context }.flatMap { contexts[$0].pending }.compactMap { packets.slot($0) }
      .filter { packets.slots[$0].state == .delivered }
  }

  /// What waits in `context` ahead of the packet in `slot` is done, if that one waits there.
  private mutating func passOwn(_ slot: Int, _ context: Int, _ time: UInt64) {
    let ref = packets.ref(slot)
    guard contexts[context].pending.contains(ref) else { return }
    while let passed = contexts[context].pending.first, passed != ref {
      contexts[context].pending.removeFirst()
      park(passed, time)
    }
  }

  /// IP and TCP headers take 40 to 120 bytes, a multiple of four; the shortest frames have padding besides.
  private func fits(_ slot: Int, _ dataLength: UInt32) -> Bool {
    let length = packets.slots[slot].journey.length
    return length >= dataLength && (40...120).contains(length - dataLength) && ((length - dataLength) % 4 == 0 || length == 46)
  }

  /// The last fragment of a packet of `dataLength` bytes that IP has just put together, of which it consumed the first fragment; the others
  /// were silent or wait.
  private func lastFragment(_ waiting: [Int], _ dataLength: UInt32, _ headers: UInt32) -> Int? {
    let ip = 20
    let whole = Int(dataLength) + Int(headers) - ip
    guard let first = parked.last(where: { packets.slot($0.ref).map { packets.slots[$0].state == .consumed } ?? false }),
      let begin = packets.slot(first.ref)
    else { return nil }
    let id = packets.slots[begin].journey.id
    let device = packets.slots[begin].journey.device
    var sum = Int(packets.slots[begin].journey.length) - ip
    let silent = parked.compactMap { packets.slot($0.ref) }.filter { packets.slots[$0].state == .parked }
    let rest = (silent + waiting).filter { packets.slots[$0].journey.id > id && packets.slots[$0].journey.device == device }
    for slot in rest.sorted(by: { packets.slots[$0].journey.id < packets.slots[$1].journey.id }) {
      sum += Int(packets.slots[slot].journey.length) - ip
      guard sum < whole else { return sum == whole && waiting.contains(slot) ? slot : nil }
    }
    return nil
  }

  /// The first of silent packets that follow one another by one device and together carry `dataLength`: TCP merged them in a backlog.
  private func firstOfRun(_ dataLength: UInt32, _ headers: UInt32, _ flow: FlowID) -> Int? {
    let silent = parked.suffix(256).compactMap { packets.slot($0.ref) }
      .filter { packets.slots[$0].state == .parked || packets.slots[$0].state == .consumed }
      .filter { Self.possibleLengths.contains(packets.slots[$0].journey.length) && packets.slots[$0].journey.header?.flow ?? flow == flow }
      .sorted { packets.slots[$0].journey.id < packets.slots[$1].journey.id }
    for device in Set(silent.map { packets.slots[$0].journey.device }) {
      let units = units(silent.filter { packets.slots[$0].journey.device == device }, headers)
      for start in units.indices {
        var sum: UInt32 = 0
        for unit in units[start...] {
          sum += unit.dataLength
          if sum >= dataLength { break }
        }
        if sum == dataLength, sum > 0 { return units[start].packet }
      }
    }
    return nil
  }

  /// A copy names the packet that stands first in the queue of `socket`. If that is another of the same length, which went to another socket
  /// of the batch or was silent, the two were taken for one another.
  mutating func correctByCopy(_ copy: Copy, _ socket: Int) {
    guard let first = sockets.sockets[socket].queue.first, let slot = packets.slot(first.packet), packets.slots[slot].journey.skb != copy.skb,
      first.end - Int64(packets.slots[slot].dataLength) == sockets.sockets[socket].consumed, let named = packets.find(copy.skb),
      packets.slots[named].journey.length == packets.slots[slot].journey.length
    else { return }
    switch packets.slots[named].state {
    case .parked:
      parked.append((first.packet, copy.time))
    case .queued:
      guard let other = sockets.known(packets.slots[named].socketKey), other != socket,
        let place = sockets.sockets[other].queue.firstIndex(where: { $0.packet == packets.ref(named) })
      else { return }
      sockets.sockets[other].queue[place].packet = first.packet
    default: return
    }
    sockets.sockets[socket].queue[0].packet = packets.ref(named)
    let (old, new) = (packets.slots[slot], packets.slots[named])
    take(slot, new, new.state)
    take(named, old, .queued)
  }

  /// What TCP did to `other`, it did to the packet in `slot`.
  private mutating func take(_ slot: Int, _ other: Packet, _ state: Packet.State) {
    packets.slots[slot].state = state
    packets.slots[slot].dataLength = other.dataLength
    packets.slots[slot].journey.protocolNumber = other.journey.protocolNumber
    packets.slots[slot].journey.flow = other.journey.flow
    packets.slots[slot].journey.socket = other.journey.socket
    packets.slots[slot].journey.stream = other.journey.stream
    packets.slots[slot].journey.stages[.transport] = other.journey.stages[.transport]
    packets.slots[slot].socketKey = other.socketKey
    packets.slots[slot].wakers = other.wakers
    packets.slots[slot].wakerCount = other.wakerCount
  }
}
