internal import Bytes

/// Where the formats of events come from that raw pages do not bring with them.
struct PageFormats {
  var header: TraceDatHeader
  /// Whether they come from beside the pages, as a recorder that was killed has left both.
  let isHead: Bool
  /// The time up to which the pages of all CPUs are complete, in nanoseconds.
  var until = UInt64.max

  /// The formats in `path`: a directory as tracefs has it, or a trace.dat of the same kernel, or (`isHead`) of the same recording.
  init(path: String, isHead: Bool = false) throws(DecodingError) {
    self.isHead = isHead
    guard !Directory.exists(path) else {
      header = try FormatFolder(path).header()
      return
    }
    var reader = TraceDatReader(file: try Recording.file(path))
    guard try Recording.kind(of: reader.file) == .traceDat else {
      throw DecodingError(path: path, "holds no formats: give a copy of the kernel's /sys/kernel/tracing/events, or a trace.dat of the same kernel")
    }
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

extension Recording {
  /// The files that `path` stands for: itself, or those of a directory.
  static func sources(_ path: String, _ formats: inout PageFormats?) throws(DecodingError) -> [Source] {
    guard Directory.exists(path) else { return [Source(file: try file(path))] }
    let folder = TraceFolder(path)
    if let formats, formats.isHead, !folder.pages.isEmpty {
      throw DecodingError(path: path, "holds pages of another recording than those before it, which a killed recorder has left: read each by itself")
    }
    if formats == nil, !folder.pages.isEmpty {
      if let head = folder.head {
        formats = try PageFormats(path: head, isHead: true)
        formats?.until = folder.until ?? .max
      } else if folder.hasFormats {
        formats = try PageFormats(path: path)
      }
    }
    formats?.adopt(path)
    var sources: [Source] = []
    for page in folder.pages { sources.append(Source(file: try file(page.path), cpu: page.cpu, directory: path)) }
    // Rings that hold nothing, as those of a tracefs nobody records into.
    sources.removeAll { $0.file.size == 0 }
    // A snapshot is another recording than the one that goes on.
    if sources.contains(where: { !$0.isSnapshot }) { sources.removeAll { $0.isSnapshot } }
    if sources.isEmpty, let other = folder.text ?? folder.head { sources.append(Source(file: try file(other))) }
    guard !sources.isEmpty else {
      throw DecodingError(
        path: path,
        "is a directory without a recording: neither per_cpu/cpuN/trace_pipe_raw nor snapshot_raw nor files named …cpuN nor trace nor snapshot has data"
      )
    }
    return sources
  }

  /// `sources` without the empty files of CPUs; nil if nothing is left.
  static func filled(_ sources: [Source]) -> [Source]? {
    let kept = sources.filter { $0.file.size > 0 || PageFile.cpu(inPath: $0.file.path) == nil }
    return kept.isEmpty ? nil : kept
  }

  /// Opens the pages of one CPU.
  mutating func openPages(_ source: Source, _ formats: PageFormats?) throws(DecodingError) {
    let file = source.file
    guard let cpu = source.cpu ?? PageFile.cpu(inPath: file.path) else {
      throw DecodingError(
        path: file.path, offset: 0,
        "is no trace: neither trace.dat nor perf.data nor the text of ftrace, `trace-cmd report` or `perf script`; "
          + "a file of raw ring-buffer pages must have its CPU in its name, as in `cpu0`")
    }
    guard let formats else {
      throw DecodingError(
        path: file.path, offset: 0,
        "holds the raw ring-buffer pages of CPU \(cpu) and nothing that says what is in them; add `--formats DIRECTORY` with a copy of that "
          + "kernel's /sys/kernel/tracing/events, or `--formats FILE` with a trace.dat of it")
    }
    var layout = PageLayout(
      headerPage: formats.header.headerPage, order: .little, pageSize: formats.header.pageSize, longSize: formats.header.longSize)
    if !formats.isHead { layout.pageSize = Self.pageSize(of: file, layout) }
    // What a flight recorder has let go is a hole.
    let start = formats.isHead ? file.firstData / layout.pageSize * layout.pageSize : 0
    layout.order = try Self.order(of: file, from: start, layout)
    if pageCatalog < 0 {
      var header = formats.header
      header.order = layout.order
      guard let catalog = FormatCatalog(header, path: file.path) else { throw DecodingError(path: file.path, "libtraceevent could not be started") }
      if let symbols, header.kallsyms.isEmpty { catalog.add(kallsyms: symbols.text(for: nil)) }
      pageCatalog = addCatalog(catalog)
      if let clock = header.clock { note(clock: clock, isScaled: false, file) }
    }
    info.format = "ring-buffer pages"
    info.kernel = info.kernel ?? formats.header.uname.flatMap { Self.release($0) }
    info.cpus = max(info.cpus, Int(cpu) + 1)
    addRing(
      cpu: cpu, layout,
      PageSource(
        file: file, offset: start, size: file.size - start, pageSize: layout.pageSize, compression: nil, stride: 256 << 10), catalog: pageCatalog,
      until: formats.until)
  }

  /// The size of the file's pages: that of `layout`, or less, for formats may come from a recording on larger ones (`buffer_subbuf_size_kb`).
  private static func pageSize(of file: InputFile, _ layout: PageLayout) -> Int {
    var size = 4096
    while size < layout.pageSize, !hasPages(file, of: size, layout) { size *= 2 }
    return min(size, layout.pageSize)
  }

  /// Whether pages begin at all multiples of `size`, and not just at those of the size in `layout`.
  private static func hasPages(_ file: InputFile, of size: Int, _ layout: PageLayout) -> Bool {
    var isBetween = false
    for place in stride(from: 0, to: min(file.size - 16, 64 * size), by: size) {
      guard let head = try? file.bytes(at: place, count: 16) else { return false }
      // Not written.
      if head.bytes.integer(UInt64.self, at: 0) == 0, head.bytes.integer(UInt64.self, at: 8) == 0 { continue }
      guard PageFile.order(head.bytes, commitSize: layout.commitSize, capacity: size - layout.dataOffset) != nil else { return false }
      if place % layout.pageSize != 0 { isBetween = true }
    }
    return isBetween
  }

  private static func order(of file: InputFile, from start: Int, _ layout: PageLayout) throws(DecodingError) -> ByteOrder {
    // The first pages may be empty.
    for page in 0..<min((file.size - start) / layout.pageSize + 1, 64) {
      let place = start + page * layout.pageSize
      guard let head = try? file.bytes(at: place, count: min(16, max(file.size - place, 0))) else { break }
      if let order = PageFile.order(head.bytes, commitSize: layout.commitSize, capacity: layout.pageSize - layout.dataOffset) { return order }
    }
    throw DecodingError(path: file.path, offset: start, "holds no ring-buffer pages of \(layout.pageSize) bytes as the formats describe them")
  }
}
