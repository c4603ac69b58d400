internal import BasicContainers
internal import DequeModule
internal import Events

/// TCP on kernels before 6.12, whose tcp_probe names no packet: which one it means follows from order and length.
extension ReceivePath {
  /// The packet that carries `segment`: one that waits in `context`, or one that was silent. Headers of its connection have `headerLength` bytes,
  /// if that is known.
  mutating func unnamedSegment(_ segment: ProbedSegment, _ headerLength: UInt32?, in context: Int, _ time: UInt64) -> (Int, Link)? {
    switch matchUnnamed(segment, headerLength ?? 52, in: context) {
    case .byHeader(let slot, let link):
      passAhead(of: slot, inside: context, time)
      passAhead(of: slot, outside: context, time)
      return (slot, link)
    case .waiting(let slot):
      doubtOrder(context, passing: contexts[context].pending.firstIndex(of: packets.ref(slot)) ?? 0, as: slot)
      passAhead(of: slot, inside: context, time)
      if packets[slot].journey.header == nil { contexts[context].byOrder.append(packets.ref(slot)) }
      return (slot, .ordered)
    case .silent(let slot, let likely):
      if likely.count > 1 { for slot in likely where packets[slot].state == .parked { packets[slot].doubt() } }
      passAhead(of: slot, outside: context, time)
      return (slot, .inferred)
    case nil: return nil
    }
  }

  /// The first `count` packets that wait in `context` showed nothing, and the one in `next`, if it is not nil, is taken for a segment. Those that
  /// do not say what they are may be any of those that order alone has joined to their sockets.
  mutating func doubtOrder(_ context: Int, passing count: Int, as next: Int? = nil) {
    guard count > 0, next != nil || !contexts[context].byOrder.isEmpty else { return }
    let joined = contexts[context].byOrder.compactMap { packets.slot($0) } + (next.map { [$0] } ?? [])
    guard !joined.isEmpty else { return }
    for ref in contexts[context].pending.prefix(count) {
      guard let silent = packets.slot(ref), packets[silent].state == .delivered, packets[silent].journey.header == nil else { continue }
      for slot in joined where slot != silent && mayBeTaken(silent, for: slot) {
        packets[silent].doubt()
        packets[slot].doubt()
      }
    }
  }
}
