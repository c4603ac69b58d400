internal import Decoding
internal import Events
internal import Journeys

extension LatencyReport {
  /// The slowest hundredth: where its time went, the first of it, and how to look closer.
  func writeTail(_ stream: borrowing EventStream, _ trace: TraceSummary, _ style: Style, _ output: inout TextOutput) {
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
}
