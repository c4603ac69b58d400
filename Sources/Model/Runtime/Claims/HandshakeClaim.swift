internal import Events
internal import Journeys

/// S8: which segments of the 3-way and 4-way handshakes wake somebody.
struct HandshakeClaim: Sendable {
  /// The segments, in the order in which a connection has them.
  enum Segment: Int, CaseIterable, Sendable {
    case syn, synACK, finalACK, fin, ackOfFIN, lastACK

    var name: String {
      switch self {
      case .syn: "SYN"
      case .synACK: "SYN-ACK"
      case .finalACK: "final ACK"
      case .fin: "FIN"
      case .ackOfFIN: "ACK of FIN"
      case .lastACK: "last ACK"
      }
    }
  }

  /// Packets in flight that changed a connection's state.
  private var open: [Int: Segment] = [:]
  private var woke = [Int](repeating: 0, count: Segment.allCases.count)
  private var silent = [Int](repeating: 0, count: Segment.allCases.count)
  private var wokeExamples = Examples()
  private var silentExamples = Examples()
  private static let limit = 65_536

  mutating func observe(_ e: Event, _ engine: borrowing JourneyEngine) {
    guard e.kind == .inetSockSetState, e.inetSockSetState.protocolNumber == Event.IPProtocol.tcp,
      let segment = Self.segment(e.inetSockSetState.old, e.inetSockSetState.new), let packet = engine.packetInHand(e)
    else { return }
    if open.count >= Self.limit { open.removeAll(keepingCapacity: true) }
    open[packet.id] = segment
  }

  /// The segment whose processing takes a connection from one state to the other (include/net/tcp_states.h), or nil if that is a task's doing.
  private static func segment(_ old: Int32, _ new: Int32) -> Segment? {
    switch (old, new) {
    case (Event.TCPState.synSent, Event.TCPState.established): .synACK
    case (Event.TCPState.listen, Event.TCPState.synReceived), (Event.TCPState.synReceived, Event.TCPState.established): .finalACK
    case (Event.TCPState.established, 8): .fin
    case (4, 5): .ackOfFIN
    // TIME_WAIT is never shown: the active closer goes from FIN_WAIT2 to CLOSE with the other side's FIN.
    case (5, Event.TCPState.close): .fin
    case (9, Event.TCPState.close): .lastACK
    default: nil
    }
  }

  mutating func judge(_ journey: Journey) {
    var segment = open.isEmpty ? nil : open.removeValue(forKey: journey.id)
    if let flags = journey.header?.flags, journey.protocolNumber == Event.IPProtocol.tcp {
      if flags.contains(.syn) { segment = flags.contains(.ack) ? .synACK : .syn } else if flags.contains(.fin) { segment = .fin }
    }
    // A segment with data wakes because of these.
    guard let segment, journey.stream?.isEmpty ?? true else { return }
    if journey.woke == nil {
      silent[segment.rawValue] += 1
      silentExamples.add(journey.id)
    } else {
      woke[segment.rawValue] += 1
      wokeExamples.add(journey.id)
    }
  }

  func result(_ claim: Claim) -> ClaimResult {
    let parts = Segment.allCases.compactMap { segment -> String? in
      let (woke, all) = (woke[segment.rawValue], woke[segment.rawValue] + silent[segment.rawValue])
      return all > 0 ? "\(segment.name) \(woke) of \(all)" : nil
    }
    return ClaimResult(
      claim, by: .trace, for: silent.reduce(0, +), against: woke.reduce(0, +), examples: wokeExamples.ids + silentExamples.ids.prefix(1),
      detail: parts.isEmpty ? "no segment of a handshake was seen" : "wakeups: " + parts.joined(separator: ", "))
  }
}
