internal import Bytes

/// perf.data carries what trace.dat version 6 begins with, under a version number of its own (tools/perf/util/trace-event-info.c).
extension TraceDatReader {
  /// Reads the `size` bytes at `offset`; what cannot be read is named in the diagnostics.
  mutating func readTracingData(at offset: Int, size: Int) {
    do throws(ReadingError) {
      var cursor = FileCursor(file: file, base: offset, limit: size, order: .little)
      guard try cursor.next(count: UInt64(TraceDatHeader.magic.count), "the magic number of the formats") == TraceDatHeader.magic else {
        throw ReadingError(.damaged, path: file.path, offset: offset, "the formats of events do not begin as they should")
      }
      let version = try cursor.nextString("the version of the formats").split(separator: ".").compactMap { Int($0) }
      var rest = try readMachine(&cursor)
      try readHeaderInfo(&rest)
      try readFtraceEvents(&rest)
      try readEventFormats(&rest)
      header.kallsyms = try Self.counted32(&rest, "kallsyms")
      header.printkFormats = try Self.counted32(&rest, "the printk formats")
      if !version.lexicographicallyPrecedes([0, 6]) { header.commandLines = try Self.counted64(&rest, "the command lines") }
    } catch {
      diagnostics.add(.sectionDamaged, path: file.path, offset: error.offset, error.reason)
    }
  }
}
