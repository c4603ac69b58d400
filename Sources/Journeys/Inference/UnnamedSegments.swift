internal import BasicContainers
internal import DequeModule
internal import Events

/// Which packet a tcp_probe means that names none. Nothing is changed here.
extension ReceivePath {
  /// What is proposed for a tcp_probe that names no packet.
  enum UnnamedMatch {
    /// The packet's own header tells; how sure that is.
    case byHeader(Int, Link)
    /// It waits in the context, and its length fits.
    case waiting(Int)
    /// It was silent; the packets that are as likely, this one among them.
    case silent(Int, likely: [Int])
  }

  /// The packet that carries `segment`, whose headers have `headers` bytes, as its connection's had before.
  func matchUnnamed(_ segment: ProbedSegment, _ headers: UInt32, in context: Int) -> UnnamedMatch? {
    let reported = segment.length
    let waiting = contexts[context].pending.compactMap { packets.slot($0) }
      .filter { packets[$0].state == .delivered && mayBe($0, of: segment.flow) }
    let others = softContexts.contains(Int32(context)) ? [] : pendingElsewhere(context)
    let passed = (parked.compactMap { packets.slot($0.packet) } + others).filter { mayBe($0, of: segment.flow) }
    if let slot = headed(waiting, passed.filter { isSilent($0, orConsumed: true) }, segment) {
      // Of segments without data that waited in a backlog, some may have been coalesced there without a word.
      return .byHeader(slot, reported == 0 && !waiting.contains(slot) ? .inferred : .ordered)
    }
    // Headers as long as the connection's are likelier than others.
    func isLikely(_ slot: Int) -> Bool { Int(packets[slot].journey.length) == Int(reported) + Int(headers) }
    func fits(_ slot: Int) -> Bool { self.fits(slot, reported) }
    if let slot = waiting.first(where: isLikely) ?? lastFragment(waiting, reported, headers) ?? waiting.first(where: fits) {
      return .waiting(slot)
    }
    let silent = passed.filter { isSilent($0, orConsumed: false) }
    let likely = silent.filter { isLikely($0) || packets[$0].journey.header == nil && fits($0) }
    let slot = silent.first(where: isLikely) ?? firstOfRun(reported, headers, segment.flow) ?? silent.first(where: fits)
    return slot.map { .silent($0, likely: likely) }
  }

  private func isSilent(_ slot: Int, orConsumed: Bool) -> Bool {
    let state = packets[slot].state
    return state == .parked || state == .delivered || orConsumed && state == .consumed
  }

  /// What other CPUs have in their batches: a task may find it in a backlog before they are through.
  private func pendingElsewhere(_ context: Int) -> [Int] {
    softContexts.map(Int.init).filter { $0 != context }.flatMap { contexts[$0].pending }.compactMap { packets.slot($0) }
      .filter { packets[$0].state == .delivered }
  }

  /// IP and TCP headers take 40 to 120 bytes, a multiple of four; the shortest frames have padding besides.
  private func fits(_ slot: Int, _ dataLength: UInt32) -> Bool {
    let length = packets[slot].journey.length
    return length >= dataLength && (40...120).contains(length - dataLength)
      && ((length - dataLength) % 4 == 0 || length == Self.shortestPacket)
  }

  /// The last fragment of a packet of `dataLength` bytes that IP has just put together, of which it consumed the first fragment; the others
  /// were silent or wait.
  private func lastFragment(_ waiting: [Int], _ dataLength: UInt32, _ headers: UInt32) -> Int? {
    let ip = 20
    let whole = Int(dataLength) + Int(headers) - ip
    guard let first = parked.last(where: { packets.slot($0.packet).map { packets[$0].state == .consumed } ?? false }),
      let begin = packets.slot(first.packet)
    else { return nil }
    let id = packets[begin].journey.id
    let device = packets[begin].journey.device
    var sum = Int(packets[begin].journey.length) - ip
    let silent = parked.compactMap { packets.slot($0.packet) }.filter { packets[$0].state == .parked }
    let rest = (silent + waiting).filter { packets[$0].journey.id > id && packets[$0].journey.device == device }
    for slot in rest.sorted(by: { packets[$0].journey.id < packets[$1].journey.id }) {
      sum += Int(packets[slot].journey.length) - ip
      guard sum < whole else { return sum == whole && waiting.contains(slot) ? slot : nil }
    }
    return nil
  }

  /// The first of silent packets that follow one another by one device and together carry `dataLength`: TCP coalesced them in a backlog.
  private func firstOfRun(_ dataLength: UInt32, _ headers: UInt32, _ flow: FlowID) -> Int? {
    let silent = parked.suffix(256).compactMap { packets.slot($0.packet) }
      .filter { packets[$0].state == .parked || packets[$0].state == .consumed }
      .filter { Self.possibleLengths.contains(packets[$0].journey.length) && packets[$0].journey.header?.flow ?? flow == flow }
      .sorted { packets[$0].journey.id < packets[$1].journey.id }
    var devices: [NameID] = []
    for slot in silent where !devices.contains(packets[slot].journey.device) { devices.append(packets[slot].journey.device) }
    for device in devices {
      let whole = reassembled(silent.filter { packets[$0].journey.device == device }, headers)
      for start in whole.indices {
        var sum: UInt32 = 0
        for packet in whole[start...] {
          sum += packet.dataLength
          if sum >= dataLength { break }
        }
        if sum == dataLength, sum > 0 { return whole[start].packet }
      }
    }
    return nil
  }

  /// Whether the packet in `silent` may be the one whose events were given to the packet in `slot`: tcp_probe tells how many bytes there are.
  func mayBeTaken(_ silent: Int, for slot: Int) -> Bool {
    guard packets[slot].journey.header == nil else { return false }
    return !packets[slot].journey.stages.has(.transport) || packets[slot].journey.length == packets[silent].journey.length
  }

  /// Whether the packet in `slot` may be one of `flow`, as far as its own header tells.
  private func mayBe(_ slot: Int, of flow: FlowID) -> Bool {
    guard flow != .none, let header = packets[slot].journey.header, header.protocolNumber != 0 else { return true }
    if let fragment = header.fragment, fragment.offset > 0 { return header.protocolNumber == Event.IPProtocol.tcp }
    return header.flow == flow
  }
}
