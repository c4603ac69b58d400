public import Events
public import Journeys

/// Whether what a user expects was so.
public struct ExpectationResult: Sendable {
  /// What the recording says of it.
  public enum Verdict: String, Sendable {
    /// All packets that could break it, or as many as suffice, are as expected.
    case met
    /// Some are not, or more than may be.
    case broken
    /// It could not be judged; `detail` says why.
    case open
  }

  /// What was expected.
  public let expectation: Expectation
  /// Whether it was so.
  public let verdict: Verdict
  /// Packets that it is about.
  public let matched: Int
  /// Those of them that could have broken it: seen completely, with what it asks for.
  public let judged: Int
  /// Those that were not as expected; where a share suffices, some may be.
  public let failing: Int
  /// Ids of the first of them; where a time is limited, of the slowest.
  public let packets: [Int]
  /// What was seen, in a sentence.
  public let detail: String
}

/// Holds journeys against a user's expectations while a recording passes; memory does not grow with it.
public struct ExpectationJudge: Sendable {
  private var tallies: [ExpectationTally]
  private let model: ReferenceModel

  /// A judge of `expectations`; what evidence each needs, `model` knows.
  public init(_ expectations: [Expectation], _ model: ReferenceModel) {
    tallies = expectations.map { ExpectationTally($0) }
    self.model = model
  }

  /// Takes in a journey that has ended; names come from `stream`.
  public mutating func judge(_ journey: Journey, _ stream: borrowing EventStream) {
    for index in tallies.indices {
      switch tallies[index].expectation.packets.accepts(journey, stream) {
      case true: tallies[index].judge(journey, stream)
      case false: break
      case nil: tallies[index].countUnplaced()
      }
    }
  }

  /// What came of each; `seen` tells which events the recording has.
  public func finish(seen: (EventKind) -> Bool) -> [ExpectationResult] {
    tallies.map { $0.result(missing: $0.expectation.missing(model, seen: seen)) }
  }
}

extension PacketFilter {
  /// Whether a journey is one of these; nil where its flow, which decides, is not known.
  func accepts(_ journey: Journey, _ stream: borrowing EventStream) -> Bool? {
    if let direction, journey.direction != direction { return false }
    if let protocolNumber, journey.protocolNumber != protocolNumber { return false }
    if let device, stream.names[journey.device] != device { return false }
    if let task {
      let tasks = [journey.reader, journey.woke, journey.sender].compactMap { $0 }
      guard tasks.contains(where: { stream.names[$0.comm] == task }) else { return false }
    }
    guard port != nil || flow != nil else { return true }
    guard let ends = stream.flows[journey.flow] else { return nil }
    if let port, ends.local.port != port, ends.remote.port != port { return false }
    if let flow, !"\(ends.remote) \(ends.local)".contains(flow) { return false }
    return true
  }
}

extension Expectation {
  /// The events that are not in the recording and without which it does not tell; empty if it does.
  func missing(_ model: ReferenceModel, seen: (EventKind) -> Bool) -> [EventKind] {
    switch demand {
    case .time(let from, let to, _, _):
      return [from, to].compactMap { $0 }.flatMap { model.missing($0, seen: seen) }
    case .never(.stage(let stage, _)): return model.missing(stage, seen: seen)
    case .never(.cause(let cause)): return model.causes.first { $0.value == cause }?.needs.filter { !seen($0) } ?? []
    case .never(.condition(let condition)):
      return model.conditions.first { $0.value == condition }?.needs.filter { !seen($0) } ?? []
    case .never(.outcome), .delivered: return []
    }
  }
}

extension ReferenceModel {
  /// The events of which any one would show `stage`, if none of them was seen.
  fileprivate func missing(_ stage: Stage, seen: (EventKind) -> Bool) -> [EventKind] {
    let events = stages.first { $0.stage == stage }?.events ?? []
    return events.contains(where: seen) ? [] : events
  }
}
