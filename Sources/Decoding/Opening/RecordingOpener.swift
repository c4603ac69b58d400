internal import Bytes

/// Opens files by what they contain: reads their heads and formats, and gives their streams.
struct RecordingOpener {
  let inputs: InputSources
  let assumesNoLosses: Bool
  /// What the files say of the recording.
  var info = RecordingInfo()
  var diagnostics = Diagnostics()
  /// The formats of events, one for each file that has any.
  var catalogs: [FormatCatalog] = []
  var streams = StreamSet()
  /// CPUs of which a flight recorder has let go what was before.
  var letGo: Set<Int32> = []
  /// The catalog of all files of raw pages, if there is one.
  var pageCatalog: Int?
  /// Of the events that raw pages begin with: how many they are, and how many of them the formats describe.
  var pageEvents = (all: 0, described: 0)

  init(_ inputs: InputSources, assumesNoLosses: Bool) {
    self.inputs = inputs
    self.assumesNoLosses = assumesNoLosses
  }

  /// Opens one file of `inputs`.
  mutating func open(_ source: InputSource) throws(ReadingError) {
    let file = source.file
    let kind = source.cpu != nil && inputs.pageFormats?.isHead == true ? .pages : try source.kind()
    let name = source.directory ?? file.path
    if info.files.last != name || source.directory == nil { info.files.append(name) }
    switch kind {
    case .traceDat: try openTraceDat(file)
    case .text: openText(file)
    case .perfData: try openPerfData(file)
    case .pages: try openPages(source)
    case .oldPerfData, .gzip, .textWithoutCPUs, .unknown: throw Self.refusal(kind, file.path)
    }
  }

  private static func refusal(_ kind: FileKind, _ path: String) -> ReadingError {
    switch kind {
    case .oldPerfData:
      ReadingError(
        .unsupported, path: path, offset: 0,
        "is a perf.data of version 1, which does not describe its events; give the text that its own `perf script` makes of it")
    case .gzip:
      ReadingError(.unsupported, path: path, offset: 0, "is packed with gzip; unpack it first: `gunzip -c \(path) | wakepath … -`")
    case .textWithoutCPUs:
      ReadingError(
        .unsupported, path: path, offset: 0, "its lines do not say on which CPU they were written; print them with `perf script -F +cpu`")
    default:
      ReadingError(
        .notATrace, path: path, offset: 0,
        "is no trace: neither trace.dat nor perf.data nor the text of ftrace, `trace-cmd report` or `perf script`")
    }
  }

  /// Adds the formats of a file; the result is their index.
  mutating func add(_ catalog: FormatCatalog?, _ file: InputFile) throws(ReadingError) -> Int {
    guard let catalog else { throw ReadingError(.unreadable, path: file.path, "libtraceevent could not be started") }
    catalogs.append(catalog)
    return catalogs.count - 1
  }

  mutating func note(clock: String, isScaled: Bool, _ file: InputFile) {
    info.clock = clock
    guard TimeScale.isCounter(clock), !isScaled else { return }
    info.isInTicks = true
    diagnostics.add(.clockIsCounter, path: file.path, "\(clock)")
  }

  /// `Linux host 6.12.117 #1 SMP …`: the third word.
  static func release(_ uname: String) -> String? {
    let words = uname.split(separator: " ")
    return words.count > 2 ? String(words[2]) : nil
  }
}
