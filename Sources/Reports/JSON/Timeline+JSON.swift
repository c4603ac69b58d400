public import Events
internal import Journeys

extension Timeline {
  /// Writes the timeline as JSON.
  public func writeJSON(_ stream: borrowing EventStream, to output: inout TextOutput) {
    var holders: [[(name: String, time: UInt64)]] = []
    for gap in gaps { holders.append(gap.occupants.map { (Self.name($0.occupant, stream), $0.time) }) }
    output.json { json in
      json.object { json in
        json.field("id", journey.id)
        json.field("outcome", journey.outcome.rawValue)
        if journey.isOutcomeInferred { json.field("link", Link.inferred.name) }
        json.field("completeness", journey.completeness.rawValue)
        json.array("gaps", zip(gaps, holders)) { json, row in write(row.0, heldBy: row.1, &json) }
      }
    }
    output.flush()
  }

  private func write(_ gap: Gap, heldBy holders: [(name: String, time: UInt64)], _ json: inout JSONWriter) {
    json.object { json in
      json.field("from", gap.from.stage.id)
      json.field("to", gap.to.stage.id)
      json.field("begin", gap.from.mark.time)
      json.field("end", gap.to.mark.time)
      json.field("cpu", gap.to.mark.cpu)
      json.field("cause", journey.waits.first { $0.from == gap.from.stage }?.cause.id)
      json.array("held", holders) { json, holder in
        json.object { json in
          json.field("by", holder.name)
          json.field("time", holder.time)
        }
      }
    }
  }
}
