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
    static let recorder: UInt16 = 9
    static let counterScale: UInt16 = 14
    static let headerInfo: UInt16 = 16
    static let ftraceEvents: UInt16 = 17
    static let eventFormats: UInt16 = 18
    static let kallsyms: UInt16 = 19
    static let printk: UInt16 = 20
    static let commandLines: UInt16 = 21
  }

  /// Reads everything before the trace data.
  mutating func read() throws(ReadingError) {
    var cursor = try start()
    switch header.version {
    case 6: try readVersion6(&cursor)
    case 7: try readVersion7(&cursor)
    default:
      throw ReadingError(
        .unsupported, path: file.path, offset: TraceDatHeader.magic.count,
        "trace.dat version \(header.version) is not known; `trace-cmd convert --file-version 7` on the recording machine makes one that is")
    }
  }

  private mutating func start() throws(ReadingError) -> FileCursor {
    var cursor = FileCursor(file: file, base: 0, order: .little)
    try cursor.skip(UInt64(TraceDatHeader.magic.count), "the magic number")
    let version = try cursor.nextString("the version")
    guard let number = Int(version) else {
      throw ReadingError(.damaged, path: file.path, offset: TraceDatHeader.magic.count, "the version is not a number")
    }
    header.version = number
    return try readMachine(&cursor)
  }

  /// Byte order, size of a long and size of a page; the result reads on in that byte order.
  mutating func readMachine(_ cursor: inout FileCursor) throws(ReadingError) -> FileCursor {
    header.order = try cursor.next(UInt8.self, "the byte order") == 0 ? .little : .big
    header.longSize = Int(try cursor.next(UInt8.self, "the size of a long"))
    var rest = FileCursor(file: file, base: cursor.fileOffset, limit: cursor.remaining, order: header.order)
    let pageSize = try rest.next(UInt32.self, "the page size")
    guard (512...(1 << 24)).contains(pageSize) else {
      throw ReadingError(.damaged, path: file.path, offset: rest.fileOffset - 4, "a page size of \(pageSize) bytes cannot be")
    }
    header.pageSize = Int(pageSize)
    return rest
  }
}
