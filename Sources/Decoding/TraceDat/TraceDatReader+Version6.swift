internal import Bytes

/// Version 6: one run of sections in fixed order, then the CPUs' data.
extension TraceDatReader {
  mutating func readVersion6(_ cursor: inout FileCursor) throws(ReadingError) {
    try readHeaderInfo(&cursor)
    try readFtraceEvents(&cursor)
    try readEventFormats(&cursor)
    header.kallsyms = try Self.counted32(&cursor, "kallsyms")
    header.printkFormats = try Self.counted32(&cursor, "the printk formats")
    header.commandLines = try Self.counted64(&cursor, "the command lines")
    header.cpuCount = Int(try cursor.next(UInt32.self, "the number of CPUs"))
    var kind = try cursor.nextString("the kind of trace data")
    var instances: [(offset: Int, name: String)] = []
    if kind.hasPrefix("options") {
      instances = try readOptions6(&cursor)
      kind = try cursor.nextString("the kind of trace data")
    }
    guard kind.hasPrefix("flyrecord") else {
      throw ReadingError(
        .unsupported, path: file.path, offset: cursor.fileOffset, "holds a latency trace as text; extract it with `trace-cmd report` and give that")
    }
    try readFlyrecord(&cursor, name: "")
    for instance in instances { readInstance6(instance.offset, name: instance.name) }
  }

  private mutating func readOptions6(_ cursor: inout FileCursor) throws(ReadingError) -> [(offset: Int, name: String)] {
    var instances: [(Int, String)] = []
    while true {
      let id = try cursor.next(UInt16.self, "an option")
      if id == Option.done { return instances }
      let size = try cursor.next(UInt32.self, "the size of an option")
      let offset = cursor.fileOffset
      let data = try cursor.next(count: UInt64(size), "option \(id)")
      if id == Option.buffer {
        var option = FileCursor(path: file.path, bytes: ByteBuffer(data), base: offset, order: header.order)
        let place = try option.next(UInt64.self, "a buffer option")
        instances.append((Int(clamping: place), try option.nextString("a buffer's name")))
      } else {
        noteOption(id, data, at: offset)
      }
    }
  }

  private mutating func readInstance6(_ offset: Int, name: String) {
    do {
      var cursor = FileCursor(file: file, base: offset, order: header.order)
      _ = try cursor.nextString("an instance's kind of data")
      try readFlyrecord(&cursor, name: name)
    } catch {
      diagnostics.add(.sectionDamaged, path: file.path, offset: error.offset, error.reason)
    }
  }

  private mutating func readFlyrecord(_ cursor: inout FileCursor, name: String) throws(ReadingError) {
    guard header.cpuCount <= min(cursor.remaining / 16, Record.cpuLimit) else {
      throw ReadingError(.damaged, path: file.path, offset: cursor.fileOffset, "the file ends inside the list of its \(header.cpuCount) CPUs")
    }
    var buffer = TraceDatHeader.Buffer(
      name: name, clock: header.clock ?? "local", pageSize: header.pageSize, isCompressed: false, cpus: [])
    for cpu in 0..<header.cpuCount {
      let offset = try cursor.next(UInt64.self, "a CPU's offset")
      let size = try cursor.next(UInt64.self, "a CPU's size")
      buffer.cpus.append(.init(cpu: Int32(clamping: cpu), offset: Int(clamping: offset), size: Int(clamping: size)))
    }
    // Recorders that name the clock do it here again, for each buffer.
    if header.listsClocks, let size = try? cursor.next(UInt64.self, "the size of a clock's name"), (1..<1024).contains(size),
      let text = try? cursor.next(count: size, "a clock's name")
    {
      buffer.clock = Self.chosenClock(String(decoding: text.prefix { $0 != 0 }, as: UTF8.self))
    }
    header.buffers.append(buffer)
  }
}
