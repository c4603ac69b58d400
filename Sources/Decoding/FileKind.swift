internal import Bytes

/// What a file is, by its first bytes.
enum FileKind {
  case traceDat
  case perfData
  case gzip
  case text
  case unknown

  init(_ head: RawSpan) {
    func starts(_ bytes: [UInt8]) -> Bool { head.byteCount >= bytes.count && head.slice(0, bytes.count).array == bytes }
    self =
      if starts(TraceDatHeader.magic) {
        .traceDat
      } else if starts(PerfHeader.magic) || starts(PerfHeader.magic.reversed()) {
        .perfData
      } else if starts([0x1f, 0x8b]) {
        .gzip
      } else if TextHead(head).isTrace {
        .text
      } else {
        .unknown
      }
  }
}
