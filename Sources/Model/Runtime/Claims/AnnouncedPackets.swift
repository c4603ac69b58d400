internal import Events
internal import Journeys

/// S2b: which packets have an interrupt of their own.
struct AnnouncedPackets: Sendable {
  private struct Interrupt: Hashable {
    var time: UInt64
    var cpu: Int16
  }

  private var open: [Interrupt: (packets: Int, first: Int)] = [:]
  private var alone = 0
  private var sharing = 0
  private var without = 0
  private var aloneExamples = Examples()
  private var otherExamples = Examples()
  private static let limit = 4096

  mutating func add(_ journey: Journey) {
    guard let irq = journey.stages[.irq] else {
      without += 1
      otherExamples.add(journey.id)
      return
    }
    if journey.frames > 1 {
      sharing += Int(journey.frames)
      otherExamples.add(journey.id)
      return
    }
    let key = Interrupt(time: irq.time, cpu: irq.cpu)
    if let seen = open[key] {
      sharing += seen.packets == 1 ? 2 : 1
      otherExamples.add(journey.id)
      open[key] = (seen.packets + 1, seen.first)
      return
    }
    if open.count >= Self.limit { settle() }
    open[key] = (1, journey.id)
  }

  private mutating func settle() {
    // In the order of the packets, whatever that of the table is.
    for packets in open.values.filter({ $0.packets == 1 }).sorted(by: { $0.first < $1.first }) {
      alone += 1
      aloneExamples.add(packets.first)
    }
    open.removeAll(keepingCapacity: true)
  }

  func result(_ claim: Claim) -> ClaimResult {
    var final = self
    final.settle()
    let examples = final.otherExamples.ids + final.aloneExamples.ids.sorted().prefix(1)
    return ClaimResult(
      claim, by: .trace, for: final.alone, against: final.sharing + final.without, examples: examples,
      detail: "\(final.alone) frames had an interrupt of their own, \(final.sharing) shared one, \(final.without) had none")
  }
}
