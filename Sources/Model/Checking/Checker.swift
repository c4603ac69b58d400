public import Events
public import Journeys

/// Holds a recording against the model while it passes: the rules against the stream of events, the steps against each journey, and the
/// claims against both. A struct of small tables; memory does not grow with the recording.
public struct Checker: Sendable {
  private let graph = StageGraph()
  private var polls = PollCheck()
  private var gro = GROCheck()
  private var streams = StreamCheck()
  private var wakes: WakeCheck
  private var nesting = NestingCheck()
  private var claims = ClaimCounter()
  private var flagged = FlaggedPackets()
  private var log = DeviationLog()
  private var journeys = JourneyCounts()
  private var steps = RuleCount()
  private var unexplained = UnexplainedLog()
  private var seenKinds: UInt64 = 0
  private var cpuCount: Int32 = 0
  /// Journeys that deviate by one rule alone, by rule: if the rule turns out not to apply, they conform.
  private var onlyBy = [Int](repeating: 0, count: RuleID.allCases.count)

  /// A checker for a recording of a kernel of this release, nil if it is unknown.
  public init(kernel: String?) { wakes = WakeCheck(isRealTime: Self.isRealTime(kernel)) }

  /// PREEMPT_RT kernels say so in their release: `6.12.43+deb13-rt-amd64`, `5.14.0-427.rt14`, `4.19.98-rt40`.
  static func isRealTime(_ release: String?) -> Bool {
    (release ?? "").split { !$0.isLetter && !$0.isNumber }.contains { $0 == "rt" || ($0.hasPrefix("rt") && $0.dropFirst(2).allSatisfy(\.isNumber)) }
  }

  /// Takes in an event that `engine` has just consumed, before the journeys that ended with it are judged.
  public mutating func observe(_ event: Event, _ engine: borrowing JourneyEngine) {
    cpuCount = max(cpuCount, event.cpu + 1)
    if event.kind == .windowBegins || event.kind == .windowEnds { pause(event, engine) } else { check(event, engine) }
  }

  /// The recording pauses or goes on: on every CPU something is missing.
  private mutating func pause(_ event: Event, _ engine: borrowing JourneyEngine) {
    for cpu in 0..<cpuCount {
      check(Event(time: event.time, cpu: cpu, pid: 0, flags: [], body: .gap(before: event.time, events: nil)), engine)
    }
  }

  private mutating func check(_ event: Event, _ engine: borrowing JourneyEngine) {
    if let kind = event.kind.tracepoint { seenKinds |= 1 << UInt64(kind.rawValue) }
    polls.observe(event, engine)
    gro.observe(event, engine, &flagged, &log)
    streams.observe(event, engine, &flagged, &log)
    wakes.observe(event, engine, &flagged, &log)
    nesting.observe(event, &log)
    claims.observe(event, engine)
  }

  /// Judges a journey that has ended; returns the rules it broke.
  @discardableResult
  public mutating func judge(_ journey: Journey) -> [RuleID] {
    var broken = flagged.take(journey.id)
    guard journey.completeness == .complete else {
      journeys.skip(journey.completeness)
      // What was seen before the loss stays seen, but the journey is not counted twice.
      return broken.rules
    }
    claims.judge(journey)
    let explanation = replay(journey, &broken)
    if !broken.isEmpty {
      journeys.deviating += 1
      if broken.rules.count == 1, explanation == nil { onlyBy[broken.rules[0].index] += 1 }
    } else if let explanation {
      journeys.unexplained += 1
      unexplained.note(explanation, journey)
    } else {
      journeys.conforming += 1
    }
    return broken.rules
  }

  /// Replays `journey` on the graph. Returns what the model cannot explain, or nil.
  private mutating func replay(_ journey: Journey, _ broken: inout RuleSet) -> Unexplained? {
    let stages = journey.stages.inOrder
    guard let first = stages.first, let last = stages.last else { return .nothingSeen }
    guard graph.mayBegin(first.stage) else { return .beginning(first.stage) }
    var explanation: Unexplained?
    for (a, b) in zip(stages, stages.dropFirst()) {
      steps.checked += 1
      let judgement = graph.step(a.stage, a.mark, b.stage, b.mark)
      if judgement == .allowed { continue }
      // The kernel is not blamed for what was joined by inference.
      if judgement == .unknown || a.mark.link == .inferred || b.mark.link == .inferred {
        explanation = explanation ?? .step(a.stage, b.stage)
        continue
      }
      deviate(journey, judgement, a, b, &broken)
    }
    if explanation == nil, !graph.mayEnd(journey.outcome, last.stage) || (journey.outcome == .delivered) != journey.stages.has(.read) {
      return .end(journey.outcome, last.stage)
    }
    return explanation
  }

  private mutating func deviate(
    _ journey: Journey, _ judgement: StageGraph.Judgement, _ a: (stage: Stage, mark: StageMark), _ b: (stage: Stage, mark: StageMark),
    _ broken: inout RuleSet
  ) {
    let rule: RuleID = judgement == .wrongContext ? .g1 : .g2
    broken.insert(RuleSet(rule))
    let place = Event(time: b.mark.time, cpu: Int32(b.mark.cpu), pid: 0, flags: [], body: .softirqExit(vector: 0))
    let kind = Int(a.stage.rawValue) * 64 + Int(b.stage.rawValue)
    log.note(rule, kind: kind, at: place, packets: [journey.id], device: journey.device) {
      rule == .g1
        ? ("\(b.stage.id) followed \(a.stage.id) in \(b.mark.context) context", "\(ReferenceModel.contexts(a.stage, b.stage))")
        : ("\(b.stage.id) followed \(a.stage.id) on CPU \(b.mark.cpu)", "CPU \(a.mark.cpu), where \(a.stage.id) was")
    }
  }

  /// Everything that was found, when the recording is over.
  public mutating func finish() -> Verification {
    var counts: [RuleID: RuleCount] = [:]
    counts[.r1] = polls.finish(&log)
    counts[.r2] = gro.count
    counts[.r3] = streams.announcements
    counts[.r4] = wakes.announcements
    counts[.r5] = wakes.wakeups
    counts[.r6] = streams.reads
    counts[.r7] = nesting.count
    counts[.r8] = wakes.softInterrupts
    counts[.g1] = steps
    counts[.g2] = steps
    let results = Rule.all.map { rule in result(rule, counts[rule.id] ?? RuleCount()) }
    return Verification(
      journeys: journeys, rules: results, deviations: log.all, unexplained: unexplained.all, claims: claims.results(seen: hasSeen))
  }

  private func hasSeen(_ kind: EventKind) -> Bool { seenKinds & 1 << UInt64(kind.rawValue) != 0 }

  private mutating func result(_ rule: Rule, _ count: RuleCount) -> RuleResult {
    let missing = rule.needs.filter { !hasSeen($0) }
    var reason: String?
    if !missing.isEmpty {
      reason = "not in this recording: " + missing.map(\.name).joined(separator: ", ")
    } else if rule.id == .r5, wakes.missesSwitches {
      reason = "the recording misses switches between tasks, as one of some tasks only, or of a kernel that leaves some out, does"
    } else if rule.id == .r8, wakes.isPreemptible(broken: log.count(.r8)) {
      reason = "soft interrupts can be preempted on this kernel (PREEMPT_RT)"
    }
    if reason != nil {
      log.remove(rule.id)
      journeys.deviating -= onlyBy[rule.id.index]
      journeys.conforming += onlyBy[rule.id.index]
    }
    return RuleResult(
      rule: rule, checked: reason == nil ? count.checked : 0, excused: count.excused, broken: log.count(rule.id), uncheckedBecause: reason)
  }
}
