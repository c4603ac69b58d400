internal import Decoding
internal import Events

/// What a recording is, in numbers.
struct TraceSummary {
  let info: RecordingInfo
  let events: Int
  let first: UInt64
  let last: UInt64
  let gaps: [Gap]
  /// The windows of a recording with pauses, in nanoseconds.
  let windows: [Range<UInt64>]
  let diagnostics: Diagnostics

  init(_ stream: borrowing EventStream) {
    info = stream.recording.info
    events = stream.recordCount
    first = stream.first ?? 0
    last = stream.last
    gaps = stream.gaps
    let end = last
    // The recording may end inside its last window.
    windows = stream.windows.map { $0.isEmpty ? $0.lowerBound..<max(end, $0.lowerBound) : $0 }
    diagnostics = stream.recording.diagnostics
  }

  func write(_ json: inout JSONWriter) {
    json.object("trace") { json in
      json.array("files", info.files) { $0.string($1) }
      json.field("format", info.format)
      json.field("kernel", info.kernel)
      json.field("clock", info.clock)
      if !info.buffers.isEmpty { json.array("instances", info.buffers) { $0.string($1) } }
      json.field("cpus", info.cpus)
      json.field("events", events)
      json.field("first", first)
      json.field("last", last)
      if !windows.isEmpty {
        json.array("windows", windows) { json, window in
          json.object { json in
            json.field("from", window.lowerBound)
            json.field("to", window.upperBound)
          }
        }
      }
      json.array("lost", gaps) { json, gap in
        json.object { json in
          json.field("cpu", gap.cpu)
          json.field("after", max(gap.after, first))
          json.field("before", min(gap.before, max(last, gap.after)))
          if let events = gap.events { json.field("events", events) } else { json.null("events") }
        }
      }
      json.array("damage", diagnostics.rows) { json, row in
        json.object { json in
          json.field("kind", row.kind.rawValue)
          json.field("severity", "\(row.kind.entry.severity)")
          json.field("blame", row.kind.entry.blame.rawValue)
          json.field("file", row.path)
          if let offset = row.offset { json.field("offset", offset) } else { json.null("offset") }
          json.field("detail", row.detail)
          json.field("help", row.kind.entry.help)
          json.field("count", row.count)
        }
      }
    }
  }
}
