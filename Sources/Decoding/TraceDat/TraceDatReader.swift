internal import Bytes

/// Reads the head of a trace.dat, version 6 (one run of sections in fixed order) or 7 (sections found through options).
/// A damaged section costs what it holds and is named in the diagnostics; only a head that says nothing of any event is an error.
struct TraceDatReader {
  let file: InputFile
  var header = TraceDatHeader()
  var diagnostics = Diagnostics()

  /// Option ids of `trace-cmd.dat.v7(5)`; version 6 uses the first of them.
  enum Option {
    static let done: UInt16 = 0
    static let date: UInt16 = 1
    static let cpuStatistics: UInt16 = 2
    static let buffer: UInt16 = 3
    static let traceClock: UInt16 = 4
    static let uname: UInt16 = 5
    static let offset: UInt16 = 7
    static let cpuCount: UInt16 = 8
    static let counterScale: UInt16 = 14
    static let headerInfo: UInt16 = 16
    static let ftraceEvents: UInt16 = 17
    static let eventFormats: UInt16 = 18
    static let kallsyms: UInt16 = 19
    static let printk: UInt16 = 20
    static let commandLines: UInt16 = 21
  }

  /// Reads everything before the trace data.
  mutating func read() throws(DecodingError) {
    var cursor = try start()
    switch header.version {
    case 6: try readVersion6(&cursor)
    case 7: try readVersion7(&cursor)
    default:
      throw DecodingError(
        path: file.path, offset: TraceDatHeader.magic.count,
        "trace.dat version \(header.version) is not known; `trace-cmd convert --file-version 7` on the recording machine makes one that is")
    }
  }

  private mutating func start() throws(DecodingError) -> FileCursor {
    var cursor = FileCursor(file: file, base: 0, order: .little)
    try cursor.skip(UInt64(TraceDatHeader.magic.count), "the magic number")
    let version = try cursor.nextString("the version")
    guard let number = Int(version) else {
      throw DecodingError(path: file.path, offset: TraceDatHeader.magic.count, "the version is not a number")
    }
    header.version = number
    return try readMachine(&cursor)
  }

  /// Byte order, size of a long and size of a page; the result reads on in that byte order.
  mutating func readMachine(_ cursor: inout FileCursor) throws(DecodingError) -> FileCursor {
    header.order = try cursor.next(UInt8.self, "the byte order") == 0 ? .little : .big
    header.longSize = Int(try cursor.next(UInt8.self, "the size of a long"))
    var rest = FileCursor(file: file, base: cursor.fileOffset, limit: cursor.remaining, order: header.order)
    let pageSize = try rest.next(UInt32.self, "the page size")
    guard (512...(1 << 24)).contains(pageSize) else {
      throw DecodingError(path: file.path, offset: rest.fileOffset - 4, "a page size of \(pageSize) bytes cannot be")
    }
    header.pageSize = Int(pageSize)
    return rest
  }

  // MARK: version 6

  private mutating func readVersion6(_ cursor: inout FileCursor) throws(DecodingError) {
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
      throw DecodingError(
        path: file.path, offset: cursor.fileOffset, "holds a latency trace as text; extract it with `trace-cmd report` and give that")
    }
    try readFlyrecord(&cursor, name: "")
    for instance in instances { readInstance6(instance.offset, name: instance.name) }
  }

  private mutating func readOptions6(_ cursor: inout FileCursor) throws(DecodingError) -> [(offset: Int, name: String)] {
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

  private mutating func readFlyrecord(_ cursor: inout FileCursor, name: String) throws(DecodingError) {
    guard header.cpuCount <= min(cursor.remaining / 16, Record.cpuLimit) else {
      throw DecodingError(path: file.path, offset: cursor.fileOffset, "the file ends inside the list of its \(header.cpuCount) CPUs")
    }
    var buffer = TraceDatHeader.Buffer(
      name: name, clock: header.clock ?? "local", pageSize: header.pageSize, isCompressed: false, cpus: [])
    for cpu in 0..<header.cpuCount {
      let offset = try cursor.next(UInt64.self, "a CPU's offset")
      let size = try cursor.next(UInt64.self, "a CPU's size")
      buffer.cpus.append(.init(cpu: Int32(clamping: cpu), offset: Int(clamping: offset), size: Int(clamping: size)))
    }
    // Recorders that name the clock do it here again, for each buffer.
    if header.clock != nil, let size = try? cursor.next(UInt64.self, "the size of a clock's name"), (1..<1024).contains(size),
      let text = try? cursor.next(count: size, "a clock's name")
    {
      buffer.clock = Self.chosenClock(String(decoding: text.prefix { $0 != 0 }, as: UTF8.self))
    }
    header.buffers.append(buffer)
  }

  // MARK: version 7

  private mutating func readVersion7(_ cursor: inout FileCursor) throws(DecodingError) {
    let name = try cursor.nextString("the name of the compression")
    _ = try cursor.nextString("the version of the compression")
    if name != "none" {
      guard let compression = Compression(rawValue: name) else {
        throw DecodingError(
          path: file.path, offset: cursor.fileOffset,
          "is compressed with \(name), which is not known here; `trace-cmd convert --compression none` on the recording machine unpacks it")
      }
      header.compression = compression
    }
    var next = Int(clamping: try cursor.next(UInt64.self, "the offset of the options"))
    let firstSection = cursor.fileOffset
    var visited: Set<Int> = []
    do throws(DecodingError) {
      while next != 0 {
        guard visited.insert(next).inserted else {
          throw DecodingError(path: file.path, offset: next, "the options sections form a ring")
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

  private mutating func readOptions7(at offset: Int) throws(DecodingError) -> Int {
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

  private mutating func readOption7(_ id: UInt16, _ option: inout FileCursor, _ data: [UInt8]) throws(DecodingError) {
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

  private mutating func readBuffer7(_ option: inout FileCursor) throws(DecodingError) {
    let place = Int(clamping: try option.next(UInt64.self, "a buffer's offset"))
    var buffer = TraceDatHeader.Buffer(
      name: try option.nextString("a buffer's name"), clock: try option.nextString("a buffer's clock"),
      pageSize: Int(try option.next(UInt32.self, "a buffer's page size")), isCompressed: false, cpus: [])
    guard (512...(1 << 24)).contains(buffer.pageSize) else {
      throw DecodingError(path: file.path, offset: option.fileOffset - 4, "a buffer's page size of \(buffer.pageSize) bytes cannot be")
    }
    let count = try option.next(UInt32.self, "a buffer's number of CPUs")
    for _ in 0..<min(Int(count), option.remaining / 20) {
      let place = option.fileOffset
      let cpu = try option.next(UInt32.self, "a CPU's number")
      guard cpu < Record.cpuLimit else { throw DecodingError(path: file.path, offset: place, "there is no CPU \(cpu)") }
      let offset = try option.next(UInt64.self, "a CPU's offset")
      let size = try option.next(UInt64.self, "a CPU's size")
      buffer.cpus.append(.init(cpu: Int32(clamping: cpu), offset: Int(clamping: offset), size: Int(clamping: size)))
    }
    let flags = try sectionHead(at: place).flags
    buffer.isCompressed = flags & 1 != 0
    header.buffers.append(buffer)
  }

  /// `unsigned short id; unsigned short flags; unsigned int description; unsigned long long size`.
  private func sectionHead(at offset: Int) throws(DecodingError) -> (flags: UInt16, size: UInt64) {
    var head = FileCursor(file: file, base: offset, limit: 16, order: header.order)
    _ = try head.next(UInt16.self, "a section's id")
    let flags = try head.next(UInt16.self, "a section's flags")
    _ = try head.next(UInt32.self, "a section's description")
    return (flags, try head.next(UInt64.self, "a section's size"))
  }

  private func section(at offset: Int) throws(DecodingError) -> (cursor: FileCursor, flags: UInt16) {
    let (flags, size) = try sectionHead(at: offset)
    let body = offset + 16
    guard size <= UInt64(max(file.size - body, 0)) else {
      throw DecodingError(path: file.path, offset: offset, "the file ends before the \(size) bytes of a section")
    }
    var cursor = FileCursor(file: file, base: body, limit: Int(size), order: header.order)
    guard flags & 1 != 0 else { return (cursor, flags) }
    guard let compression = header.compression else {
      throw DecodingError(path: file.path, offset: offset, "a section is compressed, but the file names no compression")
    }
    let packed = try cursor.next(UInt32.self, "a section's packed size")
    let unpacked = try cursor.next(UInt32.self, "a section's unpacked size")
    let input = ByteBuffer(try cursor.next(count: UInt64(packed), "a section's packed data"))
    guard unpacked <= Self.largestSection else {
      throw DecodingError(path: file.path, offset: body, "a section of \(unpacked) bytes unpacked cannot be")
    }
    let output = ByteBuffer(capacity: Int(unpacked))
    guard compression.decompress(input.bytes, into: output), output.count == unpacked else {
      throw DecodingError(path: file.path, offset: body, "a section's packed data cannot be unpacked")
    }
    return (FileCursor(path: file.path, bytes: output, base: body, order: header.order), flags)
  }

  /// The largest section, kallsyms, has some 10 to 20 MB.
  private static let largestSection: UInt32 = 256 << 20

  // MARK: what both versions hold

  mutating func readHeaderInfo(_ cursor: inout FileCursor) throws(DecodingError) {
    guard try cursor.nextString("header_page") == "header_page" else {
      throw DecodingError(path: file.path, offset: cursor.fileOffset, "the description of ring-buffer pages is missing")
    }
    header.headerPage = try Self.counted64(&cursor, "header_page")
    guard try cursor.nextString("header_event") == "header_event" else {
      throw DecodingError(path: file.path, offset: cursor.fileOffset, "the description of ring-buffer events is missing")
    }
    _ = try Self.counted64(&cursor, "header_event")
  }

  mutating func readFtraceEvents(_ cursor: inout FileCursor) throws(DecodingError) {
    let count = try cursor.next(UInt32.self, "the number of ftrace events")
    for _ in 0..<count { header.ftraceFormats.append(try Self.counted64(&cursor, "an ftrace event's format")) }
  }

  mutating func readEventFormats(_ cursor: inout FileCursor) throws(DecodingError) {
    let systems = try cursor.next(UInt32.self, "the number of event systems")
    for _ in 0..<systems {
      let system = try cursor.nextString("an event system's name")
      let count = try cursor.next(UInt32.self, "the number of events of \(system)")
      for _ in 0..<count {
        let offset = cursor.fileOffset + 8
        header.eventFormats.append((system, try Self.counted64(&cursor, "a format of \(system)"), offset))
      }
    }
  }

  static func counted32(_ cursor: inout FileCursor, _ what: String) throws(DecodingError) -> [UInt8] {
    let size = try cursor.next(UInt32.self, "the size of \(what)")
    return try cursor.next(count: UInt64(size), what)
  }

  static func counted64(_ cursor: inout FileCursor, _ what: String) throws(DecodingError) -> [UInt8] {
    let size = try cursor.next(UInt64.self, "the size of \(what)")
    return try cursor.next(count: size, what)
  }
}
