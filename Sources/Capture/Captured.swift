internal import Linux

/// What is there when the kernel has been left again.
struct Captured {
  var metadata: TraceMetadata
  var tasks: TaskNames
  var folder: RecordingFolder
  var spools: [Spool]
  var end: RecordingSummary.End
  var duration: Duration
  var cpus: [RecordingSummary.CPU]
  var skipped: [RecordedEvent]
  var workload: Workload?

  /// Writes the file, and says where the pages are if it cannot be; answers its size in bytes.
  mutating func write() throws(CaptureError) -> Int {
    let scan = PageScan(spools, symbols: .ofKernel, tasks: tasks)
    metadata.symbols = scan.symbols.needed
    metadata.commandLines = scan.tasks.needed
    let isTight = isTight
    do throws(CaptureError) {
      let runs = spools.map { PageRun($0) }
      return try folder.finish(TraceDatWriter(metadata: metadata, runs: runs, givesBack: isTight))
    } catch {
      throw error.adding([folder.keep(complete: true)] + (isTight ? ["some of it has been moved to \(RecordingFolder.whole) there"] : []))
    }
  }

  /// Whether there is no room for the recording a second time: then what is copied is given back to the disk at once.
  private var isTight: Bool {
    guard let space = folder.directory.space else { return false }
    return space.free < spools.reduce(0) { $0 + $1.bytes } + DiskBudget.reserve(of: folder.directory)
  }
}
