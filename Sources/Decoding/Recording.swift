public import Bytes

/// A recording of one or several files, opened by what they contain, and read as one stream of records in time order.
/// Memory depends on the number of CPUs, not on the length of the recording.
///
///     paths → InputSources → RecordingOpener → StreamSet → RecordReader → records, one by one or in runs
///             which files    heads, formats     one for     one order
///                                               each CPU    of time
///
/// What opens is cold and goes when its work is done; what reads is hot.
public struct Recording {
  /// What the recording says of itself.
  public let info: RecordingInfo
  /// The formats the recording brings with it, one catalog for each file that has any.
  public let formats: [FormatCatalog]
  /// Where the last CPU begins of which a flight recorder has let go what was before, in nanoseconds of the recording's clock, or 0: of each
  /// CPU as much is kept, not as long.
  public let completeFrom: UInt64
  private let inputs: InputSources
  var reader: RecordReader

  /// Opens `paths` as one recording; `-` is standard input. Raw ring-buffer pages need `formats`: a directory of them, or a trace.dat of the
  /// same kernel. Of several ring buffers in a trace.dat all are read, or the one called `buffer`; the top one is called `top`.
  /// Recordings that do not name the kernel's functions take them from `kallsyms`, a copy of /proc/kallsyms.
  ///
  /// A perf.data tells late what it has lost, and so is looked through for losses before it is read. With `assumesNoLosses` it is not, and
  /// if there are any, `hasUnexpectedLosses` says so in the end: then `reopened()` gives the recording as it is.
  public init(
    paths: [String], formats: String? = nil, buffer: String? = nil, kallsyms: String? = nil, assumesNoLosses: Bool = false
  ) throws(ReadingError) {
    var inputs = try InputSources(paths: paths, formats: formats)
    inputs.buffer = buffer
    if let kallsyms { inputs.symbols = try KernelSymbols(path: kallsyms) }
    try self.init(inputs, assumesNoLosses: assumesNoLosses)
  }

  private init(_ inputs: InputSources, assumesNoLosses: Bool) throws(ReadingError) {
    var opener = RecordingOpener(inputs, assumesNoLosses: assumesNoLosses)
    for file in inputs.files { try opener.open(file) }
    try opener.checkFormats()
    self.inputs = inputs
    info = opener.info
    formats = opener.catalogs
    reader = RecordReader(opener.streams, opener.diagnostics)
    completeFrom = reader.latestStart(of: opener.letGo)
  }

  /// The same recording from its beginning, also where it came from standard input. Nothing is assumed of its losses.
  public func reopened() throws(ReadingError) -> Recording { try Recording(inputs, assumesNoLosses: false) }

  /// What was wrong with it so far.
  public var diagnostics: Diagnostics {
    var all = reader.diagnostics
    for catalog in formats { all.add(catalog.diagnostics) }
    return all
  }

  /// Whether it was assumed that nothing was lost, and something was: the records end there.
  public var hasUnexpectedLosses: Bool { reader.streams.perfs.contains { $0.hasUnexpectedLosses } }

  // MARK: records

  /// The next record in time order, or nil at the end. Its bytes are valid until the next call.
  public mutating func next() -> Record? { reader.next() }

  /// The loss that the last record of kind `gap` stands for.
  public var gap: Gap { reader.gap }

  /// The bytes of `record`, which must be the one `next` answered last.
  @_lifetime(borrow self)
  public func bytes(of record: Record) -> RawSpan {
    reader.buffers.bytes(Int(record.buffer), Int(record.offset), Int(record.length))
  }

  /// The columns of `record`, which must be of kind `line` and the one `next` answered last.
  public func line(of record: Record) -> TextLine { reader.streams.texts[Int(record.stream) - reader.streams.rings.count].line }

  /// Shows `body` the columns and the bytes of `record`, which must be of kind `line` and the one `next` answered last. Mutating, because
  /// Swift copies a whole recording to ask it for either.
  public mutating func withLine(of record: Record, _ body: (TextLine, RawSpan) -> Void) {
    body(
      reader.streams.texts[Int(record.stream) - reader.streams.rings.count].line,
      reader.buffers.bytes(Int(record.buffer), Int(record.offset), Int(record.length)))
  }

  /// Whose `record` is and of which event, for a record of a perf.data; it must be the one `next` answered last.
  public func sample(of record: Record) -> PerfSample? {
    guard case .perf(let index) = reader.streams.place(record.stream) else { return nil }
    return reader.streams.perfs[index].sample
  }

  // MARK: runs

  /// The events that come next and that one catalog describes, at most `limit`, or nil if something else does. They and their bytes are valid
  /// until the next call; before it, `take(_:of:)` tells how many were taken.
  public mutating func nextRun(limit: Int) -> Run? { reader.nextRun(limit: limit) }

  /// The first `count` events of `run`, the last one, were taken, one at least; the time of the last of them, in nanoseconds.
  public mutating func take(_ count: Int, of run: Run) -> UInt64 { reader.take(count, of: run) }

  /// Shows `body` the entries of the last run, which of them lie where, part by part, and the buffers' bytes.
  public func withEntries<Result>(_ body: (Span<Entry>, Span<RunPart>, borrowing ByteBuffers) -> Result) -> Result {
    let (entries, parts) = (reader.table.entries, reader.table.parts)
    return body(entries.span, parts.span, reader.buffers)
  }

  // MARK: what streams are

  /// The name of the ring buffer that stream `stream` is of; empty for the top one, and where there are none.
  public func buffer(ofStream stream: Int32) -> String {
    Int(stream) < reader.streams.rings.count ? reader.streams.rings[Int(stream)].bufferName : ""
  }

  /// The formats of the events of stream `stream`, or nil for text.
  public func catalog(ofStream stream: Int32) -> FormatCatalog? {
    let index = formatIndex(ofStream: stream)
    return index < 0 ? nil : formats[index]
  }

  /// Which of `formats` the events of stream `stream` are described by; -1 for text.
  public func formatIndex(ofStream stream: Int32) -> Int { reader.streams.format(stream) }

  /// The byte order of the entries of stream `stream`.
  public func order(ofStream stream: Int32) -> ByteOrder { catalog(ofStream: stream)?.isBigEndian == true ? .big : .little }

  /// The name a perf.data gave task `pid` up to the last record, or nil.
  public func comm(_ pid: Int32) -> String? { reader.streams.perfs.lazy.compactMap { $0.tasks.known(pid) }.first }

  /// Which of the events `wanted` the text has, or nil for a recording that brings its formats with it.
  public func survey(for wanted: Set<String>) -> TextSurvey? {
    info.isText ? TextSurvey(reader.streams.texts.filter { $0.part?.lowerBound ?? 0 == 0 }.map(\.file), for: wanted) : nil
  }

  // MARK: what its readers find

  /// Counts a line that a reader of the records could not understand; `record` must be the one `next` answered last.
  public mutating func noteLine(_ record: Record, _ detail: String) {
    let text = reader.streams.texts[Int(record.stream) - reader.streams.rings.count]
    reader.diagnostics.add(.lineNotUnderstood, path: text.path, offset: text.headFileOffset, detail)
  }

  /// Counts trouble that a reader of the records found.
  public mutating func note(_ kind: DiagnosticKind, _ detail: String) {
    reader.diagnostics.add(kind, path: info.files.first ?? "", detail)
  }
}
