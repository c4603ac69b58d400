internal import Bytes

/// Where the formats of events come from that raw pages do not bring with them.
struct PageFormats {
  var header: TraceDatHeader
  /// Whether they come from beside the pages, as a recorder that was killed has left both.
  let isHead: Bool
  /// The time up to which the pages of all CPUs are complete, in nanoseconds.
  var until = UInt64.max

  /// The formats in `path`: a directory as tracefs has it, or a trace.dat of the same kernel, or (`isHead`) of the same recording.
  init(path: String, isHead: Bool = false) throws(ReadingError) {
    self.isHead = isHead
    guard !Directory.exists(path) else {
      header = try FormatFolder(path).header()
      return
    }
    let source = InputSource(file: try InputSource.file(path))
    guard try source.kind() == .traceDat else {
      throw ReadingError(
        .unexplained, path: path, "holds no formats: give a copy of the kernel's /sys/kernel/tracing/events, or a trace.dat of the same kernel")
    }
    var reader = TraceDatReader(file: source.file)
    try reader.read()
    header = reader.header
    // Which clock a recording has is said where its pages are.
    if !isHead { header.clock = nil }
  }

  /// Takes from the directory that holds the pages what belongs to them and not to the kernel.
  mutating func adopt(_ folder: String) {
    let own = FormatFolder.recording(in: folder)
    if let clock = own.clock { header.clock = clock }
    if !own.commandLines.isEmpty { header.commandLines = own.commandLines }
  }
}
