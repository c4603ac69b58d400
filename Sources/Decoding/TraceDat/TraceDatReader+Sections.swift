internal import Bytes

/// The sections that both versions have.
extension TraceDatReader {
  mutating func readHeaderInfo(_ cursor: inout FileCursor) throws(ReadingError) {
    guard try cursor.nextString("header_page") == "header_page" else {
      throw ReadingError(.damaged, path: file.path, offset: cursor.fileOffset, "the description of ring-buffer pages is missing")
    }
    header.headerPage = try Self.counted64(&cursor, "header_page")
    guard try cursor.nextString("header_event") == "header_event" else {
      throw ReadingError(.damaged, path: file.path, offset: cursor.fileOffset, "the description of ring-buffer events is missing")
    }
    _ = try Self.counted64(&cursor, "header_event")
  }

  mutating func readFtraceEvents(_ cursor: inout FileCursor) throws(ReadingError) {
    let count = try cursor.next(UInt32.self, "the number of ftrace events")
    for _ in 0..<count { header.ftraceFormats.append(try Self.counted64(&cursor, "an ftrace event's format")) }
  }

  mutating func readEventFormats(_ cursor: inout FileCursor) throws(ReadingError) {
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

  static func counted32(_ cursor: inout FileCursor, _ what: String) throws(ReadingError) -> [UInt8] {
    let size = try cursor.next(UInt32.self, "the size of \(what)")
    return try cursor.next(count: UInt64(size), what)
  }

  static func counted64(_ cursor: inout FileCursor, _ what: String) throws(ReadingError) -> [UInt8] {
    let size = try cursor.next(UInt64.self, "the size of \(what)")
    return try cursor.next(count: size, what)
  }
}
