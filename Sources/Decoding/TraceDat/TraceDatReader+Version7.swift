internal import Bytes

/// Version 7: sections found through options, which may be packed.
extension TraceDatReader {
  mutating func readVersion7(_ cursor: inout FileCursor) throws(ReadingError) {
    let name = try cursor.nextString("the name of the compression")
    _ = try cursor.nextString("the version of the compression")
    if name != "none" {
      guard let compression = Compression(rawValue: name) else {
        throw ReadingError(
          .unsupported, path: file.path, offset: cursor.fileOffset,
          "is compressed with \(name), which is not known here; `trace-cmd convert --compression none` on the recording machine unpacks it")
      }
      header.compression = compression
    }
    var next = Int(clamping: try cursor.next(UInt64.self, "the offset of the options"))
    let firstSection = cursor.fileOffset
    var visited: Set<Int> = []
    do throws(ReadingError) {
      while next != 0 {
        guard visited.insert(next).inserted else {
          throw ReadingError(.damaged, path: file.path, offset: next, "the options sections form a ring")
        }
        next = try readOptions7(at: next)
      }
    } catch {
      // Without the formats there is nothing to read; without the rest there is less.
      if header.eventFormats.isEmpty { throw error }
      diagnostics.add(.sectionDamaged, path: file.path, offset: error.offset, error.reason)
      recoverBuffer(from: firstSection)
    }
    header.cpuCount = max(header.cpuCount, header.buffers.map(\.cpus.count).max() ?? 0)
  }

  private mutating func recoverBuffer(from firstSection: Int) {
    guard header.buffers.isEmpty else { return }
    let recovery = TraceDatRecovery(
      file: file, order: header.order, pageSize: header.pageSize, isCompressed: header.compression != nil)
    let limit = header.cpuCount > 0 ? header.cpuCount : Record.cpuLimit
    var cpus = recovery.cpus(from: firstSection, limit: limit)
    if !cpus.isEmpty { cpus[cpus.count - 1].mayBeCut = true }
    // CPUs of which nothing was found have lost all they wrote.
    for cpu in cpus.count..<max(header.cpuCount, cpus.count) {
      cpus.append(.init(cpu: Int32(cpu), offset: file.size, size: header.pageSize, mayBeCut: true))
    }
    header.buffers.append(
      .init(
        name: "", clock: header.clock ?? "local", pageSize: header.pageSize, isCompressed: header.compression != nil, cpus: cpus))
  }

  private mutating func readOptions7(at offset: Int) throws(ReadingError) -> Int {
    var cursor = try section(at: offset).cursor
    while true {
      let id = try cursor.next(UInt16.self, "an option")
      let size = try cursor.next(UInt32.self, "the size of an option")
      let place = cursor.fileOffset
      let data = try cursor.next(count: UInt64(size), "option \(id)")
      var option = FileCursor(path: file.path, bytes: ByteBuffer(data), base: place, order: header.order)
      if id == Option.done { return Int(clamping: try option.next(UInt64.self, "the offset of more options")) }
      do {
        try readOption7(id, &option, data)
      } catch {
        diagnostics.add(.sectionDamaged, path: file.path, offset: error.offset, error.reason)
      }
    }
  }

  private mutating func readOption7(_ id: UInt16, _ option: inout FileCursor, _ data: [UInt8]) throws(ReadingError) {
    switch id {
    case Option.buffer: try readBuffer7(&option)
    case Option.headerInfo, Option.ftraceEvents, Option.eventFormats, Option.kallsyms, Option.printk, Option.commandLines:
      var cursor = try section(at: Int(clamping: try option.next(UInt64.self, "a section's offset"))).cursor
      switch id {
      case Option.headerInfo: try readHeaderInfo(&cursor)
      case Option.ftraceEvents: try readFtraceEvents(&cursor)
      case Option.eventFormats: try readEventFormats(&cursor)
      case Option.kallsyms: header.kallsyms = try Self.counted32(&cursor, "kallsyms")
      case Option.printk: header.printkFormats = try Self.counted32(&cursor, "the printk formats")
      default: header.commandLines = try Self.counted64(&cursor, "the command lines")
      }
    default: noteOption(id, data, at: option.fileOffset)
    }
  }

  private mutating func readBuffer7(_ option: inout FileCursor) throws(ReadingError) {
    let place = Int(clamping: try option.next(UInt64.self, "a buffer's offset"))
    var buffer = TraceDatHeader.Buffer(
      name: try option.nextString("a buffer's name"), clock: try option.nextString("a buffer's clock"),
      pageSize: Int(try option.next(UInt32.self, "a buffer's page size")), isCompressed: false, cpus: [])
    guard (512...(1 << 24)).contains(buffer.pageSize) else {
      throw ReadingError(.damaged, path: file.path, offset: option.fileOffset - 4, "a buffer's page size of \(buffer.pageSize) bytes cannot be")
    }
    let count = try option.next(UInt32.self, "a buffer's number of CPUs")
    for _ in 0..<min(Int(count), option.remaining / 20) {
      let place = option.fileOffset
      let cpu = try option.next(UInt32.self, "a CPU's number")
      guard cpu < Record.cpuLimit else { throw ReadingError(.damaged, path: file.path, offset: place, "there is no CPU \(cpu)") }
      let offset = try option.next(UInt64.self, "a CPU's offset")
      let size = try option.next(UInt64.self, "a CPU's size")
      buffer.cpus.append(.init(cpu: Int32(clamping: cpu), offset: Int(clamping: offset), size: Int(clamping: size)))
    }
    let flags = try sectionHead(at: place).flags
    buffer.isCompressed = flags & 1 != 0
    header.buffers.append(buffer)
  }

  /// `unsigned short id; unsigned short flags; unsigned int description; unsigned long long size`.
  private func sectionHead(at offset: Int) throws(ReadingError) -> (flags: UInt16, size: UInt64) {
    var head = FileCursor(file: file, base: offset, limit: 16, order: header.order)
    _ = try head.next(UInt16.self, "a section's id")
    let flags = try head.next(UInt16.self, "a section's flags")
    _ = try head.next(UInt32.self, "a section's description")
    return (flags, try head.next(UInt64.self, "a section's size"))
  }

  private func section(at offset: Int) throws(ReadingError) -> (cursor: FileCursor, flags: UInt16) {
    let (flags, size) = try sectionHead(at: offset)
    let body = offset + 16
    guard size <= UInt64(max(file.size - body, 0)) else {
      throw ReadingError(.damaged, path: file.path, offset: offset, "the file ends before the \(size) bytes of a section")
    }
    var cursor = FileCursor(file: file, base: body, limit: Int(size), order: header.order)
    guard flags & 1 != 0 else { return (cursor, flags) }
    guard let compression = header.compression else {
      throw ReadingError(.damaged, path: file.path, offset: offset, "a section is compressed, but the file names no compression")
    }
    let packed = try cursor.next(UInt32.self, "a section's packed size")
    let unpacked = try cursor.next(UInt32.self, "a section's unpacked size")
    let input = ByteBuffer(try cursor.next(count: UInt64(packed), "a section's packed data"))
    guard unpacked <= Self.largestSection else {
      throw ReadingError(.damaged, path: file.path, offset: body, "a section of \(unpacked) bytes unpacked cannot be")
    }
    let output = ByteBuffer(capacity: Int(unpacked))
    guard compression.decompress(input.bytes, into: output), output.count == unpacked else {
      throw ReadingError(.damaged, path: file.path, offset: body, "a section's packed data cannot be unpacked")
    }
    return (FileCursor(path: file.path, bytes: output, base: body, order: header.order), flags)
  }

  /// The largest section, kallsyms, has some 10 to 20 MB.
  private static let largestSection: UInt32 = 256 << 20
}
