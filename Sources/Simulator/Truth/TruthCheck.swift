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
  private let kernel: Kernel
  private let isCut: Bool

  /// Runs the engine over the recording of `outcome` and compares.
  public init(_ outcome: Scenario.Outcome, _ kernel: Kernel) {
    self.kernel = kernel
    isCut = outcome.isCut
    let journeys = Self.journeys(outcome.recording, kernel)
    compareReceived(outcome.truth, journeys)
    compareSent(outcome.truth, journeys)
  }

  private static func journeys(_ recording: EventRecording, _ kernel: Kernel) -> [Journey] {
    var engine = JourneyEngine(Capabilities(kinds: EventRecording.kinds(of: kernel), probeNamesPacket: kernel.probeNamesPacket))
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
    for packet in truth.received where packet.outcome != .merged {
      count += 1
      guard let time = packet.stages[.gro], let journey = byKey.removeValue(forKey: Key(address: packet.address, time: time)) else {
        differences.append("\(label(packet)): no journey")
        continue
      }
      let before = differences.count
      compare(packet, journey)
      if differences.count > before { wrong += 1 }
    }
    for journey in byKey.values { differences.append("journey \(journey.id) of a packet that was not there") }
  }

  private func label(_ packet: ReceivedTruth) -> String {
    "received \(String(packet.address, radix: 16)) at \(packet.stages[.gro] ?? 0)"
  }

  private mutating func compare(_ packet: ReceivedTruth, _ journey: Journey) {
    let label = label(packet) + " (journey \(journey.id))"
    func say(_ what: String) { differences.append("\(label): \(what)") }
    guard isDecidable(packet, journey) else {
      undecided += 1
      return
    }
    let outcome = packet.outcome ?? (packet.stream != nil ? .queued : nil)
    if let outcome, journey.outcome != outcome { say("\(journey.outcome), but was \(outcome)") }
    if packet.outcome != nil, journey.completeness != .complete, !isCut { say("\(journey.completeness)") }
    if Int(journey.length) != packet.length { say("\(journey.length) bytes, but had \(packet.length)") }
    if Int(journey.frames) != packet.frames { say("\(journey.frames) frames, but had \(packet.frames)") }
    if kernel.probeNamesPacket, packet.stages[.transport] != nil || packet.stages[.ready] != nil, journey.socket != packet.socket,
      packet.outcome == .delivered
    {
      say("socket \(String(journey.socket, radix: 16)), but had \(String(packet.socket, radix: 16))")
    }
    if journey.reader?.pid != packet.reader { say("read by \(journey.reader?.pid ?? 0), but was by \(packet.reader ?? 0)") }
    if !packet.isOutOfOrder, journey.stream != packet.stream, journey.outcome == .delivered {
      say("bytes \(journey.stream ?? 0..<0), but had \(packet.stream ?? 0..<0)")
    }
    compareWaking(packet, journey, label)
    compareStages(packet.stages, journey, label)
  }

  /// Whether the kernel shows what became of the packet; if not, the journey must not claim to know.
  private func isDecidable(_ packet: ReceivedTruth, _ journey: Journey) -> Bool {
    if packet.outcome == .absorbed, packet.isSilent || packet.isMergedInBacklog { return journey.outcome != .unknown }
    if isCut, packet.outcome == nil || journey.completeness != .complete { return false }
    return true
  }

  private mutating func compareWaking(_ packet: ReceivedTruth, _ journey: Journey, _ label: String) {
    guard let woke = journey.woke else {
      if !packet.wakings.isEmpty, !isCut { differences.append("\(label): woke nobody, but woke \(packet.wakings[0].pid)") }
      return
    }
    guard let waking = packet.wakings.first(where: { $0.pid == woke.pid }) else {
      return differences.append("\(label): woke \(woke.pid), but did not")
    }
    if let reader = packet.reader, reader != woke.pid, packet.wakings.contains(where: { $0.pid == reader }) {
      differences.append("\(label): woke \(woke.pid), but also its reader")
    }
    compare(.waking, waking.time, journey, label)
    if isCut, waking.runningTime == nil { return }
    compare(.running, waking.runningTime, journey, label)
  }

  private mutating func compareStages(_ stages: [Stage: UInt64], _ journey: Journey, _ label: String) {
    for stage in Stage.allCases where stage != .waking && stage != .running { compare(stage, stages[stage], journey, label) }
    if journey.woke == nil, let running = journey.stages[.running], running.link != .inferred {
      differences.append("\(label): running without a waking")
    }
  }

  /// A stage is right, or missing where the kernel's events leave it open, or said to be a guess.
  private mutating func compare(_ stage: Stage, _ time: UInt64?, _ journey: Journey, _ label: String) {
    guard let mark = journey.stages[stage] else {
      if time != nil {
        missing[stage, default: 0] += 1
        if ![.irq, .raise].contains(stage), !isCut { differences.append("\(label): no \(stage), but was at \(time ?? 0)") }
      }
      return
    }
    guard mark.time != time, mark.link != .inferred else { return }
    differences.append("\(label): \(stage) at \(mark.time) (\(mark.link)), but was at \(time.map { "\($0)" } ?? "no time")")
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
    if packet.isCompleted, journey.completeness != .complete { differences.append("\(label): \(journey.completeness)") }
    if Int(journey.frames) != packet.frames { differences.append("\(label): \(journey.frames) frames, but had \(packet.frames)") }
    if kernel.hasDataReady, journey.sender?.pid != packet.sender {
      differences.append("\(label): sent by \(journey.sender?.pid ?? 0), but was by \(packet.sender ?? 0)")
    }
    compareStages(kernel.hasDataReady ? packet.stages : packet.stages.filter { $0.key != .send }, journey, label)
  }
}
