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
    table(style, &output)
    paths(stream, style, &output)
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
    if trace.info.cpus > 0 { facts.append("\(trace.info.cpus) CPUs") }
    facts.append("\(Durations.count(trace.events)) events in \(Durations.text(trace.last - min(trace.first, trace.last)))")
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
    guard packets > 0 else {
      output.line("No received packet in this recording.")
      return output.line()
    }
    let outcomes = Journey.Outcome.allCases.filter { $0 != .merged }.compactMap { outcome in
      let count = statistics.packets(outcome)
      return count > 0 ? "\(Durations.count(count)) \(outcome.rawValue)" : nil
    }
    output.line(
      style.bold("Received  ") + "\(Self.plural(statistics.frames, "frame")) as \(Self.plural(packets, "packet")): "
        + outcomes.joined(separator: ", "))
    let kinds = Journey.Completeness.allCases.dropFirst().compactMap { kind in
      let count = statistics.packets(kind)
      return count > 0 ? "\(Durations.count(count)) \(kind.rawValue)" : nil
    }
    let complete = "\(Durations.count(statistics.packets(Journey.Completeness.complete))) complete"
    output.line(style.bold("Seen      ") + ([complete] + kinds).joined(separator: ", ") + (kinds.isEmpty ? "" : " (not in the table)"))
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

  static func plural(_ count: Int, _ word: String) -> String { "\(Durations.count(count)) \(word)\(count == 1 ? "" : "s")" }

  private func table(_ style: Style, _ output: inout TextOutput) {
    let isDelivered = !delivered.isEmpty
    let received = isDelivered ? delivered.inOrder : all.inOrder.filter { $0.pair.from.rawValue < Stage.send.rawValue }
    rows(isDelivered ? "delivered packets" : "received packets", received, style, &output)
    for (from, histogram) in totals {
      output.line(style.bold(Durations.left("\(from.id) … read", 22) + cells(histogram)) + "   " + style.dim("first sign to application"))
    }
    if !received.isEmpty { output.line() }
    rows("sent packets", sent.inOrder, style, &output)
    if sendTime.count > 0 {
      output.line(style.bold(Durations.left("queue … complete", 22) + cells(sendTime)) + "   " + style.dim("from the queue until the device is done"))
    }
    if !sent.isEmpty { output.line() }
  }

  /// The ways packets took, where there are several.
  private func paths(_ stream: borrowing EventStream, _ style: Style, _ output: inout TextOutput) {
    let rows = paths.inOrder
    guard rows.count > 1 else { return }
    output.line(
      style.dim(
        Durations.left("paths", 22) + Durations.right("count", 9) + ["p50", "p90", "p99", "max"].map { Durations.right($0, 10) }.joined()))
    for row in rows.prefix(Self.pathsShown) {
      let name = row.path.protocolNumber.map { PacketJSON.protocolName($0) } ?? "other"
      let device = stream.names[row.path.device]
      let way = row.path.direction == .rx ? "\(device) → \(name)" : "\(name) → \(device)"
      output.line(Durations.left(way, 22) + cells(row.histogram))
    }
    let rest = rows.dropFirst(Self.pathsShown).reduce(paths.beyond) { $0 + $1.histogram.count }
    if rest > 0 { output.line(style.dim("and \(Self.plural(rest, "packet")) by other paths; --json lists more")) }
    output.line()
  }

  private static let pathsShown = 12

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

  private func rows(
    _ title: String, _ rows: [(pair: StageHistograms.Pair, histogram: DurationHistogram)], _ style: Style, _ output: inout TextOutput
  ) {
    guard !rows.isEmpty else { return }
    let whole = rows.reduce(0) { $0 + $1.histogram.sum }
    output.line(
      style.dim(
        Durations.left(title, 22) + Durations.right("count", 9)
          + ["p50", "p90", "p99", "max"].map { Durations.right($0, 10) }.joined() + "   share of the time"))
    for row in rows {
      let share = whole == 0 ? 0 : Double(row.histogram.sum) / Double(whole)
      output.line(
        Durations.left("\(row.pair.from.id) → \(row.pair.to.id)", 22) + cells(row.histogram) + "   "
          + style.accent(Self.bar(share)) + " " + style.dim("\(Int(share * 100 + 0.5)) %"))
    }
  }

  private func cells(_ histogram: DurationHistogram) -> String {
    Durations.right(Durations.count(histogram.count), 9)
      + [histogram.value(50), histogram.value(90), histogram.value(99), histogram.max].map {
        Durations.right(Durations.text($0), 10)
      }.joined()
  }

  /// A bar of twenty characters, in eighths.
  static func bar(_ share: Double) -> String {
    let eighths = Int(share * 160 + 0.5)
    let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
    return Durations.left(String(repeating: "█", count: eighths / 8) + parts[eighths % 8], 20)
  }

  private func writeTail(_ stream: borrowing EventStream, _ trace: TraceSummary, _ style: Style, _ output: inout TextOutput) {
    let slow = tail
    guard let slowest = slow.first, let fastest = slow.last else { return }
    let isWatched = !slow.contains { $0.journey.conditions.contains(.unwatched) }
    let shares = tailShares.prefix(3).filter { $0.share >= 0.05 }.map {
      "\(Int($0.share * 100 + 0.5)) % \($0.pair.from.id) → \($0.pair.to.id) (\(Self.meaning($0.pair, isWatched: isWatched)))"
    }
    let which = slow.count == 1 ? "The slowest packet" : "The slowest 1 % (\(slow.count) packets, from \(Durations.text(fastest.total)))"
    output.line(style.bold("Tail      ") + "\(which) spent \(shares.joined(separator: ", ")).")
    for row in slow.prefix(3) {
      let what = "packet \(row.journey.id) at \(Durations.stamp(row.journey.firstTime)): \(Durations.text(row.total))"
      output.line("          " + what + PacketLine.who(row.journey, stream))
    }
    output.line(style.dim("          wakepath show \(trace.info.files.joined(separator: " ")) --packet \(slowest.journey.id)"))
    output.line()
  }

  /// What the time between two stages is spent on, as far as the stages themselves tell.
  private static func meaning(_ pair: StageHistograms.Pair, isWatched: Bool) -> String {
    switch (pair.from, pair.to) {
    case (.irq, .raise): "hard interrupt handler"
    case (.raise, .softirq): "waiting for the soft interrupt"
    case (.softirq, .gro): "driver and packets before it"
    case (.irq, .gro): "interrupted NET_RX, which polled other queues first"
    case (.gro, .receive): "GRO and the batch"
    case (.gro, .raise): "into the backlog"
    case (.softirq, .receive): "packets before it"
    case (.receive, .transport), (.receive, .ready): "IP, firewall, socket lookup, packets before it in the batch"
    case (.transport, .ready): "TCP"
    case (.ready, .waking): "wake-up call"
    case (.waking, .running): "scheduler: the reader waits for a CPU"
    case (.running, .read): "the reader's own code and system call"
    case (.waking, .read): "woken, but no switch to the reader was seen"
    case (.ready, .read), (.transport, .read), (.ready, .running):
      isWatched ? "the reader was busy elsewhere" : "the reader was busy, or its scheduling is not recorded"
    default: "between these two"
    }
  }

  private func drops(_ statistics: PathStatistics, _ stream: borrowing EventStream, _ style: Style, _ output: inout TextOutput) {
    let rows = Self.drops(statistics, stream)
    guard !rows.isEmpty else { return }
    for (index, row) in rows.prefix(8).enumerated() {
      let place = row.location.map { " in \($0)" } ?? ""
      output.line(style.bold(index == 0 ? "Dropped   " : "          ") + "\(Durations.count(row.count)) \(row.reason ?? "no reason given")\(place)")
    }
    if rows.count > 8 { output.line("          and \(rows.count - 8) kinds more (--json has all)") }
    output.line()
  }

  private func interrupts(_ statistics: PathStatistics, _ trace: TraceSummary, _ style: Style, _ output: inout TextOutput) {
    guard statistics.hardInterrupts > 0 || statistics.softInterrupts.contains(where: { $0 > 0 }) else { return }
    let soft = statistics.softTime.reduce(0, &+)
    let netRX = Int(SoftIRQ.netRX)
    let whose = statistics.hasAllInterrupts ? "" : " of the recorded devices"
    output.line(
      style.bold("Interrupts") + " \(Durations.count(statistics.hardInterrupts)) hard\(whose) in \(Durations.text(statistics.hardTime)); "
        + "\(Durations.count(statistics.softInterrupts.reduce(0, +))) soft in \(Durations.text(soft)), "
        + "of them \(Durations.count(statistics.softInterrupts[netRX])) NET_RX in \(Durations.text(statistics.softTime[netRX]))")
  }

  private func missing(_ trace: TraceSummary, _ statistics: PathStatistics, _ style: Style, _ output: inout TextOutput) {
    if trace.gaps.isEmpty && trace.diagnostics.rows.isEmpty && statistics.evicted == 0 {
      return output.line(style.bold("Lost      ") + "no event lost, nothing damaged")
    }
    if !trace.gaps.isEmpty {
      let known = trace.gaps.compactMap(\.events).reduce(0, +)
      let count = known > 0 ? "at least \(Durations.count(known)) events" : "events"
      output.line(
        style.warning(style.bold("Lost      ")) + "\(count) in \(trace.gaps.count) gaps; journeys they touch are marked lost and not in the table")
    }
    for row in trace.diagnostics.rows where row.kind != .lostEvents {
      let place = row.offset.map { " at byte \($0)" } ?? ""
      let times = row.count > 1 ? " (\(Durations.count(row.count)) times)" : ""
      let detail = row.detail.isEmpty ? "" : " (\(row.detail))"
      output.line(style.warning(style.bold("Damage    ")) + "\(row.path)\(place)\(times): \(row.kind.entry.help)\(detail)")
    }
    if statistics.evicted > 0 {
      output.line(
        style.warning(style.bold("Given up  ")) + "\(Durations.count(statistics.evicted)) packets: \(DiagnosticKind.tooManyInFlight.entry.help)")
    }
  }
}
