internal import Linux
internal import SystemPackage

/// Looks at a flight recording while it goes on: every stretch of it is shown to the trigger, and what is older than it keeps is let go.
final class FlightWatch {
  private let trigger: @Sendable (String) -> Bool
  private let limit: Int
  private let metadata: TraceMetadata
  private let spools: [Spool]
  /// Where a stretch is written for the trigger.
  private let folder: RecordingFolder
  private static let stretch = "look.dat"
  /// Up to where each spool had been shown at the look before the last: stretches overlap, so that a journey over an edge is seen whole.
  private var shown: [Int]
  private var before: [Int]

  /// nil if the options do not ask for it.
  init?(_ options: RecordingOptions, _ metadata: TraceMetadata, _ spools: [Spool], _ folder: RecordingFolder) {
    guard let trigger = options.trigger, let limit = options.flightBytesPerCPU else { return nil }
    self.trigger = trigger
    self.limit = limit
    self.metadata = metadata
    self.spools = spools
    self.folder = folder
    shown = spools.map { _ in 0 }
    before = shown
  }

  /// How often it looks.
  let period = Duration.milliseconds(500)

  /// Shows the trigger what came since the look before the last; answers whether it is what was waited for.
  func look() throws(CaptureError) -> Bool {
    let runs = zip(spools, before).map { PageRun($0, from: $1) }
    do throws(Errno) {
      let writer = TraceDatWriter(metadata: metadata, runs: runs)
      _ = try folder.directory.fill(Self.stretch, by: "\(Self.stretch).part") { file throws(Errno) in try writer.write(to: file) }
    } catch {
      throw CaptureError("\(folder.path)/\(Self.stretch) cannot be written", error, .output)
    }
    if trigger("\(folder.directory.lastingPath)/\(Self.stretch)") { return true }
    before = shown
    shown = runs.map(\.range.upperBound)
    for spool in spools { spool.keepLast(limit, pageSize: metadata.pageSize) }
    return false
  }
}
