public import Bytes

/// A recording of one or several files, opened by what they contain, and read as one stream of records in time order.
/// Memory depends on the number of CPUs, not on the length of the recording.
public struct Recording {
  /// What the recording says of itself.
  public internal(set) var info = RecordingInfo()
  /// What was wrong with it so far.
  public var diagnostics: Diagnostics {
    var all = found
    for catalog in catalogs { all.add(catalog.diagnostics) }
    return all
  }
  private var found = Diagnostics()
  /// The loss that the last record of kind `gap` stands for.
  public private(set) var gap = Gap(cpu: 0, after: 0, before: 0, events: nil)

  /// A file, and the CPU if it was found in a directory as the pages of one.
  struct Source {
    let file: InputFile
    var cpu: Int32?
    /// The directory it was found in, as the user named it.
    var directory: String?

    /// Whether it holds the pages that somebody took aside.
    var isSnapshot: Bool { file.path.hasSuffix("/snapshot_raw") }
  }

  /// Where the last CPU begins of which a flight recorder has let go what was before, in nanoseconds of the recording's clock, or 0: of each
  /// CPU as much is kept, not as long.
  public private(set) var completeFrom: UInt64 = 0
  /// CPUs of which a flight recorder has let go what was before.
  private var letGo: Set<Int32> = []

  private let sources: [Source]
  private let pageFormats: PageFormats?
  /// The ring buffer that is read, if not all are.
  private let buffer: String?
  /// The kernel's symbols, if the user has them.
  let symbols: KernelSymbols?
  private let assumesNoLosses: Bool
  /// The events of the last run of ring buffers, and which ring buffers they lie in.
  var ringEntries = [RingEntry](repeating: RingEntry(), count: Self.ringLimit)
  var ringParts: [RingPart] = []
  /// So many events at most are gathered for the next run.
  var ringLimit = Self.ringLimit
  /// Whether it was assumed that nothing was lost, and something was: the records end there.
  public var hasUnexpectedLosses: Bool { perfs.contains { $0.hasUnexpectedLosses } }
  /// The catalog of all files of raw pages, or -1.
  var pageCatalog = -1
  private var catalogs: [FormatCatalog] = []
  private(set) var catalogOfStream: [Int] = []
  private var bufferOfStream: [String] = []
  var rings: [RingStream] = []
  var texts: [TextStream] = []
  var perfs: [PerfStream] = []
  var buffers = ByteBuffers()
  var merger = RecordMerger()
  var hasMoved = true

  /// Opens `paths` as one recording; `-` is standard input. Raw ring-buffer pages need `formats`: a directory of them, or a trace.dat of the
  /// same kernel. Of several ring buffers in a trace.dat all are read, or the one called `buffer`; the top one is called `top`.
  /// Recordings that do not name the kernel's functions take them from `kallsyms`, a copy of /proc/kallsyms.
  ///
  /// A perf.data tells late what it has lost, and so is looked through for losses before it is read. With `assumesNoLosses` it is not, and
  /// if there are any, `hasUnexpectedLosses` says so in the end: then `reopened()` gives the recording as it is.
  public init(
    paths: [String], formats: String? = nil, buffer: String? = nil, kallsyms: String? = nil, assumesNoLosses: Bool = false
  ) throws(DecodingError) {
    var pageFormats: PageFormats?
    if let formats { pageFormats = try PageFormats(path: formats) }
    var sources: [Source] = []
    for path in paths { sources += try Self.sources(path, &pageFormats) }
    // CPUs that wrote nothing leave empty files.
    if pageFormats != nil, let kept = Self.filled(sources) { sources = kept }
    try self.init(sources: sources, pageFormats, buffer, try kallsyms.map(KernelSymbols.init(path:)), assumesNoLosses)
  }

  private init(
    sources: [Source], _ pageFormats: PageFormats?, _ buffer: String?, _ symbols: KernelSymbols?, _ assumesNoLosses: Bool
  ) throws(DecodingError) {
    self.symbols = symbols
    self.assumesNoLosses = assumesNoLosses
    self.sources = sources
    self.buffer = buffer
    self.pageFormats = pageFormats
    for source in sources { try open(source) }
    start()
  }

  /// The same recording from its beginning, also where it came from standard input. Nothing is assumed of its losses.
  public func reopened() throws(DecodingError) -> Recording { try Recording(sources: sources, pageFormats, buffer, symbols, false) }

  static func file(_ path: String) throws(DecodingError) -> InputFile {
    do {
      return try InputFile(path: path)
    } catch {
      throw DecodingError(error)
    }
  }

  private mutating func open(_ source: Source) throws(DecodingError) {
    let file = source.file
    let kind = source.cpu != nil && pageFormats?.isHead == true ? .pages : try Self.kind(of: file)
    let name = source.directory ?? file.path
    if info.files.last != name || source.directory == nil { info.files.append(name) }
    switch kind {
    case .traceDat: try openTraceDat(file)
    case .text: openText(file)
    case .perfData: try openPerfData(file)
    case .oldPerfData:
      throw DecodingError(
        path: file.path, offset: 0,
        "is a perf.data of version 1, which does not describe its events; give the text that its own `perf script` makes of it")
    case .gzip: throw DecodingError(path: file.path, offset: 0, "is packed with gzip; unpack it first: `gunzip -c \(file.path) | wakepath … -`")
    case .textWithoutCPUs:
      throw DecodingError(path: file.path, offset: 0, "its lines do not say on which CPU they were written; print them with `perf script -F +cpu`")
    case .pages: try openPages(source, pageFormats)
    case .unknown:
      throw DecodingError(
        path: file.path, offset: 0, "is no trace: neither trace.dat nor perf.data nor the text of ftrace, `trace-cmd report` or `perf script`")
    }
  }

  static func kind(of file: InputFile) throws(DecodingError) -> FileKind {
    guard file.size > 0 else { throw DecodingError(path: file.path, offset: 0, "the file is empty") }
    do throws(BytesError) {
      let head = try file.bytes(at: 0, count: min(file.size, headSize))
      return FileKind(head.bytes)
    } catch {
      throw DecodingError(error)
    }
  }

  private mutating func openTraceDat(_ file: InputFile) throws(DecodingError) {
    var reader = TraceDatReader(file: file)
    try reader.read()
    found.add(reader.diagnostics)
    var header = reader.header
    guard let catalog = FormatCatalog(header, path: file.path) else { throw DecodingError(path: file.path, "libtraceevent could not be started") }
    try choose(&header, file)
    info.format = "trace.dat \(header.version)"
    info.kernel = header.uname.flatMap { Self.release($0) }
    let clock = header.clock ?? header.buffers.first?.clock ?? "local"
    note(clock: clock, isScaled: header.scale.mult != 0, file)
    info.isPrintedInSeconds = header.version != 6 || TimeScale.isPrintedInSeconds(clock)
    if header.buffers.contains(where: { !$0.name.isEmpty }) { info.bufferNameWidth = header.buffers.map(\.name.utf8.count).max() }
    info.cpus = max(info.cpus, header.cpuCount)
    let streams = header.buffers.reduce(0) { $0 + $1.cpus.count }
    for buffer in header.buffers {
      guard buffer.clock == clock || buffer.clock.isEmpty || header.buffers.count == 1 else {
        found.add(.otherClock, path: file.path, offset: buffer.cpus.first?.offset, "buffer \(buffer.name): \(buffer.clock), not \(clock)")
        continue
      }
      var layout = PageLayout(
        headerPage: header.headerPage, order: header.order, pageSize: buffer.pageSize, longSize: header.longSize)
      layout.scale = header.scale
      letGo.formUnion(header.letGo)
      for data in buffer.cpus where data.size > 0 {
        noteTruncation(data, file)
        let source = PageSource(
          file: file, offset: data.offset, size: data.size, pageSize: buffer.pageSize,
          compression: buffer.isCompressed ? header.compression : nil, stride: Self.readAhead / max(streams, 8), isCut: data.mayBeCut)
        addRing(cpu: data.cpu, layout, source, catalog: catalogs.count, buffer: buffer.name)
      }
    }
    _ = addCatalog(catalog)
  }

  /// Leaves of the ring buffers the one that was asked for.
  private mutating func choose(_ header: inout TraceDatHeader, _ file: InputFile) throws(DecodingError) {
    func name(_ buffer: TraceDatHeader.Buffer) -> String { buffer.name.isEmpty ? "top" : buffer.name }
    let names = header.buffers.map(name)
    if let wanted = buffer {
      guard names.contains(wanted) else {
        throw DecodingError(path: file.path, "has no ring buffer called \(wanted); those it has are \(names.joined(separator: ", "))")
      }
      header.buffers.removeAll { name($0) != wanted }
      header.clock = header.buffers.first?.clock ?? header.clock
    }
    if names.count > 1 { info.buffers = header.buffers.map(name) }
  }

  /// Adds the pages of one CPU, whose events catalog `catalog` describes.
  mutating func addRing(
    cpu: Int32, _ layout: PageLayout, _ source: PageSource, catalog: Int, buffer: String = "", until: UInt64 = .max
  ) {
    rings.append(RingStream(cpu: cpu, layout: layout, source: source, until: until))
    catalogOfStream.append(catalog)
    bufferOfStream.append(buffer)
  }

  /// The name of the ring buffer that stream `stream` is of; empty for the top one, and where there are none.
  public func buffer(ofStream stream: Int32) -> String { Int(stream) < rings.count ? bufferOfStream[Int(stream)] : "" }

  /// Adds the formats of a file; the result is their index.
  mutating func addCatalog(_ catalog: FormatCatalog) -> Int {
    catalogs.append(catalog)
    return catalogs.count - 1
  }

  mutating func note(clock: String, isScaled: Bool, _ file: InputFile) {
    info.clock = clock
    if TimeScale.isCounter(clock), !isScaled { found.add(.clockIsCounter, path: file.path, "\(clock)") }
  }

  /// All streams together read ahead by about this many bytes.
  private static let readAhead = 2 << 20

  private mutating func noteTruncation(_ data: TraceDatHeader.CPUData, _ file: InputFile) {
    guard data.offset > file.size || data.size > file.size - data.offset else { return }
    found.add(
      .fileTooShort, path: file.path, offset: file.size, "CPU \(data.cpu): the header promises data up to byte \(data.offset &+ data.size)")
  }

  private mutating func openPerfData(_ file: InputFile) throws(DecodingError) {
    var reader = PerfReader(file: file)
    try reader.read()
    found.add(reader.diagnostics)
    let header = reader.header
    guard let catalog = FormatCatalog(header, path: file.path) else { throw DecodingError(path: file.path, "libtraceevent could not be started") }
    if header.isUnfinished || header.records.upperBound > file.size {
      found.add(.fileTooShort, path: file.path, offset: file.size, "the recorder did not come to its end, or the file was cut")
    }
    info.format = header.isPipe ? "perf.data pipe" : "perf.data"
    info.kernel = header.release ?? info.kernel
    info.clock = header.attributes[0].clock
    info.cpus = max(info.cpus, header.cpus)
    info.eventNameWidth = max(info.eventNameWidth ?? 0, header.nameWidth)
    if let symbols { catalog.add(kallsyms: symbols.text(for: header.kernel)) }
    let files = [file] + (header.isDirectory ? try Self.parts(of: file) : [])
    perfs.append(PerfStream(files: files, header: header, catalog: catalogs.count, assumesNoLosses: assumesNoLosses))
    catalogs.append(catalog)
  }

  /// The files `data.0`, `data.1` … beside `file`, which is called `data`.
  private static func parts(of file: InputFile) throws(DecodingError) -> [InputFile] {
    let folder = file.path.lastIndex(of: "/").map { String(file.path[..<$0]) } ?? "."
    let numbers = Directory.names(in: folder).compactMap { name in name.hasPrefix("data.") ? Int(name.dropFirst(5)) : nil }
    guard !numbers.isEmpty else {
      throw DecodingError(
        path: file.path, offset: 0, "is one file of a directory of `perf record --threads`, whose others, data.0 and so on, must lie beside it")
    }
    guard numbers.count <= Record.cpuLimit else {
      throw DecodingError(path: file.path, offset: 0, "has \(numbers.count) files beside it, more than a machine has CPUs")
    }
    var parts: [InputFile] = []
    for number in numbers.sorted() { parts.append(try Self.file("\(folder)/data.\(number)")) }
    return parts.filter { $0.size > 0 }
  }

  private mutating func openText(_ file: InputFile) {
    if let start = try? file.bytes(at: 0, count: min(file.size, Self.headSize)) {
      let head = TextHead(start.bytes)
      info.format = head.format
      info.kernel = head.kernel ?? info.kernel
      info.cpus = max(info.cpus, head.cpus)
    }
    info.isText = true
    texts.append(TextStream(file: file))
  }

  /// So many bytes of a file tell what it is.
  private static let headSize = 4096

  /// `Linux host 6.12.117 #1 SMP …`: the third word.
  static func release(_ uname: String) -> String? {
    let words = uname.split(separator: " ")
    return words.count > 2 ? String(words[2]) : nil
  }

  private mutating func start() {
    for _ in 0..<(rings.count + texts.count + perfs.count) { buffers.append(ByteBuffer(capacity: 1)) }
    for index in 0..<buffers.count {
      if index < rings.count { rings[index].open(&found) }
      if let time = advance(index) { merger.add(time: time, stream: Int32(index)) }
      if index < rings.count, rings[index].head != .end, letGo.contains(rings[index].cpu) {
        completeFrom = max(completeFrom, rings[index].headTime)
      }
    }
    hasMoved = true
  }

  /// Moves stream `index` on; the time of its next entry, or nil at its end.
  @inline(__always)
  mutating func advance(_ index: Int) -> UInt64? {
    if index < rings.count, let time = rings[index].step() { return time }
    return advanceFar(index)
  }

  /// The same where it takes more than a step within a page.
  @inline(never)
  private mutating func advanceFar(_ index: Int) -> UInt64? {
    if index < rings.count {
      rings[index].advance(&buffers, index, &found)
      return rings[index].head == .end ? nil : rings[index].headTime
    }
    let text = index - rings.count
    if text < texts.count {
      texts[text].advance(&buffers, index, &found)
      return texts[text].head == .end ? nil : texts[text].headTime
    }
    let perf = text - texts.count
    perfs[perf].advance(&buffers, &found)
    return perfs[perf].head == .end ? nil : perfs[perf].headTime
  }

  /// The next record in time order, or nil at the end. Its bytes are valid until the next call.
  public mutating func next() -> Record? {
    if !hasMoved, let last = merger.next() { merger.advanced(to: advance(Int(last))) }
    hasMoved = false
    guard let stream = merger.next() else { return nil }
    if Int(stream) < rings.count { return ringRecord(stream) }
    guard let index = perfIndex(stream) else { return textRecord(stream) }
    if perfs[index].head == .gap, let found = perfs[index].gap { gap = found }
    return perfRecord(stream, index)
  }

  private mutating func ringRecord(_ stream: Int32) -> Record {
    let index = Int(stream)
    guard rings[index].head == .event else {
      if let found = rings[index].gap { gap = found }
      return Record(time: rings[index].headTime, cpu: rings[index].cpu, stream: stream, offset: 0, length: 0, buffer: stream, kind: .gap)
    }
    let part = RingPart(stream: stream, cpu: rings[index].cpu, entries: 0..<1, first: 0, turn: 0)
    return part.record(rings[index].entries[rings[index].nextEntry])
  }

  private mutating func textRecord(_ stream: Int32) -> Record {
    let index = Int(stream) - rings.count
    let kind: Record.Kind = texts[index].head == .gap ? .gap : .line
    if kind == .gap, let found = texts[index].gap { gap = found }
    return Record(
      time: texts[index].headTime, cpu: texts[index].headCPU, stream: stream, offset: Int32(truncatingIfNeeded: texts[index].headOffset),
      length: kind == .gap ? 0 : Int32(truncatingIfNeeded: texts[index].headLength), buffer: stream, kind: kind)
  }

  private func perfRecord(_ stream: Int32, _ index: Int) -> Record {
    Record(
      time: perfs[index].headTime, cpu: perfs[index].headCPU, stream: stream, offset: perfs[index].headOffset,
      length: perfs[index].headLength, buffer: perfs[index].headBuffer, kind: perfs[index].head.kind)
  }

  /// Which of `perfs` stream `stream` is, or nil.
  func perfIndex(_ stream: Int32) -> Int? {
    let index = Int(stream) - rings.count - texts.count
    return index >= 0 ? index : nil
  }

  /// Whose `record` is and of which event, for a record of a perf.data; it must be the one `next` answered last.
  public func sample(of record: Record) -> PerfSample? { perfIndex(record.stream).flatMap { perfs[$0].sample } }

  /// The name a perf.data gave task `pid` up to the last record, or nil.
  public func comm(_ pid: Int32) -> String? { perfs.lazy.compactMap { $0.tasks.known(pid) }.first }

  /// The bytes of `record`, which must be the one `next` answered last.
  @_lifetime(borrow self)
  public func bytes(of record: Record) -> RawSpan {
    buffers.bytes(Int(record.buffer), Int(record.offset), Int(record.length))
  }

  /// The formats of the events of stream `stream`, or nil for text.
  public func catalog(ofStream stream: Int32) -> FormatCatalog? {
    let index = formatIndex(ofStream: stream)
    return index < 0 ? nil : catalogs[index]
  }

  /// The byte order of the entries of stream `stream`.
  public func order(ofStream stream: Int32) -> ByteOrder { catalog(ofStream: stream)?.isBigEndian == true ? .big : .little }

  /// The formats the recording brings with it, one catalog for each file that has any.
  public var formats: [FormatCatalog] { catalogs }

  /// Which of `formats` the events of stream `stream` are described by; -1 for text.
  public func formatIndex(ofStream stream: Int32) -> Int {
    Int(stream) < rings.count ? catalogOfStream[Int(stream)] : perfIndex(stream).map { perfs[$0].catalog } ?? -1
  }

  /// Which of the events `wanted` the text has, or nil for a recording that brings its formats with it.
  public func survey(for wanted: Set<String>) -> TextSurvey? {
    info.isText ? TextSurvey(texts.map(\.file), for: wanted) : nil
  }

  /// Counts a line that a reader of the records could not understand; `record` must be the one `next` answered last.
  public mutating func noteLine(_ record: Record, _ detail: String) {
    let text = texts[Int(record.stream) - rings.count]
    found.add(.lineNotUnderstood, path: text.path, offset: text.headFileOffset, detail)
  }

  /// Counts trouble that a reader of the records found.
  public mutating func note(_ kind: DiagnosticKind, _ detail: String) {
    found.add(kind, path: info.files.first ?? "", detail)
  }
}
