internal import Events
internal import Journeys

/// Why a recording does not determine a packet's journey. Which of these hold follows from what really happened, never from what the engine
/// says; a journey may be in doubt only for such a reason, and must say so itself.
enum Doubt: String, CaseIterable {
  /// tcp_probe names no packet (before 6.12), and several that do not say their flow fit.
  case unnamed = "not named by tcp_probe"
  /// It, or a packet delivered together with it, waited in a socket's backlog, or was consumed, without an event.
  case silent = "silent in a batch"
  /// TCP had taken in data without announcing them.
  case order = "unannounced data in the stream"
  /// Nothing announces data (before 6.3), so that wakeups are all there is.
  case unannounced = "no announcement of data"
  /// Which poll an interrupt asked for is not told.
  case interrupt = "several interrupts pending"
}

extension ReceivedTruth {
  /// The doubts about this packet in a recording of `kernel`.
  func doubts(_ kernel: Kernel, hasProbes: Bool) -> Set<Doubt> {
    var doubts: Set<Doubt> = [.interrupt]
    let isSilent = isBacklogged || isSilent || batch?.hasSilent ?? false
    if isSilent, !hasProbes { doubts.insert(.silent) }
    if isOrderHidden, !hasProbes { doubts.insert(.order) }
    if !kernel.probeNamesPacket, !hasProbes && (batch?.count ?? 0 > 1 || isSilent) || isBacklogged && isEmpty { doubts.insert(.unnamed) }
    if !kernel.hasDataReady, !hasProbes { doubts.insert(.unannounced) }
    return doubts
  }
}

/// How many packets were not determined, by reason.
public struct Concessions {
  private var counts: [Doubt: Int] = [:]

  mutating func concede(_ doubt: Doubt) { counts[doubt, default: 0] += 1 }

  mutating func add(_ other: Concessions) { counts.merge(other.counts, uniquingKeysWith: +) }

  /// Packets in all.
  public var count: Int { counts.values.reduce(0, +) }

  /// Packets of which more is open than the interrupt that announced them.
  public var countBeyondInterrupts: Int { count - (counts[.interrupt] ?? 0) }

  /// Each reason with its count.
  public var description: String {
    Doubt.allCases.compactMap { doubt in counts[doubt].map { "\($0) \(doubt.rawValue)" } }.joined(separator: ", ")
  }
}
