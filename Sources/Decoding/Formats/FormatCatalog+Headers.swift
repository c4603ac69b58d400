internal import Bytes

extension FormatCatalog {
  convenience init?(_ header: TraceDatHeader, path: String) {
    self.init(path: path, isBigEndian: header.order == .big, longSize: header.longSize, pageSize: header.pageSize)
    add(header)
  }

  /// The formats of a perf.data; perf prints events by their own print format.
  convenience init?(_ header: PerfHeader, path: String) {
    let tracing = header.tracing
    self.init(
      path: path, isBigEndian: (tracing?.order ?? header.order) == .big, longSize: tracing?.longSize ?? 8, pageSize: tracing?.pageSize ?? 4096,
      usesPlugins: false)
    if let tracing { add(tracing) }
    if let kernel = header.kernel { add(symbolsOf: kernel) }
  }

  private func add(_ header: TraceDatHeader) {
    lineSignature = header.lineSignature
    parseHeaderPage(header.headerPage)
    for text in header.ftraceFormats { add(format: text, system: "ftrace") }
    for (system, text, offset) in header.eventFormats { add(format: text, system: system, offset: offset) }
    add(kallsyms: header.kallsyms)
    add(printkFormats: header.printkFormats)
    add(commandLines: header.commandLines)
  }
}
