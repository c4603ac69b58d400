import Decoding
import Events
import Foundation
import Journeys

/// What was read of a file: every journey in the order in which they ended.
struct Reading {
  struct Ended: Equatable {
    /// The latest time up to the event that ended it; the largest number for those that the end of the recording ended.
    var time: UInt64
    /// Whether it claims to be whole.
    var isComplete: Bool
    var isDelivered: Bool
    /// Everything the journey says, but its number.
    var text: String
    /// What of it does not depend on what came before: not its place in the stream, not the frames that GRO put into it, and not the stages
    /// that announce it, since which interrupt is whose is learned on the way.
    var identity: String
    var stages: [String]
    /// Whether the engine says itself that a join is weak.
    var isInferred: Bool

    /// Whether this is what is left of `whole` when its first stages are not known.
    func isEnd(of whole: Ended) -> Bool { identity == whole.identity && whole.stages.suffix(stages.count) == stages[...] }
  }

  private(set) var ended: [Ended] = []
  private(set) var records = 0
  private(set) var hasDamage = false

  /// Reads `path`; nil where it is refused. With `describes`, every entry is printed too.
  init?(_ path: String, describes: Bool = false) {
    guard let recording = try? Recording(paths: [path]) else { return nil }
    if describes, var again = try? recording.reopened() { Self.describe(&again) }
    var stream = EventStream(recording)
    var engine = JourneyEngine(stream.capabilities)
    var latest: UInt64 = 0
    while let event = stream.next() {
      engine.consume(event)
      latest = max(latest, event.time)
      if !engine.finished.isEmpty { take(&engine, stream, at: latest) }
    }
    engine.finish()
    take(&engine, stream, at: .max)
    records = stream.recordCount
    hasDamage = stream.recording.diagnostics.hasDamage
  }

  private mutating func take(_ engine: inout JourneyEngine, _ stream: borrowing EventStream, at time: UInt64) {
    for journey in engine.finished {
      ended.append(Self.ended(journey, stream, at: time))
    }
    engine.finished.removeAll(keepingCapacity: true)
  }

  private static func ended(_ journey: Journey, _ events: borrowing EventStream, at time: UInt64) -> Ended {
    let flow = events.flows[journey.flow].map { "\($0.remote)>\($0.local)" } ?? "-"
    let reader = journey.reader.map { "\(events.names[$0.comm])/\($0.pid)" } ?? "-"
    let woke = journey.woke.map { "\(events.names[$0.comm])/\($0.pid)" } ?? "-"
    func text(_ stages: [(stage: Stage, mark: StageMark)]) -> [String] {
      stages.map { "\($0.stage.id)@\($0.mark.time)/\($0.mark.cpu)/\($0.mark.evidence.name)/\($0.mark.link)" }
    }
    // Whose a sent packet is follows from what came before.
    let identity =
      journey.direction == .tx
      ? "tx \(journey.skb) \(journey.length) \(journey.outcome) \(journey.completeness)"
      : [
        "\(journey.skb) \(journey.socket) \(journey.length) \(journey.protocolNumber ?? 0) \(flow) \(journey.outcome)",
        "\(journey.completeness) \(journey.reason) \(reader) \(woke)"
      ].joined(separator: " ")
    let own = journey.stages.inOrder.filter { ![.irq, .raise, .softirq].contains($0.stage) }
    let isInferred = own.contains { $0.mark.link == .inferred }
    return Ended(
      time: time, isComplete: journey.completeness == .complete, isDelivered: journey.outcome == .delivered,
      text:
        "\(identity) \(journey.socket) \(flow) \(journey.frames) \(journey.stream.map { "\($0)" } ?? "-") \(text(journey.stages.inOrder).joined(separator: " "))",
      identity: identity, stages: text(own), isInferred: isInferred)
  }

  private static func describe(_ recording: inout Recording) {
    var line: [UInt8] = []
    while let record = recording.next() {
      line.removeAll(keepingCapacity: true)
      describe(record, recording, &line)
    }
  }

  private static func describe(_ record: Record, _ recording: borrowing Recording, _ line: inout [UInt8]) {
    guard let catalog = recording.catalog(ofStream: record.stream) else { return }
    catalog.describe(recording.bytes(of: record), time: record.time, cpu: record.cpu, into: &line)
  }
}
