public import Events
public import Journeys

/// One journey as a line for people.
public enum PacketLine {
  /// The heading of the table.
  public static func header(_ style: Style) -> String {
    style.dim(
      Durations.right("id", 7) + "  " + Durations.right("time", 15) + "  " + Durations.left("", 3) + Durations.left("device", 8)
        + Durations.left("proto", 6)
        + Durations.right("bytes", 6) + Durations.right("frames", 7) + "  " + Durations.left("outcome", 10) + Durations.right("total", 9)
        + "  longest gap                    who")
  }

  /// `journey` in one line.
  public static func text(_ journey: Journey, _ stream: borrowing EventStream, _ style: Style) -> String {
    let stages = journey.stagesSinceArrival
    let first = stages.first?.mark.time ?? 0
    let total = journey.total.map { Durations.text(UInt64(max($0, 0))) } ?? "-"
    var gap = ""
    var longest: UInt64 = 0
    for (a, b) in zip(stages, stages.dropFirst()) where b.mark.time - a.mark.time >= longest {
      longest = b.mark.time - a.mark.time
      gap = "\(a.stage.id) → \(b.stage.id) \(Durations.text(longest))"
    }
    var line = Durations.right(String(journey.id), 7) + "  " + Durations.right(Durations.stamp(first), 15) + "  "
    line += Durations.left(journey.direction.rawValue, 3) + Durations.left(stream.names[journey.device], 8)
    line += Durations.left(journey.protocolNumber.map { PacketJSON.protocolName($0) } ?? "-", 6)
    line += Durations.right(String(journey.length), 6) + Durations.right(String(journey.frames), 7) + "  "
    let outcome = journey.outcome.rawValue + (journey.isOutcomeInferred ? "?" : "")
    line += Durations.left(outcome, 10) + Durations.right(total, 9) + "  " + Durations.left(gap, 30)
    line += who(journey, stream)
    if journey.completeness != .complete { line += style.warning(" (\(journey.completeness.rawValue))") }
    return line
  }

  static func who(_ journey: Journey, _ stream: borrowing EventStream) -> String {
    var parts: [String] = []
    if let reader = journey.reader {
      parts.append("\(PacketJSON.comm(reader, stream))/\(reader.pid)")
    } else if let woke = journey.woke {
      parts.append("woke \(PacketJSON.comm(woke, stream))/\(woke.pid)")
    } else if let sender = journey.sender {
      parts.append("\(PacketJSON.comm(sender, stream))/\(sender.pid)")
    }
    if let flow = stream.flows[journey.flow] {
      parts.append(journey.direction == .rx ? "\(flow.remote) → \(flow.local)" : "\(flow.local) → \(flow.remote)")
    }
    if journey.direction == .tx, let cause = journey.follows { parts.append("follows packet \(cause)") }
    if journey.outcome == .dropped {
      let reason = stream.dropReason(journey.reason) ?? "no reason given"
      let place = journey.location != 0 ? stream.symbol(at: journey.location).map { " in \($0)" } ?? "" : ""
      parts.append(reason + place)
    }
    return parts.isEmpty ? "" : " " + parts.joined(separator: "  ")
  }
}
