internal import Bytes

extension RecordingOpener {
  /// Opens the pages of one CPU.
  mutating func openPages(_ source: InputSource) throws(ReadingError) {
    let file = source.file
    let (cpu, formats) = try explained(source)
    var layout = PageLayout(
      headerPage: formats.header.headerPage, order: .little, pageSize: formats.header.pageSize, longSize: formats.header.longSize)
    if !formats.isHead { layout.pageSize = PageFile.pageSize(of: file, layout) }
    // What a flight recorder has let go is a hole.
    let start = formats.isHead ? file.firstData / layout.pageSize * layout.pageSize : 0
    layout.order = try PageFile.order(of: file, from: start, layout)
    let catalog = try openPageCatalog(formats, layout.order, file)
    info.format = "ring-buffer pages"
    info.kernel = info.kernel ?? formats.header.uname.flatMap { Self.release($0) }
    info.cpus = max(info.cpus, Int(cpu) + 1)
    let pages = PageSource(
      file: file, offset: start, size: file.size - start, pageSize: layout.pageSize, compression: nil, stride: 256 << 10)
    streams.rings.append(RingStream(cpu: cpu, catalog: catalog, layout: layout, source: pages, until: formats.until))
  }

  /// Whose pages `source` holds, and what is in them; throws where nothing says so.
  private func explained(_ source: InputSource) throws(ReadingError) -> (cpu: Int32, formats: PageFormats) {
    guard let cpu = source.cpu ?? PageFile.cpu(inPath: source.file.path) else {
      throw ReadingError(
        .notATrace, path: source.file.path, offset: 0,
        "is no trace: neither trace.dat nor perf.data nor the text of ftrace, `trace-cmd report` or `perf script`; "
          + "a file of raw ring-buffer pages must have its CPU in its name, as in `cpu0`")
    }
    guard let formats = inputs.pageFormats else {
      throw ReadingError(
        .unexplained, path: source.file.path, offset: 0,
        "holds the raw ring-buffer pages of CPU \(cpu) and nothing that says what is in them; add `--formats DIRECTORY` with a copy of that "
          + "kernel's /sys/kernel/tracing/events, or `--formats FILE` with a trace.dat of it")
    }
    return (cpu, formats)
  }

  /// The catalog of all files of raw pages.
  private mutating func openPageCatalog(_ formats: PageFormats, _ order: ByteOrder, _ file: InputFile) throws(ReadingError) -> Int {
    if let pageCatalog { return pageCatalog }
    var header = formats.header
    header.order = order
    let index = try add(FormatCatalog(header, path: file.path), file)
    if let symbols = inputs.symbols, header.kallsyms.isEmpty { catalogs[index].add(kallsyms: symbols.text(for: nil)) }
    if let clock = header.clock { note(clock: clock, isScaled: false, file) }
    pageCatalog = index
    return index
  }
}
