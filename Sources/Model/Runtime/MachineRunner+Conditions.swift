internal import Events
internal import Journeys

/// What the tables of a machine ask for by name.
extension MachineRunner {
  func holds(
    _ condition: Reaction.Guard, _ instance: Instance, _ key: UInt64, _ e: Event, _ engine: borrowing JourneyEngine
  ) -> Bool {
    switch condition {
    case .always: true
    case .announced: announcement(e) != nil
    case .wokenByPacket: instance.packet > 0
    case .packetWakes: engine.packet(waking: e)?.id ?? 0 > 0
    case .internetSocket: e.isOfInternetSocket
    case .innermost: stacks[Int(key)].last == e.interrupt
    case .inside: instance.depth > 0
    case .realTime: isRealTime
    }
  }

  /// What the context of an event has just announced: a packet's id, or 0 where it is not known; nil if nothing.
  private func announcement(_ e: Event) -> Int? {
    tables.announcing >= 0 ? keyed[tables.announcing][e.contextKey]?.packet : nil
  }

  func keep(
    _ keep: Reaction.Keep, _ instance: inout Instance, _ key: UInt64, _ e: Event, _ engine: borrowing JourneyEngine
  ) {
    (instance.time, instance.cpu) = (e.time, e.cpu)
    switch keep {
    case .packetThatWakes: instance.packet = engine.packet(waking: e)?.id ?? 0
    case .packetInHand: instance.packet = engine.packetInHand(e)?.id ?? 0
    case .innermost: instance.number = stacks[Int(key)].last ?? -1
    }
  }

  mutating func change(_ stack: Reaction.Stack, _ place: Int, _ number: Int32, _ instance: inout Instance) {
    switch stack {
    case .push:
      if stacks[place].count >= Self.stackLimit { stacks[place].removeAll(keepingCapacity: true) }
      stacks[place].append(number)
    case .pop: _ = stacks[place].popLast()
    case .clear: if instance.depth > 0 { stacks[place].removeAll(keepingCapacity: true) }
    case .unwind: if let first = stacks[place].lastIndex(of: number) { stacks[place].removeSubrange(first...) }
    }
    instance.depth = UInt8(truncatingIfNeeded: stacks[place].count)
  }

  func note(
    _ breach: MachineTables.Breach, _ subject: Machine.Subject, _ instance: Instance, _ key: UInt64, _ e: Event, _ flagged: inout FlaggedPackets,
    _ log: inout DeviationLog
  ) {
    let sentence = breach.sentence
    var packet = 0
    switch sentence.packet {
    case .kept: packet = instance.packet
    case .announced: packet = announcement(e) ?? 0
    case nil: break
    }
    flagged.flag(packet, breach.rule)
    let place = sentence.isAtKept ? (instance.time, instance.cpu) : (e.time, e.cpu)
    let innermost = subject == .cpu ? stacks[Int(key)].last : nil
    log.note(breach.rule, kind: breach.kind, time: place.0, cpu: place.1, packets: packet > 0 ? [packet] : []) {
      (fill(sentence.seen, instance, key, innermost, e), fill(sentence.expected, instance, key, innermost, e))
    }
  }

  /// A sentence with the values that the event and the instance have.
  private func fill(_ text: String, _ instance: Instance, _ key: UInt64, _ innermost: Int32?, _ e: Event) -> String {
    let values: [(String, String)] = [
      ("entity", "\(Int32(truncatingIfNeeded: key))"), ("cpu", "\(e.cpu)"), ("since", "\(e.time &- instance.time)"),
      ("number", "\(e.interrupt)"), ("innermost", innermost.map { "\($0)" } ?? "none"), ("kept", "\(instance.number)"),
      ("previous", "\(e.scheduledTasks.previous)")
    ]
    return values.reduce(text) { $0.replacing("{\($1.0)}", with: $1.1) }
  }
}

extension Event {
  /// Whether it names a socket of IPv4 or IPv6.
  fileprivate var isOfInternetSocket: Bool {
    kind == .skDataReady && (skDataReady.family == Event.AddressFamily.inet || skDataReady.family == Event.AddressFamily.inet6)
  }
}
