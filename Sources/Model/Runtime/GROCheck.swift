internal import Events
internal import Journeys

/// R2: what GRO holds comes out, and as long as what went in, less the headers of the merged frames.
struct GROCheck: Sendable {
  /// A packet that GRO holds.
  private struct Head {
    var group: UInt64
    var length: UInt32
    var packet: Int
    var event: Event
  }

  /// What one NAPI instance has merged since it last held nothing.
  private struct Group {
    var heads = 0
    /// What the heads that came out have grown by, in bytes.
    var grown: Int64 = 0
    var mergedFrames: Int64 = 0
    var mergedBytes: Int64 = 0
    /// A frame was merged into a head that was held before the recording or a loss.
    var isPartial = false
    var packets: [Int] = []
  }

  private var entering: [UInt64: (arrival: Arrival, event: Event)] = [:]
  private var heads: [UInt64: Head] = [:]
  private var groups: [UInt64: Group] = [:]
  /// For each context the instance that was polled there last.
  private var latest: [UInt64: UInt64] = [:]
  private(set) var count = RuleCount()

  /// The rule's place in the model.
  private let rule: Int
  /// Bytes of headers that a merged frame loses: from IP alone (fraglist) to two layers of IPv6, TCP and options in a tunnel.
  private let leastHeaders: Int64
  private let mostHeaders: Int64
  private static let limit = 65_536

  /// The check of `model`'s rule, or nil if it has none.
  init?(_ model: ReferenceModel) {
    guard let rule = model.index(of: .groLengths) else { return nil }
    self.rule = rule
    leastHeaders = Int64(model.rules[rule].numbers["least merged headers"])
    mostHeaders = Int64(model.rules[rule].numbers["most merged headers"])
  }

  mutating func observe(_ e: Event, _ engine: borrowing JourneyEngine, _ flagged: inout FlaggedPackets, _ log: inout DeviationLog) {
    switch e.kind {
    case .groEntry:
      let arrival = e.groEntry
      settle(group(arrival, e), e, &flagged, &log)
      reborn(arrival.skb, e, &flagged, &log)
      if entering.count >= Self.limit { entering.removeAll(keepingCapacity: true) }
      entering[e.contextKey] = (arrival, e)
    case .groExit:
      guard let entry = entering.removeValue(forKey: e.contextKey) else { return }
      leave(entry.arrival, entry.event, e.groExit.result, engine)
      latest[e.contextKey] = group(entry.arrival, e)
      settle(group(entry.arrival, e), e, &flagged, &log)
    case .netifReceiveSkb: receive(e, e.netifReceiveSkb.skb, e.netifReceiveSkb.length)
    case .netifRxEntry: reborn(e.netifRxEntry.skb, e, &flagged, &log)
    case .netDevQueue: reborn(e.netDevQueue.skb, e, &flagged, &log)
    case .kfreeSkb: abandon(e.kfreeSkb.skb)
    case .consumeSkb: abandon(e.consumeSkb.skb)
    case .napiPoll: if let key = latest.removeValue(forKey: e.contextKey) { settle(key, e, &flagged, &log) }
    case .gap:
      entering.removeAll(keepingCapacity: true)
      heads.removeAll(keepingCapacity: true)
      groups.removeAll(keepingCapacity: true)
    default: break
    }
  }

  private func group(_ arrival: Arrival, _ e: Event) -> UInt64 {
    arrival.napi != 0 ? UInt64(arrival.napi) : 1 << 40 | UInt64(UInt32(bitPattern: e.cpu))
  }

  /// `enum gro_result`: 0 merged, 1 merged and freed, 2 held.
  private mutating func leave(_ arrival: Arrival, _ e: Event, _ result: Int32, _ engine: borrowing JourneyEngine) {
    let key = group(arrival, e)
    switch result {
    case 0, 1:
      if groups[key]?.heads ?? 0 == 0, groups[key]?.packets.isEmpty ?? true { groups[key, default: Group()].isPartial = true }
      groups[key, default: Group()].mergedFrames += 1
      groups[key]?.mergedBytes += Int64(arrival.length)
    case 2:
      if heads.count >= Self.limit { heads.removeAll(keepingCapacity: true) }
      let packet = engine.packet(at: arrival.skb)?.id ?? 0
      heads[arrival.skb] = Head(group: key, length: arrival.length, packet: packet, event: e)
      groups[key, default: Group()].heads += 1
      if groups[key]?.packets.count ?? 0 < 8 { groups[key]?.packets.append(packet) }
    default: break
    }
  }

  private mutating func receive(_ e: Event, _ skb: UInt64, _ length: UInt32) {
    guard let head = heads.removeValue(forKey: skb) else { return }
    groups[head.group]?.heads -= 1
    groups[head.group]?.grown += Int64(length) - Int64(head.length)
  }

  /// GRO gives up what it held because the device goes away: the books of this round stay open.
  private mutating func abandon(_ skb: UInt64) {
    guard let head = heads.removeValue(forKey: skb) else { return }
    groups[head.group]?.heads -= 1
    groups[head.group]?.isPartial = true
  }

  /// The address of a packet that GRO holds is used for another.
  private mutating func reborn(_ skb: UInt64, _ e: Event, _ flagged: inout FlaggedPackets, _ log: inout DeviationLog) {
    guard let head = heads[skb] else { return }
    abandon(skb)
    count.checked += 1
    flagged.flag(head.packet, rule)
    log.note(rule, kind: 0, at: head.event, packets: [head.packet]) {
      ("a packet that GRO held never came out, and its memory was used for another", "its netif_receive_skb")
    }
  }

  /// Closes the books of an instance that holds nothing. Inside a GRO call its own frame is not counted yet, so this waits for the call's end.
  private mutating func settle(_ key: UInt64, _ e: Event, _ flagged: inout FlaggedPackets, _ log: inout DeviationLog) {
    guard let group = groups[key], group.heads == 0, entering[e.contextKey] == nil else { return }
    groups[key] = nil
    guard !group.packets.isEmpty, !group.isPartial else {
      if group.isPartial { count.excused += 1 }
      return
    }
    count.checked += 1
    let least = group.mergedBytes - mostHeaders * group.mergedFrames
    let most = group.mergedBytes - leastHeaders * group.mergedFrames
    guard group.grown < least || group.grown > most else { return }
    for packet in group.packets { flagged.flag(packet, rule) }
    log.note(rule, kind: 1, at: e, packets: group.packets) {
      let frames = group.mergedFrames == 1 ? "1 frame" : "\(group.mergedFrames) frames"
      return (
        "\(frames) of \(group.mergedBytes) bytes were merged and what came out had grown by \(group.grown) bytes",
        group.mergedFrames == 0 ? "the length that went in" : "growth by \(least) to \(most) bytes"
      )
    }
  }
}
