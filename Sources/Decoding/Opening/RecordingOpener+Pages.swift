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
    if !formats.isHead { lookAtEvents(file, from: start, layout, catalogs[catalog]) }
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

  /// Throws where the formats describe none of the events that the pages begin with.
  func checkFormats() throws(ReadingError) {
    guard pageEvents.all > 0, pageEvents.described == 0, let file = info.files.first else { return }
    throw ReadingError(
      .unexplained, path: file,
      "holds no event that the formats describe; they are of another kernel, or of one that was built or configured otherwise")
  }

  /// Counts the events on the first pages of `file`, and those that `catalog` describes.
  private mutating func lookAtEvents(_ file: InputFile, from start: Int, _ layout: PageLayout, _ catalog: FormatCatalog) {
    var entries = [Entry](repeating: Entry(), count: PageWalk.limit)
    for place in stride(from: start, to: min(start + 4 * layout.pageSize, file.size), by: layout.pageSize) {
      guard let page = try? file.bytes(at: place, count: min(layout.pageSize, file.size - place)),
        let commit = page.bytes.unsigned(at: PageLayout.commitOffset, size: layout.commitSize, layout.order)
      else { return }
      var walk = PageWalk()
      walk.at = layout.dataOffset
      walk.end = min(layout.dataOffset + Int(commit & PageLayout.lengthMask), page.count)
      var found = entries.mutableSpan
      let count = walk.run(page.bytes, layout, into: &found).count
      for entry in entries[..<count] {
        guard let id = page.bytes.integer(UInt16.self, at: Int(entry.offset), layout.order) else { continue }
        pageEvents.all += 1
        if catalog.describes(Int(id), size: Int(entry.length)) { pageEvents.described += 1 }
      }
    }
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
