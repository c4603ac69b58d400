public import Events
internal import Journeys

/// Holds the journeys of a simulated recording against what really happened.
public struct TruthCheck {
  /// What differs, each in a sentence.
  public private(set) var differences: [String] = []
  /// Packets that were compared.
  public private(set) var count = 0
  /// Packets whose journey differs from what happened.
  public private(set) var wrong = 0
  /// Packets the engine says nothing certain of, where the kernel shows nothing.
  public private(set) var undecided = 0
  /// Stages that happened and that no journey has, by name.
  public private(set) var missing: [Stage: Int] = [:]
  /// Packets of which the recording does not tell everything, and whose journeys say so.
  public private(set) var concessions = Concessions()
  /// What differs of these, each in a sentence.
  public private(set) var open: [String] = []
  private let kernel: Kernel
  private let isCut: Bool
  private let hasProbes: Bool
  /// What differs of the packet that is compared.
  private var found: [Difference] = []

  private struct Difference {
    var what: String
    var stage: Stage?
    var isAdmitted: Bool
  }

  /// Runs the engine over the recording of `outcome` and compares.
  public init(_ outcome: Scenario.Outcome, _ kernel: Kernel) {
    self.kernel = kernel
    isCut = outcome.isCut
    hasProbes = outcome.hasProbes
    let journeys = Self.journeys(outcome.recording, kernel, outcome.hasProbes)
    compareReceived(outcome.truth, journeys)
    compareSent(outcome.truth, journeys)
  }

  private static func journeys(_ recording: EventRecording, _ kernel: Kernel, _ hasProbes: Bool) -> [Journey] {
    let kinds = EventRecording.kinds(of: kernel, hasProbes: hasProbes)
    var engine = JourneyEngine(Capabilities(kinds: kinds, probeNamesPacket: kernel.probeNamesPacket))
    for event in recording.events { engine.consume(event) }
    engine.finish()
    return engine.finished
  }

  // MARK: received packets

  private struct Key: Hashable {
    var address: UInt64
    var time: UInt64
  }

  private mutating func compareReceived(_ truth: Truth, _ journeys: [Journey]) {
    var byKey: [Key: Journey] = [:]
    for journey in journeys where journey.direction == .rx {
      guard let time = journey.stages[.gro]?.time ?? journey.stages[.receive]?.time else { continue }
      if byKey.updateValue(journey, forKey: Key(address: journey.skb, time: time)) != nil {
        differences.append("two journeys of one packet")
      }
    }
    for packet in truth.received {
      if packet.outcome == .merged {
        // The recording may end before GRO says so.
        if isCut, let time = packet.stages[.gro], byKey[Key(address: packet.address, time: time)]?.completeness == .truncated {
          byKey[Key(address: packet.address, time: time)] = nil
        }
        continue
      }
      count += 1
      guard let time = packet.stages[.gro], let journey = byKey.removeValue(forKey: Key(address: packet.address, time: time)) else {
        differences.append("\(label(packet)): no journey")
        continue
      }
      compare(packet, journey)
    }
    for journey in byKey.values { differences.append("journey \(journey.id) of a packet that was not there") }
  }

  private func label(_ packet: ReceivedTruth) -> String {
    "received \(String(packet.address, radix: 16)) at \(packet.stages[.gro] ?? 0)"
  }

  private mutating func compare(_ packet: ReceivedTruth, _ journey: Journey) {
    guard isDecidable(packet, journey) else {
      undecided += 1
      return
    }
    found = []
    compareFate(packet, journey)
    compareWaking(packet, journey)
    for stage in Stage.allCases where stage != .waking && stage != .running {
      compare(stage, stage == .ready && !isReadyShown ? nil : packet.stages[stage], journey)
    }
    if journey.woke == nil, let running = journey.stages[.running], running.link != .inferred { say("running without a waking") }
    judge(packet, journey)
  }

  /// Accepts the differences if the recording leaves them open, and the journey says so.
  private mutating func judge(_ packet: ReceivedTruth, _ journey: Journey) {
    guard !found.isEmpty else { return }
    let doubts = packet.doubts(kernel, hasProbes: hasProbes)
    let isAdmitted = journey.completeness == .ambiguous || journey.outcome == .unknown || journey.isOutcomeInferred
    var reasons: [Doubt] = []
    for difference in found {
      let isAboutInterrupt = difference.stage.map { [.irq, .raise, .softirq].contains($0) } ?? false
      let reason = isAboutInterrupt ? Doubt.interrupt : Doubt.allCases.first { $0 != .interrupt && doubts.contains($0) }
      guard difference.isAdmitted || isAdmitted && !isAboutInterrupt, let reason, doubts.contains(reason) else {
        wrong += 1
        differences += found.map { "\(label(packet)) (journey \(journey.id)): \($0.what)" }
        return
      }
      reasons.append(reason)
    }
    guard let reason = reasons.first(where: { $0 != .interrupt }) ?? reasons.first else { return }
    concessions.concede(reason)
    open += found.map { "\(label(packet)) (journey \(journey.id)), \(reason.rawValue): \($0.what)" }
  }

  private mutating func compareFate(_ packet: ReceivedTruth, _ journey: Journey) {
    let outcome = packet.outcome ?? (packet.stream != nil ? .queued : nil)
    if let outcome, journey.outcome != outcome { say("\(journey.outcome), but was \(outcome)") }
    if packet.outcome != nil, journey.completeness != .complete, !isCut { say("\(journey.completeness)") }
    if Int(journey.length) != packet.length { say("\(journey.length) bytes, but had \(packet.length)") }
    if Int(journey.frames) != packet.frames { say("\(journey.frames) frames, but had \(packet.frames)") }
    guard packet.outcome == .delivered else {
      if journey.reader != nil { say("read by \(journey.reader?.pid ?? 0), but was not read") }
      return
    }
    if kernel.probeNamesPacket, journey.socket != packet.socket {
      say(
        "socket \(String(journey.socket, radix: 16)), but had \(String(packet.socket, radix: 16))",
        isAdmitted: journey.stages[.read]?.link == .inferred)
    }
    if journey.reader?.pid != packet.reader {
      say(
        "read by \(journey.reader?.pid ?? 0), but was by \(packet.reader ?? 0)", isAdmitted: journey.stages[.read]?.link == .inferred)
    }
    if journey.outcome == .delivered, journey.stream != packet.stream, isSizeShown(packet) || journey.stream != nil {
      say("bytes \(journey.stream ?? 0..<0), but had \(packet.stream ?? 0..<0)", isAdmitted: journey.stages[.read]?.link == .inferred)
    }
  }

  /// Whether an event tells that a socket announces data.
  private var isReadyShown: Bool { kernel.hasDataReady || hasProbes }

  /// Whether anything tells how long a datagram is: its header, or the call that reads it.
  private func isSizeShown(_ packet: ReceivedTruth) -> Bool {
    kernel.hasDataReady || hasProbes || packet.protocolNumber != Event.IPProtocol.udp
  }

  /// Whether the kernel shows what became of the packet; if not, the journey must not claim to know.
  private func isDecidable(_ packet: ReceivedTruth, _ journey: Journey) -> Bool {
    if packet.outcome == .absorbed, packet.isSilent || packet.isMergedInBacklog {
      // Absorbed is right, and where a backlog coalesced it no event tells when.
      let isTimeOpen = journey.outcome == .absorbed && packet.stages[.transport] != nil && !journey.stages.has(.transport)
      return journey.outcome != .unknown && !isTimeOpen
    }
    if isCut, packet.outcome == nil || journey.completeness != .complete { return false }
    return true
  }

  private mutating func compareWaking(_ packet: ReceivedTruth, _ journey: Journey) {
    guard let woke = journey.woke else {
      if !packet.wakings.isEmpty, !isCut { say("woke nobody, but woke \(packet.wakings[0].pid)", isAdmitted: !isReadyShown) }
      return
    }
    guard let waking = packet.wakings.first(where: { $0.pid == woke.pid }) else {
      return say("woke \(woke.pid), but did not", isAdmitted: journey.stages[.waking]?.link == .inferred)
    }
    if let reader = packet.reader, reader != woke.pid, packet.wakings.contains(where: { $0.pid == reader }) {
      say("woke \(woke.pid), but also its reader")
    }
    compare(.waking, waking.time, journey)
    if isCut, waking.runningTime == nil { return }
    compare(.running, waking.runningTime, journey)
  }

  /// A difference; `isAdmitted` where the journey says of this itself that it is not sure.
  private mutating func say(_ what: String, stage: Stage? = nil, isAdmitted: Bool = false) {
    found.append(Difference(what: what, stage: stage, isAdmitted: isAdmitted))
  }

  /// A stage is right, or missing where the kernel's events leave it open, or said to be a guess.
  private mutating func compare(_ stage: Stage, _ time: UInt64?, _ journey: Journey) {
    guard let mark = journey.stages[stage] else {
      guard let time else { return }
      missing[stage, default: 0] += 1
      if ![.irq, .raise].contains(stage), !isCut { say("no \(stage), but was at \(time)", stage: stage) }
      return
    }
    guard mark.time != time else { return }
    say(
      "\(stage) at \(mark.time) (\(mark.link)), but was at \(time.map { "\($0)" } ?? "no time")", stage: stage,
      isAdmitted: mark.link == .inferred)
  }

  // MARK: sent packets

  private mutating func compareSent(_ truth: Truth, _ journeys: [Journey]) {
    var byKey: [Key: Journey] = [:]
    for journey in journeys where journey.direction == .tx {
      if let time = journey.stages[.queue]?.time { byKey[Key(address: journey.skb, time: time)] = journey }
    }
    for packet in truth.sent {
      count += 1
      let label = "sent \(String(packet.address, radix: 16)) at \(packet.stages[.queue] ?? 0)"
      guard let time = packet.stages[.queue], let journey = byKey.removeValue(forKey: Key(address: packet.address, time: time)) else {
        differences.append("\(label): no journey")
        continue
      }
      let before = differences.count
      compareSent(packet, journey, label)
      if differences.count > before { wrong += 1 }
    }
    for journey in byKey.values { differences.append("journey \(journey.id) of a sent packet that was not there") }
  }

  private mutating func compareSent(_ packet: SentTruth, _ journey: Journey, _ label: String) {
    if isCut, journey.completeness != .complete { return }
    if packet.isCompleted, journey.outcome != .completed { differences.append("\(label): \(journey.outcome), but was completed") }
    // What a call sent whose end the recording does not have may have had a sender: an ACK that a read sends, for one.
    let isCallOpen = journey.completeness == .truncated && packet.sender == nil && journey.stages[.queue]?.context == .process
    if packet.isCompleted, journey.completeness != .complete, !isCallOpen { differences.append("\(label): \(journey.completeness)") }
    if Int(journey.frames) != packet.frames { differences.append("\(label): \(journey.frames) frames, but had \(packet.frames)") }
    if kernel.hasDataReady, journey.sender?.pid != packet.sender {
      differences.append("\(label): sent by \(journey.sender?.pid ?? 0), but was by \(packet.sender ?? 0)")
    }
    for stage in Stage.allCases {
      let time = stage == .send && !kernel.hasDataReady ? nil : packet.stages[stage]
      guard journey.stages[stage]?.time != time else { continue }
      differences.append("\(label): \(stage) at \(journey.stages[stage]?.time ?? 0), but was at \(time ?? 0)")
    }
  }
}
