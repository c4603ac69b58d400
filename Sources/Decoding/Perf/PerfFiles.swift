internal import Bytes

/// The records of a perf.data, or of several files that `perf record --threads` has written side by side: always those of the file whose
/// samples have come least far, so that little has to wait for its turn.
struct PerfFiles {
  private var files: [PerfRecords]
  /// The time of each file's newest sample; the largest number behind its end.
  private var times: [UInt64]
  /// Which of the files the last record is of.
  private var current = 0

  /// The records that `header`, of the first of `files`, tells of, and everything in the others.
  init(files: [InputFile], header: PerfHeader, _ buffers: inout PerfBuffers) {
    self.files = []
    times = files.map { _ in 0 }
    for file in files {
      var own = header
      if !self.files.isEmpty { (own.records, own.isUnfinished) = (0..<file.size, false) }
      self.files.append(PerfRecords(file: file, header: own, &buffers))
    }
  }

  /// The file that the last record is of, as the user named it.
  var path: String { files[current].file.path }
  /// Whether one of the files lacks records.
  var isCut: Bool { files.contains { $0.isCut } }
  /// Whether the ends of rounds say something of all records.
  var hasRounds: Bool { files.count == 1 }

  /// The next record, or whatever stands in its place.
  @inline(__always)
  mutating func next(_ buffers: inout PerfBuffers, _ diagnostics: inout Diagnostics) -> PerfRecords.Step {
    if files.count == 1 { return files[0].next(&buffers, &diagnostics) }
    return nextOfAll(&buffers, &diagnostics)
  }

  /// The records that lie side by side where the next one is, if there is but one file.
  func stretch(_ buffers: PerfBuffers) -> PerfRecords.Stretch? { files.count == 1 ? files[0].stretch(buffers) : nil }

  /// The first `count` bytes of `stretch` have been read.
  mutating func advance(_ stretch: PerfRecords.Stretch, by count: Int) { files[0].advance(stretch, by: count) }

  private mutating func nextOfAll(_ buffers: inout PerfBuffers, _ diagnostics: inout Diagnostics) -> PerfRecords.Step {
    while let least = times.indices.min(by: { times[$0] < times[$1] }), times[least] < .max {
      current = least
      let step = files[least].next(&buffers, &diagnostics)
      guard case .end = step else { return step }
      times[least] = .max
    }
    return .end
  }

  /// The last record was a sample of `time`.
  @inline(__always)
  mutating func reach(_ time: UInt64) { if files.count > 1, time < .max { times[current] = time } }
}
