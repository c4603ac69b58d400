internal import Decoding
public import Events
public import Journeys

extension LatencyReport {
  /// Writes the document of `report --json`.
  public func writeJSON(_ stream: borrowing EventStream, _ engine: borrowing JourneyEngine, to output: inout TextOutput) {
    let trace = TraceSummary(stream)
    let statistics = statistics(engine)
    let drops = Self.drops(statistics, stream)
    let devices = paths.inOrder.map { stream.names[$0.path.device] }
    let tasks = statistics.chosenTasks.map { stream.names[$0] }
    output.json { json in
      json.object { json in
        trace.write(&json)
        json.object("packets") { Self.packets(statistics, &$0) }
        json.object("completeness") { json in
          for kind in Journey.Completeness.allCases { json.field(kind.rawValue, statistics.packets(kind)) }
        }
        times(devices, &json)
        json.object("interrupts") { Self.interrupts(statistics, &$0) }
        if !tasks.isEmpty { json.array("schedulingOf", tasks) { $0.string($1) } }
        json.array("drops", drops) { json, drop in
          json.object { json in
            json.field("reason", drop.reason)
            json.field("location", drop.location)
            json.field("count", drop.count)
          }
        }
        waits(&json)
        census?.write(&json)
      }
    }
    output.flush()
  }

  /// The histograms: by pair of stages, of whole journeys, by path.
  private func times(_ devices: [String], _ json: inout JSONWriter) {
    json.array("stages", all.inOrder) { json, row in Self.row(row.pair.from, row.pair.to, row.histogram, &json) }
    json.array("deliveredStages", delivered.inOrder) { json, row in Self.row(row.pair.from, row.pair.to, row.histogram, &json) }
    json.array("sentStages", sent.inOrder) { json, row in Self.row(row.pair.from, row.pair.to, row.histogram, &json) }
    json.key("total")
    Self.row(total?.from ?? .irq, .read, total?.histogram ?? DurationHistogram(), &json)
    json.array("totals", totals) { json, row in Self.row(row.from, .read, row.histogram, &json) }
    json.array("paths", zip(paths.inOrder, devices)) { json, entry in
      let (row, device) = entry
      json.object { json in
        json.field("direction", row.path.direction.rawValue)
        json.field("device", device)
        json.field("protocol", row.path.protocolNumber.map { PacketJSON.protocolName($0) })
        Self.durations(row.histogram, &json)
      }
    }
  }

  /// What packets waited for, and where the time of the slowest went.
  private func waits(_ json: inout JSONWriter) {
    json.array("causes", causesByTime) { json, row in
      json.object { json in
        json.field("cause", row.cause.id)
        json.field("packets", row.packets)
        json.field("time", row.time)
      }
    }
    json.array("tail", tailShares) { json, row in
      json.object { json in
        json.field("from", row.pair.from.id)
        json.field("to", row.pair.to.id)
        json.field("permille", Int(row.share * 1000 + 0.5))
      }
    }
  }

  private static func packets(_ statistics: PathStatistics, _ json: inout JSONWriter) {
    json.object("rx") { json in
      json.field("frames", statistics.frames)
      json.field("packets", statistics.packets)
      if statistics.deliveries > statistics.packets(Journey.Outcome.delivered) { json.field("deliveries", statistics.deliveries) }
      for outcome in Journey.Outcome.allCases where outcome != .completed { json.field(outcome.rawValue, statistics.packets(outcome)) }
      if statistics.fullQueues > 0 { json.field("fullQueues", statistics.fullQueues) }
    }
    json.object("tx") { json in
      json.field("packets", statistics.sent)
      json.field("completed", statistics.sentCompleted)
      json.field("dropped", statistics.sentDropped)
      json.field("unknown", max(statistics.sent - statistics.sentCompleted - statistics.sentDropped, 0))
    }
  }

  private static func interrupts(_ statistics: PathStatistics, _ json: inout JSONWriter) {
    json.field("hard", statistics.hardInterrupts)
    if !statistics.hasAllInterrupts { json.field("hardOf", "recorded devices") }
    json.field("soft", statistics.softInterrupts.reduce(0, +))
    json.object("byVector") { json in
      for (vector, count) in statistics.softInterrupts.enumerated() where count > 0 { json.field(SoftIRQ.names[vector], count) }
    }
    json.field("hardTime", statistics.hardTime)
    json.field("softTime", statistics.softTime.reduce(0, &+))
    json.object("timeByVector") { json in
      for (vector, time) in statistics.softTime.enumerated() where time > 0 { json.field(SoftIRQ.names[vector], time) }
    }
  }

  private static func row(_ from: Stage, _ to: Stage, _ histogram: DurationHistogram, _ json: inout JSONWriter) {
    json.object { json in
      json.field("from", from.id)
      json.field("to", to.id)
      durations(histogram, &json)
    }
  }

  private static func durations(_ histogram: DurationHistogram, _ json: inout JSONWriter) {
    json.field("count", histogram.count)
    json.field("mean", histogram.mean)
    json.field("min", histogram.count == 0 ? 0 : histogram.min)
    json.field("p50", histogram.value(50))
    json.field("p90", histogram.value(90))
    json.field("p99", histogram.value(99))
    json.field("p99.9", histogram.value(99.9))
    json.field("max", histogram.max)
  }

  /// Drops by reason and place, most first, named.
  static func drops(_ statistics: PathStatistics, _ stream: borrowing EventStream) -> [(reason: String?, location: String?, count: Int)] {
    var rows: [(reason: String?, location: String?, count: Int)] = []
    for (drop, count) in statistics.drops {
      let reason = stream.dropReason(drop.reason)
      let location = drop.location == 0 ? nil : stream.symbol(at: drop.location)
      if let row = rows.firstIndex(where: { $0.reason == reason && $0.location == location }) {
        rows[row].count += count
      } else {
        rows.append((reason, location, count))
      }
    }
    return rows.sorted { $0.count != $1.count ? $0.count > $1.count : ($0.reason ?? "") < ($1.reason ?? "") }
  }
}
