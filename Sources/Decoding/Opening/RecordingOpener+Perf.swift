internal import Bytes

extension RecordingOpener {
  /// Opens a perf.data, with those beside it that it tells of, as one stream.
  mutating func openPerfData(_ file: InputFile) throws(ReadingError) {
    var reader = PerfReader(file: file)
    try reader.read()
    diagnostics.add(reader.diagnostics)
    let header = reader.header
    let catalog = try add(FormatCatalog(header, path: file.path), file)
    if header.isUnfinished || header.records.upperBound > file.size {
      diagnostics.add(.fileTooShort, path: file.path, offset: file.size, "the recorder did not come to its end, or the file was cut")
    }
    info.format = header.isPipe ? "perf.data pipe" : "perf.data"
    info.kernel = header.release ?? info.kernel
    info.clock = header.attributes[0].clock
    info.cpus = max(info.cpus, header.cpus)
    info.eventNameWidth = max(info.eventNameWidth ?? 0, header.nameWidth)
    if let symbols = inputs.symbols { catalogs[catalog].add(kallsyms: symbols.text(for: header.kernel)) }
    let files = [file] + (header.isDirectory ? try Self.parts(of: file) : [])
    streams.perfs.append(PerfStream(files: files, header: header, catalog: catalog, assumesNoLosses: assumesNoLosses))
  }

  /// The files `data.0`, `data.1` … beside `file`, which is called `data`.
  private static func parts(of file: InputFile) throws(ReadingError) -> [InputFile] {
    let folder = file.path.lastIndex(of: "/").map { String(file.path[..<$0]) } ?? "."
    let numbers = Directory.names(in: folder).compactMap { name in name.hasPrefix("data.") ? Int(name.dropFirst(5)) : nil }
    guard !numbers.isEmpty else {
      throw ReadingError(
        .absent, path: file.path, offset: 0,
        "is one file of a directory of `perf record --threads`, whose others, data.0 and so on, must lie beside it")
    }
    guard numbers.count <= Record.cpuLimit else {
      throw ReadingError(.damaged, path: file.path, offset: 0, "has \(numbers.count) files beside it, more than a machine has CPUs")
    }
    var parts: [InputFile] = []
    for number in numbers.sorted() { parts.append(try InputSource.file("\(folder)/data.\(number)")) }
    return parts.filter { $0.size > 0 }
  }
}
