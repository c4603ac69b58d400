public import Events
public import Journeys

/// Holds a recording against the model while it passes: the rules against the stream of events, the steps against each journey, and the
/// claims against both. A struct of small tables; memory does not grow with the recording.
public struct Checker: Sendable {
  private let model: ReferenceModel
  private var polls: PollCheck?
  private var gro: GROCheck?
  private var streams: StreamCheck?
  private var machines: MachineRunner
  private var claims: ClaimCounter
  private var flagged = FlaggedPackets()
  private var log: DeviationLog
  private var journeys = JourneyCounts()
  private var steps = RuleCount()
  private var unexplained = UnexplainedLog()
  private var seenKinds: UInt64 = 0
  private var cpuCount: Int32 = 0
  /// Journeys that deviate by one rule alone, by rule: if the rule turns out not to apply, they conform.
  private var onlyBy: [Int]
  private let contextRule: Int?
  private let cpuRule: Int?

  /// A checker of `model` for a recording of a kernel of this release, nil if it is unknown.
  public init(_ model: ReferenceModel = .linux, kernel: String?) {
    self.model = model
    polls = PollCheck(model)
    gro = GROCheck(model)
    streams = StreamCheck(model)
    machines = MachineRunner(model, isRealTime: Self.isRealTime(kernel))
    claims = ClaimCounter(model)
    log = DeviationLog(model.rules.map(\.id))
    onlyBy = Array(repeating: 0, count: model.rules.count)
    contextRule = model.index(of: .stepContext)
    cpuRule = model.index(of: .stepCPU)
  }

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
    polls?.observe(event, engine)
    gro?.observe(event, engine, &flagged, &log)
    streams?.observe(event, engine, &flagged, &log)
    machines.observe(event, engine, &flagged, &log)
    claims.observe(event, engine)
  }

  /// Judges a journey that has ended; returns the rules it broke.
  @discardableResult
  public mutating func judge(_ journey: Journey) -> [RuleID] {
    var broken = flagged.take(journey.id)
    guard journey.completeness == .complete else {
      journeys.skip(journey.completeness)
      // What was seen before the loss stays seen, but the journey is not counted twice.
      return ids(broken)
    }
    claims.judge(journey)
    let explanation = replay(journey, &broken)
    if !broken.isEmpty {
      journeys.deviating += 1
      if broken.rules.count == 1, explanation == nil { onlyBy[broken.rules[0]] += 1 }
    } else if let explanation {
      journeys.unexplained += 1
      unexplained.note(explanation, journey)
    } else {
      journeys.conforming += 1
    }
    return ids(broken)
  }

  private func ids(_ broken: RuleSet) -> [RuleID] { broken.isEmpty ? [] : broken.rules.map { model.rules[$0].id } }

  /// Replays `journey` on the model.graph. Returns what the model cannot explain, or nil.
  private mutating func replay(_ journey: Journey, _ broken: inout RuleSet) -> Unexplained? {
    let stages = journey.stages.inOrder
    guard let first = stages.first, let last = stages.last else { return .nothingSeen }
    guard model.graph.mayBegin(first.stage) else { return .beginning(first.stage) }
    var explanation: Unexplained?
    for (a, b) in zip(stages, stages.dropFirst()) {
      steps.checked += 1
      let judgement = model.graph.step(a.stage, a.mark, b.stage, b.mark)
      if judgement == .allowed { continue }
      // The kernel is not blamed for what was joined by inference.
      if judgement == .unknown || a.mark.link == .inferred || b.mark.link == .inferred {
        explanation = explanation ?? .step(a.stage, b.stage)
        continue
      }
      deviate(journey, judgement, a, b, &broken)
    }
    if explanation == nil, !model.graph.mayEnd(journey.outcome, last.stage) || (journey.outcome == .delivered) != journey.stages.has(.read) {
      return .end(journey.outcome, last.stage)
    }
    return explanation
  }

  private mutating func deviate(
    _ journey: Journey, _ judgement: StageGraph.Judgement, _ a: (stage: Stage, mark: StageMark), _ b: (stage: Stage, mark: StageMark),
    _ broken: inout RuleSet
  ) {
    guard let rule = judgement == .wrongContext ? contextRule : cpuRule else { return }
    broken.insert(RuleSet(rule))
    let kind = Int(a.stage.rawValue) * 64 + Int(b.stage.rawValue)
    log.note(rule, kind: kind, time: b.mark.time, cpu: Int32(b.mark.cpu), packets: [journey.id], device: journey.device) {
      judgement == .wrongContext
        ? ("\(b.stage.id) followed \(a.stage.id) in \(b.mark.context) context", "\(model.contexts(a.stage, b.stage))")
        : ("\(b.stage.id) followed \(a.stage.id) on CPU \(b.mark.cpu)", "CPU \(a.mark.cpu), where \(a.stage.id) was")
    }
  }

  /// Everything that was found, when the recording is over.
  public mutating func finish() -> Verification {
    let polled = polls?.finish(&log)
    var results: [RuleResult] = []
    for (index, rule) in model.rules.enumerated() { results.append(result(rule, index, count(rule, index, polled))) }
    return Verification(
      model: model, journeys: journeys, rules: results, deviations: log.all, unexplained: unexplained.all, claims: claims.results(seen: hasSeen),
      seenKinds: seenKinds)
  }

  /// Whether the recording has an event of this kind.
  private func hasSeen(_ kind: EventKind) -> Bool { seenKinds & 1 << UInt64(kind.rawValue) != 0 }

  private func count(_ rule: Rule, _ index: Int, _ polled: RuleCount?) -> RuleCount {
    switch rule.code {
    case .pollWork: polled ?? RuleCount()
    case .groLengths: gro?.count ?? RuleCount()
    case .announcedData: streams?.announcements ?? RuleCount()
    case .bytesRead: streams?.reads ?? RuleCount()
    case .stepContext, .stepCPU: steps
    case nil: machines.counts[index]
    }
  }

  private mutating func result(_ rule: Rule, _ index: Int, _ count: RuleCount) -> RuleResult {
    let missing = rule.needs.filter { !hasSeen($0) }
    var reason: String?
    if !missing.isEmpty {
      reason = "not in this recording: " + missing.map(\.name).joined(separator: ", ")
    } else if let open = rule.openIf, isOpen(open.condition, rule, index) {
      reason = open.because
    }
    if reason != nil {
      log.remove(index)
      journeys.deviating -= onlyBy[index]
      journeys.conforming += onlyBy[index]
    }
    return RuleResult(
      rule: rule, checked: reason == nil ? count.checked : 0, excused: count.excused, broken: log.count(index), uncheckedBecause: reason)
  }

  /// Whether nothing can be said of a rule because `condition` holds.
  private func isOpen(_ condition: RuleCondition, _ rule: Rule, _ index: Int) -> Bool {
    switch condition {
    case .missingSwitches:
      machines.account.missesSwitches(
        oneIn: rule.numbers["missing switches are one in"], least: rule.numbers["missing switches of one CPU at least"],
        others: rule.numbers["missing switches of other tasks"], besides: log.count(index))
    case .preemptedSoftInterrupts:
      machines.isRealTime
        || (log.count(index) >= rule.numbers["habit at least"]
          && log.count(index) * rule.numbers["habit is one in"] > machines.counts[index].checked)
    }
  }
}
