internal import Bytes

/// Reads the head of a perf.data (tools/perf/Documentation/perf.data-file-format.txt), of a file or of a pipe.
/// A damaged section costs what it holds and is named in the diagnostics; only a head without any attribute is an error.
struct PerfReader {
  let file: InputFile
  var header = PerfHeader()
  var diagnostics = Diagnostics()

  /// Bits of the header's bitmap and ids of `PERF_RECORD_HEADER_FEATURE`.
  enum Feature {
    static let tracingData: UInt64 = 1
    static let release: UInt64 = 4
    static let cpuCount: UInt64 = 7
    static let eventDescriptions: UInt64 = 12
    static let directory: UInt64 = 24
  }

  /// No event has so many instances, and no recording so many events, that their lists were longer.
  private static let longestList = 1 << 22

  init(file: InputFile) { self.file = file }

  /// Reads everything but the records.
  mutating func read() throws(ReadingError) {
    let start = FileCursor(file: file, base: 0, order: .little)
    var cursor = start
    if try cursor.next(count: 8, "the magic number") != PerfHeader.magic {
      header.order = .big
      cursor = FileCursor(file: file, base: 8, order: .big)
    }
    let size = try cursor.next(UInt64.self, "the size of the header")
    header.isPipe = size == 16
    if header.isPipe {
      header.records = 16..<file.size
    } else {
      try readFile(&cursor, headerSize: size)
    }
    readFirstRecords()
    nameEvents()
    let named = header.attributes.filter(\.isTracepoint)
    if !named.isEmpty, header.tracing?.eventFormats.isEmpty ?? true {
      diagnostics.add(.formatsMissing, path: file.path, offset: file.size, "\(named.count) tracepoints")
    }
    guard !header.attributes.isEmpty else {
      throw ReadingError(.damaged, path: file.path, offset: 16, "the file names no event; it is damaged or was cut short")
    }
  }

  // MARK: a file

  private struct Section {
    var offset: Int
    var size: Int
  }

  private func section(_ cursor: inout FileCursor, _ what: String) throws(ReadingError) -> Section {
    let offset = try cursor.next(UInt64.self, "the offset of \(what)")
    let size = try cursor.next(UInt64.self, "the size of \(what)")
    return Section(offset: Int(clamping: offset), size: Int(clamping: size))
  }

  private mutating func readFile(_ cursor: inout FileCursor, headerSize: UInt64) throws(ReadingError) {
    let stride = try cursor.next(UInt64.self, "the size of an attribute")
    let attributes = try section(&cursor, "the attributes")
    let data = try section(&cursor, "the records")
    _ = try section(&cursor, "the event types")
    var features: [UInt64] = []
    if headerSize >= 104 {
      for word in 0..<UInt64(4) {
        let bits = try cursor.next(UInt64.self, "the list of features")
        features += (0..<UInt64(64)).filter { bits >> $0 & 1 != 0 }.map { word * 64 + $0 }
      }
    }
    guard (UInt64(PerfAttribute.smallestSize + 16)...4096).contains(stride) else {
      throw ReadingError(.damaged, path: file.path, offset: 16, "an attribute of \(stride) bytes cannot be")
    }
    header.isUnfinished = data.size == 0
    let end = data.offset.addingReportingOverflow(header.isUnfinished ? max(file.size - data.offset, 0) : data.size)
    header.records = data.offset..<(end.overflow ? Int.max : end.partialValue)
    try readAttributes(attributes, stride: Int(stride))
    if !header.isUnfinished { readFeatures(features) }
  }

  private mutating func readAttributes(_ list: Section, stride: Int) throws(ReadingError) {
    var cursor = FileCursor(file: file, base: list.offset, limit: min(list.size, Self.longestList), order: header.order)
    var idsLeft = Self.longestList / 8
    while cursor.remaining >= stride {
      let offset = cursor.fileOffset
      let bytes = ByteBuffer(try cursor.next(count: UInt64(stride - 16), "an attribute"))
      let ids = try section(&cursor, "an event's ids")
      guard let attribute = PerfAttribute(bytes.bytes, header.order) else {
        throw ReadingError(.damaged, path: file.path, offset: offset, "an attribute makes no sense")
      }
      var list = FileCursor(file: file, base: ids.offset, limit: min(ids.size, idsLeft * 8), order: header.order)
      idsLeft -= list.remaining / 8
      while list.remaining >= 8 { header.attributeOfID[try list.next(UInt64.self, "an id")] = header.attributes.count }
      header.attributes.append(attribute)
    }
  }

  /// The features' sections are listed behind the records.
  private mutating func readFeatures(_ features: [UInt64]) {
    do throws(ReadingError) {
      var table = FileCursor(file: file, base: header.records.upperBound, order: header.order)
      for feature in features {
        let place = try section(&table, "a feature")
        try note(feature: feature, at: place)
      }
    } catch {
      diagnostics.add(.sectionDamaged, path: file.path, offset: error.offset, error.reason)
    }
  }

  private mutating func note(feature: UInt64, at place: Section) throws(ReadingError) {
    guard feature == Feature.tracingData || place.size <= Self.longestList else { return }
    var cursor = FileCursor(file: file, base: place.offset, limit: place.size, order: header.order)
    switch feature {
    case Feature.tracingData: readTracingData(at: place.offset, size: place.size)
    case Feature.release: header.release = try Self.string(&cursor)
    case Feature.cpuCount: header.cpus = Int(min(try cursor.next(UInt32.self, "the number of CPUs"), UInt32(Record.cpuLimit)))
    case Feature.directory: header.isDirectory = true
    case Feature.eventDescriptions: try readDescriptions(&cursor)
    default: break
    }
  }

  private mutating func readTracingData(at offset: Int, size: Int) {
    var reader = TraceDatReader(file: file)
    reader.readTracingData(at: offset, size: size)
    for row in reader.diagnostics.rows { diagnostics.add(row.kind, path: row.path, offset: row.offset, row.detail) }
    header.tracing = reader.header
  }

  /// A length and so many bytes, filled up with zeroes.
  private static func string(_ cursor: inout FileCursor) throws(ReadingError) -> String {
    let size = try cursor.next(UInt32.self, "the length of a name")
    let bytes = try cursor.next(count: UInt64(size), "a name")
    return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }

  /// The events by name, in the order of the attributes.
  private mutating func readDescriptions(_ cursor: inout FileCursor) throws(ReadingError) {
    let count = try cursor.next(UInt32.self, "the number of events")
    let size = try cursor.next(UInt32.self, "the size of an attribute")
    for index in 0..<min(Int(count), header.attributes.count) {
      try cursor.skip(UInt64(size), "an attribute")
      let ids = try cursor.next(UInt32.self, "the number of ids")
      header.attributes[index].name = try Self.string(&cursor)
      try cursor.skip(UInt64(ids) * 8, "an event's ids")
    }
  }

  // MARK: the first records

  /// In a pipe, what describes the recording comes before its first sample; so does, in a file too, where the kernel lies.
  private mutating func readFirstRecords() {
    var cursor = FileCursor(file: file, base: header.records.lowerBound, order: header.order)
    do throws(ReadingError) {
      while cursor.remaining >= 8, header.isPipe || header.kernelStart == nil {
        let offset = cursor.fileOffset
        let kind = try cursor.next(UInt32.self, "a record")
        _ = try cursor.next(UInt16.self, "a record")
        let size = Int(try cursor.next(UInt16.self, "a record"))
        guard size >= 8, ![PerfHeader.Kind.sample, PerfHeader.Kind.finishedRound, PerfHeader.Kind.compressed].contains(kind) else { return }
        var body = FileCursor(file: file, base: offset + 8, limit: size - 8, order: header.order)
        try cursor.skip(UInt64(size - 8), "a record")
        if kind == PerfHeader.Kind.map {
          try readMap(&body)
        } else if header.isPipe {
          try note(record: kind, &body, &cursor)
        }
      }
    } catch {
      // Whoever reads the records of a file says what is wrong with them.
      if header.isPipe { diagnostics.add(.sectionDamaged, path: file.path, offset: error.offset, error.reason) }
    }
  }

  /// `u32 pid, tid; u64 addr, len, pgoff; char filename[]`; the kernel's is called `[kernel.kallsyms]_text`.
  private mutating func readMap(_ body: inout FileCursor) throws(ReadingError) {
    try body.skip(24, "a map")
    let address = try body.next(UInt64.self, "a map")
    let name = try body.nextString("a map's name")
    let prefix = "[kernel.kallsyms]"
    if name.hasPrefix(prefix) { header.kernelStart = (String(name.dropFirst(prefix.count)), address) }
  }

  private mutating func note(record kind: UInt32, _ body: inout FileCursor, _ cursor: inout FileCursor) throws(ReadingError) {
    switch kind {
    case PerfHeader.Kind.attribute: try readAttribute(&body)
    case PerfHeader.Kind.eventUpdate: try readUpdate(&body)
    case PerfHeader.Kind.tracingData:
      let size = UInt64(try body.next(UInt32.self, "the size of the formats"))
      readTracingData(at: cursor.fileOffset, size: Int(size))
      try cursor.skip((size + 7) & ~7, "the formats")
    case PerfHeader.Kind.feature:
      let feature = try body.next(UInt64.self, "a feature")
      if feature != Feature.tracingData { try note(feature: feature, at: Section(offset: body.fileOffset, size: body.remaining)) }
    default: break
    }
  }

  private mutating func readAttribute(_ body: inout FileCursor) throws(ReadingError) {
    let offset = body.fileOffset
    var head = FileCursor(file: file, base: offset + 4, limit: 4, order: header.order)
    let said = try head.next(UInt32.self, "the size of an attribute")
    let size = said == 0 ? UInt64(PerfAttribute.smallestSize) : UInt64(said)
    let bytes = ByteBuffer(try body.next(count: size, "an attribute"))
    guard let attribute = PerfAttribute(bytes.bytes, header.order) else {
      throw ReadingError(.damaged, path: file.path, offset: offset, "an attribute makes no sense")
    }
    while body.remaining >= 8 { header.attributeOfID[try body.next(UInt64.self, "an id")] = header.attributes.count }
    header.attributes.append(attribute)
  }

  /// `PERF_EVENT_UPDATE__NAME` is 2.
  private mutating func readUpdate(_ body: inout FileCursor) throws(ReadingError) {
    let kind = try body.next(UInt64.self, "an event's update")
    let id = try body.next(UInt64.self, "an event's update")
    guard kind == 2, let index = header.attributeOfID[id] else { return }
    header.attributes[index].name = try body.nextString("an event's name")
  }

  /// Where no section names the events, their formats do.
  private mutating func nameEvents() {
    guard let tracing = header.tracing, header.attributes.contains(where: { $0.isTracepoint && $0.name.isEmpty }) else { return }
    var names: [Int: String] = [:]
    for (system, text, _) in tracing.eventFormats {
      guard let id = FormatText.id(in: text), let name = FormatText.name(in: text) else { continue }
      names[id] = "\(system):\(name)"
    }
    for index in header.attributes.indices where header.attributes[index].isTracepoint && header.attributes[index].name.isEmpty {
      header.attributes[index].name = names[Int(clamping: header.attributes[index].config)] ?? ""
    }
  }
}
