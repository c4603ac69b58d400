internal import Bytes

/// What a file is, by its first bytes.
enum FileKind {
  case traceDat
  case perfData
  case oldPerfData
  case gzip
  case pages
  case text
  /// Text of perf script that does not name CPUs.
  case textWithoutCPUs
  case unknown

  /// So many bytes of a file tell what it is.
  static let headSize = 4096

  /// What a file is that begins with `head`.
  init(_ head: RawSpan) {
    func starts(_ bytes: [UInt8]) -> Bool { head.byteCount >= bytes.count && head.slice(0, bytes.count).array == bytes }
    self =
      if starts(TraceDatHeader.magic) {
        .traceDat
      } else if starts(PerfHeader.magic) || starts(PerfHeader.magic.reversed()) {
        .perfData
      } else if starts(PerfHeader.oldMagic) || starts(PerfHeader.oldMagic.reversed()) {
        .oldPerfData
      } else if starts([0x1f, 0x8b]) {
        .gzip
      } else {
        Self.ofText(TextHead(head)) ?? (PageFile.isPlausible(head) ? .pages : .unknown)
      }
  }

  private static func ofText(_ head: TextHead) -> FileKind? { head.isTrace ? .text : head.lacksCPUs ? .textWithoutCPUs : nil }
}
