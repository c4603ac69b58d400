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
}
