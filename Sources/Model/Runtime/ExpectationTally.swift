internal import Events
internal import Journeys

/// What has been seen of the packets that one expectation is about.
struct ExpectationTally: Sendable {
  let expectation: Expectation
  private var matched = 0
  /// Packets of which it is not known whether they are meant, for their flow is not.
  private var unplaced = 0
  private var skipped = 0
  private var judged = 0
  private var failing = 0
  private var slowest: UInt64 = 0
  /// Those that fail: the slowest where time counts, else the first.
  private var worst: [(id: Int, time: UInt64)] = []

  private static let packetLimit = 8

  init(_ expectation: Expectation) { self.expectation = expectation }

  /// Takes in a journey that the expectation is about.
  mutating func judge(_ journey: Journey, _ stream: borrowing EventStream) {
    matched += 1
    guard journey.completeness == .complete else {
      skipped += 1
      return
    }
    switch expectation.demand {
    case .time(let from, let to, _, let limit):
      guard let time = journey.time(from: from, to: to) else { return }
      slowest = max(slowest, time)
      note(journey.id, time, isFailing: time >= limit)
    case .never(let trait): if let has = journey.has(trait, stream) { note(journey.id, 0, isFailing: has) }
    case .delivered:
      guard journey.outcome == .delivered || journey.outcome == .dropped else { return }
      note(journey.id, 0, isFailing: journey.outcome == .dropped)
    }
  }

  mutating func countUnplaced() { unplaced += 1 }

  private mutating func note(_ id: Int, _ time: UInt64, isFailing: Bool) {
    judged += 1
    guard isFailing else { return }
    failing += 1
    guard worst.count == Self.packetLimit else {
      worst.append((id, time))
      return
    }
    guard let fastest = worst.indices.min(by: { worst[$0].time < worst[$1].time }), worst[fastest].time < time else { return }
    worst[fastest] = (id, time)
  }

  /// What came of it; `missing` events would be needed to tell.
  func result(missing: [EventKind]) -> ExpectationResult {
    let why = open(missing)
    let verdict: ExpectationResult.Verdict = why != nil ? .open : isMet ? .met : .broken
    let ids = worst.sorted { ($1.time, $0.id) < ($0.time, $1.id) }.map(\.id)
    return ExpectationResult(
      expectation: expectation, verdict: verdict, matched: matched, judged: judged, failing: failing, packets: ids, detail: why ?? detail)
  }

  private var isMet: Bool {
    switch expectation.demand {
    case .time(_, _, let share, _), .delivered(let share): share.isReached(by: judged - failing, of: judged)
    case .never: failing == 0
    }
  }

  /// Why nothing can be said, or nil.
  private func open(_ missing: [EventKind]) -> String? {
    if failing > 0, !isMet { return nil }
    if matched == 0 { return "no packet of the recording is known to be one of these\(unknown)" }
    if !missing.isEmpty { return "not in this recording: " + missing.map(\.name).joined(separator: ", ") }
    if judged == 0, skipped == matched { return "of all \(matched) such packets a part is missing" }
    return judged == 0 ? "none of the \(matched) such packets shows what is asked for" : nil
  }

  private var unknown: String { unplaced > 0 ? "; the flow of \(unplaced) more is not known" : "" }

  private var detail: String {
    let left = matched - judged
    let rest = (left > 0 ? "; \(left) more could not be judged" : "") + unknown
    switch expectation.demand {
    case .time: return "\(share) of \(judged) packets, the slowest took \(Self.words(slowest))\(rest)"
    case .delivered: return "\(share) of \(judged) packets\(rest)"
    case .never: return "\(failing) of \(judged) packets\(rest)"
    }
  }

  /// The share of packets as expected, cut off behind three decimals so that 100 % says all.
  private var share: String {
    guard judged > 0 else { return "0 %" }
    let thousandths = (judged - failing) * 100_000 / judged
    let fraction = String(String(thousandths % 1000 + 1000).dropFirst())
    return "\(thousandths / 1000).\(fraction) %"
  }

  private static func words(_ nanoseconds: UInt64) -> String {
    nanoseconds < 10_000_000 ? "\(nanoseconds / 1000).\(nanoseconds / 100 % 10) µs" : "\(nanoseconds / 1_000_000).\(nanoseconds / 100_000 % 10) ms"
  }
}

extension Journey {
  /// Nanoseconds from one stage to another, or from the first sign to the read; nil if they were not seen, or not in this order.
  fileprivate func time(from: Stage?, to: Stage?) -> UInt64? {
    guard let from, let to else { return total.flatMap { $0 >= 0 ? UInt64($0) : nil } }
    guard let a = stages[from], let b = stages[to], b.time >= a.time else { return nil }
    return b.time - a.time
  }

  /// Whether it has what an expectation forbids; nil if that is not known.
  fileprivate func has(_ trait: Expectation.Trait, _ stream: borrowing EventStream) -> Bool? {
    switch trait {
    case .cause(let cause): return waits.contains { $0.cause == cause }
    case .condition(let condition): return conditions.contains(condition)
    case .stage(let stage, let context):
      guard let mark = stages[stage] else { return false }
      return context == nil || mark.context == context
    case .outcome(let forbidden, let wanted):
      guard outcome != .unknown || forbidden == .unknown else { return nil }
      guard outcome == forbidden else { return false }
      guard let wanted else { return true }
      return stream.dropReason(reason).map { $0 == wanted }
    }
  }
}
