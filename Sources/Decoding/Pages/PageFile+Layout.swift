internal import Bytes

/// What a file of pages tells of how they are laid out.
extension PageFile {
  /// The size of the file's pages: that of `layout`, or less, for formats may come from a recording on larger ones (`buffer_subbuf_size_kb`).
  static func pageSize(of file: InputFile, _ layout: PageLayout) -> Int {
    var size = 4096
    while size < layout.pageSize, !hasPages(file, of: size, layout) { size *= 2 }
    return min(size, layout.pageSize)
  }

  /// Whether pages begin at all multiples of `size`, and not just at those of the size in `layout`.
  private static func hasPages(_ file: InputFile, of size: Int, _ layout: PageLayout) -> Bool {
    var isBetween = false
    for place in stride(from: 0, to: min(file.size - 16, 64 * size), by: size) {
      guard let head = try? file.bytes(at: place, count: 16) else { return false }
      // Not written.
      if head.bytes.integer(UInt64.self, at: 0) == 0, head.bytes.integer(UInt64.self, at: 8) == 0 { continue }
      guard order(head.bytes, commitSize: layout.commitSize, capacity: size - layout.dataOffset) != nil else { return false }
      if place % layout.pageSize != 0 { isBetween = true }
    }
    return isBetween
  }

  /// The byte order of the pages of `file` from byte `start` on; throws if they are none of the size in `layout`.
  static func order(of file: InputFile, from start: Int, _ layout: PageLayout) throws(ReadingError) -> ByteOrder {
    // The first pages may be empty.
    for page in 0..<min((file.size - start) / layout.pageSize + 1, 64) {
      let place = start + page * layout.pageSize
      guard let head = try? file.bytes(at: place, count: min(16, max(file.size - place, 0))) else { break }
      if let order = order(head.bytes, commitSize: layout.commitSize, capacity: layout.pageSize - layout.dataOffset) { return order }
    }
    throw ReadingError(
      .damaged, path: file.path, offset: start, "holds no ring-buffer pages of \(layout.pageSize) bytes as the formats describe them")
  }
}
