/// Looks at a flight recording while it goes on: every stretch of it is shown to the trigger, and what is older than it keeps is let go.
final class FlightWatch {
  private let trigger: @Sendable (String) -> Bool
  private let limit: Int
  private let metadata: TraceMetadata
  private let spools: [Spool]
  /// Where a stretch is written for the trigger.
  private let file: OutputFile
  /// Up to where each spool had been shown at the look before the last: stretches overlap, so that a journey over an edge is seen whole.
  private var shown: [Int]
  private var before: [Int]

  /// nil if the options do not ask for it.
  init?(_ options: RecordingOptions, _ metadata: TraceMetadata, _ spools: [Spool], _ folder: RecordingFolder) {
    guard let trigger = options.trigger, let limit = options.flightBytesPerCPU,
      let file = try? OutputFile("\(folder.path)/look.dat")
    else { return nil }
    self.trigger = trigger
    self.limit = limit
    self.metadata = metadata
    self.spools = spools
    self.file = file
    shown = spools.map { _ in 0 }
    before = shown
  }

  /// How often it looks.
  let period = Duration.milliseconds(500)

  /// Shows the trigger what came since the look before the last; answers whether it is what was waited for.
  func look() throws(CaptureError) -> Bool {
    let runs = zip(spools, before).map { PageRun($0, from: $1) }
    _ = try TraceDatWriter(metadata: metadata, runs: runs).write(to: file)
    if trigger(file.path) { return true }
    before = shown
    shown = runs.map(\.range.upperBound)
    for spool in spools { spool.keepLast(limit, pageSize: metadata.pageSize) }
    return false
  }
}
