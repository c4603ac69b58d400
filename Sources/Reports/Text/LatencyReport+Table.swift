internal import Events
internal import Journeys

extension LatencyReport {
  /// Times between stages, of packets that were delivered and of those sent.
  func writeTable(_ style: Style, _ output: inout TextOutput) {
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
  func writePaths(_ stream: borrowing EventStream, _ style: Style, _ output: inout TextOutput) {
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
}
