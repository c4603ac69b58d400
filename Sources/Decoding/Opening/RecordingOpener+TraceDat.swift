internal import Bytes

extension RecordingOpener {
  /// All streams together read ahead by about this many bytes.
  private static let readAhead = 2 << 20

  /// Opens a trace.dat, with a stream for each CPU of each ring buffer.
  mutating func openTraceDat(_ file: InputFile) throws(ReadingError) {
    var reader = TraceDatReader(file: file)
    try reader.read()
    diagnostics.add(reader.diagnostics)
    var header = reader.header
    let catalog = try add(FormatCatalog(header, path: file.path), file)
    try choose(&header, file)
    info.format = "trace.dat \(header.version)"
    info.kernel = header.uname.flatMap { Self.release($0) }
    let clock = header.clock ?? header.buffers.first?.clock ?? "local"
    note(clock: clock, isScaled: header.scale.mult != 0, file)
    info.isPrintedInSeconds = header.version != 6 || TimeScale.isPrintedInSeconds(clock)
    if header.buffers.contains(where: { !$0.name.isEmpty }) { info.bufferNameWidth = header.buffers.map(\.name.utf8.count).max() }
    info.cpus = max(info.cpus, header.cpuCount)
    letGo.formUnion(header.letGo)
    for buffer in header.buffers {
      guard buffer.clock == clock || buffer.clock.isEmpty || header.buffers.count == 1 else {
        diagnostics.add(
          .otherClock, path: file.path, offset: buffer.cpus.first?.offset, "buffer \(buffer.name): \(buffer.clock), not \(clock)")
        continue
      }
      open(buffer, of: header, catalog: catalog, file)
    }
  }

  private mutating func open(_ buffer: TraceDatHeader.Buffer, of header: TraceDatHeader, catalog: Int, _ file: InputFile) {
    let all = header.buffers.reduce(0) { $0 + $1.cpus.count }
    var layout = PageLayout(headerPage: header.headerPage, order: header.order, pageSize: buffer.pageSize, longSize: header.longSize)
    layout.scale = header.scale
    for data in buffer.cpus where data.size > 0 {
      noteTruncation(data, file)
      let source = PageSource(
        file: file, offset: data.offset, size: data.size, pageSize: buffer.pageSize,
        compression: buffer.isCompressed ? header.compression : nil, stride: Self.readAhead / max(all, 8), isCut: data.mayBeCut)
      streams.rings.append(RingStream(cpu: data.cpu, catalog: catalog, bufferName: buffer.name, layout: layout, source: source))
    }
  }

  private mutating func noteTruncation(_ data: TraceDatHeader.CPUData, _ file: InputFile) {
    guard data.offset > file.size || data.size > file.size - data.offset else { return }
    diagnostics.add(
      .fileTooShort, path: file.path, offset: file.size, "CPU \(data.cpu): the header promises data up to byte \(data.offset &+ data.size)")
  }

  /// Leaves of the ring buffers the one that was asked for.
  private mutating func choose(_ header: inout TraceDatHeader, _ file: InputFile) throws(ReadingError) {
    func name(_ buffer: TraceDatHeader.Buffer) -> String { buffer.name.isEmpty ? "top" : buffer.name }
    let names = header.buffers.map(name)
    if let wanted = inputs.buffer {
      guard names.contains(wanted) else {
        throw ReadingError(
          .absent, path: file.path, "has no ring buffer called \(wanted); those it has are \(names.joined(separator: ", "))")
      }
      header.buffers.removeAll { name($0) != wanted }
      header.clock = header.buffers.first?.clock ?? header.clock
    }
    if names.count > 1 { info.buffers = header.buffers.map(name) }
  }
}
