public import Events
internal import Journeys

extension Timeline {
  /// Writes the timeline for people; names come from `stream`.
  public func writeText(_ stream: borrowing EventStream, _ style: Style, to output: inout TextOutput) {
    let stages = journey.stages.inOrder
    var title = "packet \(journey.id)  \(stream.names[journey.device])  \(journey.length) bytes"
    if journey.frames > 1 { title += " of \(journey.frames) frames" }
    if let number = journey.protocolNumber { title += "  \(PacketJSON.protocolName(number))" }
    let outcome = journey.outcome.rawValue + (journey.isOutcomeInferred ? " (inferred)" : "")
    output.line(style.bold(title) + "  \(outcome)" + PacketLine.who(journey, stream))
    output.line(style.dim("skb \(PacketJSON.hex(journey.skb))" + (journey.socket == 0 ? "" : "  socket \(PacketJSON.hex(journey.socket))")))
    if let range = journey.stream { output.line(style.dim("bytes \(range.lowerBound) to \(range.upperBound) of what its socket received")) }
    if journey.completeness != .complete {
      output.line(style.warning("This journey is \(journey.completeness.rawValue): \(Self.explain(journey.completeness))"))
    }
    output.line()
    let first = journey.firstTime
    for (index, seen) in stages.enumerated() {
      if index > 0 { writeGap(gaps[index - 1], stream, style, &output) }
      output.line(
        Durations.right(Self.offset(seen.mark.time, from: first), 11) + "  " + style.bold(Durations.left(seen.stage.id, 10))
          + "CPU \(seen.mark.cpu)  " + Durations.left(seen.mark.context.name, 9) + Durations.left(seen.mark.evidence.name, 24)
          + (seen.mark.link == .exact ? "" : style.dim("(\(seen.mark.link.name)) ")) + style.dim(Self.meaning(seen.stage, seen.mark)))
    }
    output.line()
    output.line(style.dim("from \(Durations.stamp(first)) of the trace's clock"))
    output.flush()
  }

  private static func offset(_ time: UInt64, from first: UInt64) -> String {
    time < first ? "-" + Durations.text(first - time) : "+" + Durations.text(time - first)
  }

  /// What a stage means; a send call is known by its return where its entry is not recorded.
  private static func meaning(_ stage: Stage, _ mark: StageMark) -> String {
    mark.evidence == .sockSendLength ? "the application's send call returns" : stage.meaning
  }

  private func writeGap(_ gap: Gap, _ stream: borrowing EventStream, _ style: Style, _ output: inout TextOutput) {
    let length = gap.to.mark.time - gap.from.mark.time
    var line = "             " + style.accent("│ " + Durations.right(Durations.text(length), 9))
    // Who held the CPU while no packet was there matters to nobody.
    let occupants = gap.from.stage == .posted ? [] : gap.occupants
    let holders = occupants.filter { $0.time * 20 >= length }.map {
      "\(Self.name($0.occupant, stream)) \(Durations.text($0.time))"
    }
    let wait = journey.waits.first { $0.from == gap.from.stage }
    defer { if let wait { output.line("             " + style.accent("│ ") + style.warning(wait.cause.meaning)) } }
    if !holders.isEmpty { line += style.dim("  CPU \(gap.to.mark.cpu): ") + holders.joined(separator: ", ") }
    output.line(line)
  }

  /// What an occupant is called: an interrupt and its handler, a vector, a task.
  static func name(_ occupant: CPUAccount.Holder, _ stream: borrowing EventStream) -> String {
    switch occupant {
    case .hardirq(let irq, let name): "interrupt \(irq) (\(stream.names[name]))"
    case .softirq(let vector): SoftIRQ.names.indices.contains(Int(vector)) ? SoftIRQ.names[Int(vector)] : "softirq \(vector)"
    case .task(0, _): "idle"
    case .task(let pid, let comm): (comm == .none ? stream.comm(pid) ?? "?" : stream.names[comm]) + "/\(pid)"
    }
  }

  private static func explain(_ completeness: Journey.Completeness) -> String {
    switch completeness {
    case .complete: ""
    case .truncated: "the recording began or ended inside it"
    case .lost: "events were lost inside it"
    case .ambiguous: "two packets fit the evidence"
    }
  }
}
