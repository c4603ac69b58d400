internal import Decoding
public import Events
public import Journeys

extension LatencyReport {
  /// Writes the report for people.
  public func writeText(_ stream: borrowing EventStream, _ engine: borrowing JourneyEngine, _ style: Style, to output: inout TextOutput) {
    let trace = TraceSummary(stream)
    let statistics = statistics(engine)
    head(trace, style, &output)
    packets(statistics, style, &output)
    if trace.info.isInTicks {
      output.line(style.bold("Clock     ") + "its ticks are no time, so that there are no latencies; record with the clock mono")
    }
    writeTable(style, &output)
    writePaths(stream, style, &output)
    waits(style, &output)
    writeTail(stream, trace, style, &output)
    drops(statistics, stream, style, &output)
    interrupts(statistics, trace, style, &output)
    if !statistics.chosenTasks.isEmpty {
      let names = statistics.chosenTasks.map { stream.names[$0] }.joined(separator: ", ")
      output.line(style.bold("Tasks     ") + "scheduling is recorded of \(names) only; why other readers were late is not known")
    }
    if stream.capabilities.completeFrom > 0 {
      let seconds = Durations.stamp(stream.capabilities.completeFrom)
      output.line(style.bold("Flight    ") + "what is kept of each CPU begins at its own time, of all at \(seconds); packets before are marked lost")
    }
    missing(trace, statistics, style, &output)
    output.flush()
  }

  private func head(_ trace: TraceSummary, _ style: Style, _ output: inout TextOutput) {
    var facts = [trace.info.format]
    if let kernel = trace.info.kernel { facts.append("kernel \(kernel)") }
    if let clock = trace.info.clock { facts.append("clock \(clock)") }
    if trace.info.cpus > 0 { facts.append(Self.plural(trace.info.cpus, "CPU")) }
    let span = trace.last - min(trace.first, trace.last)
    facts.append("\(Self.plural(trace.events, "event")) in \(trace.info.isInTicks ? "\(span) ticks" : Durations.text(span))")
    output.line(style.bold(trace.info.files.joined(separator: " ")) + "  " + style.dim(facts.joined(separator: " · ")))
    if !trace.info.buffers.isEmpty {
      let one = trace.info.buffers.count == 1 ? " alone" : " together; --instance NAME reads one alone"
      output.line(style.bold("Instances ") + trace.info.buffers.joined(separator: ", ") + one)
    }
    if !trace.windows.isEmpty {
      let recorded = trace.windows.reduce(0) { $0 &+ UInt64($1.count) }
      output.line(style.bold("Windows   ") + "\(Self.plural(trace.windows.count, "window")), \(Durations.text(recorded)) recorded in all")
    }
    output.line()
  }

  private func packets(_ statistics: PathStatistics, _ style: Style, _ output: inout TextOutput) {
    let packets = statistics.packets
    if packets > 0 {
      received(statistics, style, &output)
    } else if whyEmpty != nil || !isSelective || statistics.sent == 0 {
      output.line(whyEmpty ?? "No received packet in this recording.")
      census?.write(style, to: &output)
    }
    if statistics.sent > 0 {
      output.line(style.bold("Sent      ") + "\(Self.plural(statistics.sent, "packet")), \(Durations.count(statistics.sentCompleted)) seen completed")
    }
    if statistics.fullQueues > 0 {
      output.line(
        style.warning(style.bold("Full      "))
          + "\(Self.plural(statistics.fullQueues, "time")) a socket had no room for a packet: give it more than "
          + "\(statistics.leastQueueLimit) bytes (SO_RCVBUF), or read it faster")
    }
    output.line()
  }

  private func received(_ statistics: PathStatistics, _ style: Style, _ output: inout TextOutput) {
    let outcomes = Journey.Outcome.allCases.filter { $0 != .merged }.compactMap { outcome in
      let count = statistics.packets(outcome)
      // Several sockets may each receive the same packet.
      let all = outcome == .delivered && statistics.deliveries > count ? " (\(Durations.count(statistics.deliveries)) times)" : ""
      return count > 0 ? "\(Durations.count(count)) \(outcome.rawValue)\(all)" : nil
    }
    output.line(
      style.bold("Received  ") + "\(Self.plural(statistics.frames, "frame")) as \(Self.plural(statistics.packets, "packet")): "
        + outcomes.joined(separator: ", "))
    let kinds = Journey.Completeness.allCases.dropFirst().compactMap { kind in
      let count = statistics.packets(kind)
      return count > 0 ? "\(Durations.count(count)) \(kind.rawValue)" : nil
    }
    let complete = "\(Durations.count(statistics.packets(Journey.Completeness.complete))) complete"
    output.line(style.bold("Seen      ") + ([complete] + kinds).joined(separator: ", ") + (kinds.isEmpty ? "" : " (not in the table)"))
  }

  /// `12,345 packets`, `1 packet`.
  static func plural(_ count: Int, _ word: String) -> String { "\(Durations.count(count)) \(word)\(count == 1 ? "" : "s")" }

  /// Why packets waited, as far as the recording shows.
  private func waits(_ style: Style, _ output: inout TextOutput) {
    let rows = causesByTime
    guard !rows.isEmpty else { return }
    for (index, row) in rows.enumerated() {
      output.line(
        style.bold(index == 0 ? "Waits     " : "          ") + Durations.right(Durations.text(row.time), 9) + " in "
          + Durations.left(Self.plural(row.packets, "packet") + ":", 16) + row.cause.meaning)
    }
    output.line()
  }

  private func drops(_ statistics: PathStatistics, _ stream: borrowing EventStream, _ style: Style, _ output: inout TextOutput) {
    let rows = Self.drops(statistics, stream)
    guard !rows.isEmpty else { return }
    for (index, row) in rows.prefix(8).enumerated() {
      let place = row.location.map { " in \($0)" } ?? ""
      output.line(style.bold(index == 0 ? "Dropped   " : "          ") + "\(Durations.count(row.count)) \(row.reason ?? "no reason given")\(place)")
    }
    if rows.count > 8 { output.line("          and \(Self.plural(rows.count - 8, "kind")) more (--json has all)") }
    output.line()
  }

  private func interrupts(_ statistics: PathStatistics, _ trace: TraceSummary, _ style: Style, _ output: inout TextOutput) {
    guard statistics.hardInterrupts > 0 || statistics.softInterrupts.contains(where: { $0 > 0 }) else { return }
    let soft = statistics.softTime.reduce(0, &+)
    let netRX = Int(SoftIRQ.netRX)
    let whose = statistics.hasAllInterrupts ? "" : " of the recorded devices"
    func time(_ nanoseconds: UInt64) -> String { trace.info.isInTicks ? "" : " in \(Durations.text(nanoseconds))" }
    output.line(
      style.bold("Interrupts") + " \(Durations.count(statistics.hardInterrupts)) hard\(whose)\(time(statistics.hardTime)); "
        + "\(Durations.count(statistics.softInterrupts.reduce(0, +))) soft\(time(soft)), "
        + "of them \(Durations.count(statistics.softInterrupts[netRX])) NET_RX\(time(statistics.softTime[netRX]))")
  }

  private func missing(_ trace: TraceSummary, _ statistics: PathStatistics, _ style: Style, _ output: inout TextOutput) {
    if trace.gaps.isEmpty && trace.diagnostics.rows.isEmpty && statistics.evicted == 0 {
      return output.line(style.bold("Lost      ") + "no event lost, nothing damaged")
    }
    if !trace.gaps.isEmpty {
      let known = trace.gaps.compactMap(\.events).reduce(0, +)
      let count = known > 0 ? "at least \(Self.plural(Int(clamping: known), "event"))" : "events"
      output.line(
        style.warning(style.bold("Lost      "))
          + "\(count) in \(Self.plural(trace.gaps.count, "gap")); journeys they touch are marked lost and not in the table")
    }
    for row in trace.diagnostics.rows where row.kind != .lostEvents {
      let place = row.offset.map { " at byte \($0)" } ?? ""
      let times = row.count > 1 ? " (\(Durations.count(row.count)) times)" : ""
      let detail = row.detail.isEmpty ? "" : " (\(row.detail))"
      output.line(style.warning(style.bold("Damage    ")) + "\(row.path)\(place)\(times): \(row.kind.entry.help)\(detail)")
    }
    if statistics.evicted > 0 {
      output.line(
        style.warning(style.bold("Given up  ")) + "\(Self.plural(statistics.evicted, "packet")): \(DiagnosticKind.tooManyInFlight.entry.help)")
    }
  }
}
