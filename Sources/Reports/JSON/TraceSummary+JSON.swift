internal import Decoding

extension TraceSummary {
  /// Writes the object `trace` of a report.
  func write(_ json: inout JSONWriter) {
    json.object("trace") { json in
      json.array("files", info.files) { $0.string($1) }
      json.field("format", info.format)
      json.field("kernel", info.kernel)
      json.field("clock", info.clock)
      if info.isInTicks { json.field("unit", "ticks") }
      if !info.buffers.isEmpty { json.array("instances", info.buffers) { $0.string($1) } }
      json.field("cpus", info.cpus)
      json.field("events", events)
      json.field("first", first)
      json.field("last", last)
      if !windows.isEmpty { json.array("windows", windows) { Self.write($1, &$0) } }
      json.array("lost", gaps) { write($1, &$0) }
      json.array("damage", diagnostics.rows) { Self.write($1, &$0) }
    }
  }

  private static func write(_ window: Range<UInt64>, _ json: inout JSONWriter) {
    json.object { json in
      json.field("from", window.lowerBound)
      json.field("to", window.upperBound)
    }
  }

  private func write(_ gap: Gap, _ json: inout JSONWriter) {
    json.object { json in
      json.field("cpu", gap.cpu)
      json.field("after", max(gap.after, first))
      json.field("before", min(gap.before, max(last, gap.after)))
      if let events = gap.events { json.field("events", events) } else { json.null("events") }
    }
  }

  private static func write(_ row: Diagnostic, _ json: inout JSONWriter) {
    json.object { json in
      json.field("kind", row.kind.rawValue)
      json.field("severity", row.kind.entry.severity.name)
      json.field("blame", row.kind.entry.blame.rawValue)
      json.field("file", row.path)
      if let offset = row.offset { json.field("offset", offset) } else { json.null("offset") }
      json.field("detail", row.detail)
      json.field("help", row.kind.entry.help)
      json.field("count", row.count)
    }
  }
}
