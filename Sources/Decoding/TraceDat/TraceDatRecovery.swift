internal import Bytes

/// Finds the trace data of a version 7 file whose last options are missing: they name the buffers, and stand behind the data, so that a file
/// that was cut short has lost them. The data themselves begin at a page boundary for each CPU, one CPU behind the other.
struct TraceDatRecovery {
  let file: InputFile
  let order: ByteOrder
  let pageSize: Int
  let isCompressed: Bool

  /// The section with trace data.
  private static let flyrecord: UInt16 = 3
  /// trace-cmd unpacks chunks of ten pages; nothing sane is larger than this.
  private static let largestChunk: UInt32 = 64 << 20

  /// Where each CPU's data lie, found by walking the sections from byte `offset` on; empty if there are none.
  func cpus(from offset: Int, limit: Int) -> [TraceDatHeader.CPUData] {
    var place = offset
    while let head = try? file.bytes(at: place, count: 16) {
      guard let id = head.bytes.integer(UInt16.self, at: 0, order), let size = head.bytes.integer(UInt64.self, at: 8, order)
      else { return [] }
      if id == Self.flyrecord {
        let start = aligned(place + 16)
        return isCompressed ? packed(start, limit) : pages(start, limit)
      }
      guard size > 0, size < UInt64(file.size) else { return [] }
      place += 16 + Int(size)
    }
    return []
  }

  private func aligned(_ offset: Int) -> Int { (offset + pageSize - 1) / pageSize * pageSize }

  /// Chunks follow one another; a CPU ends where its count of them does, or where the file does.
  private func packed(_ start: Int, _ limit: Int) -> [TraceDatHeader.CPUData] {
    var found: [TraceDatHeader.CPUData] = []
    var place = start
    while found.count < limit, let count = integer(at: place) {
      var end = place + 4
      var left = count
      while left > 0, let size = integer(at: end), let unpacked = integer(at: end + 4), unpacked <= Self.largestChunk,
        Int(size) <= file.size - end - 8
      {
        end += 8 + Int(size)
        left -= 1
      }
      found.append(.init(cpu: Int32(found.count), offset: place, size: end - place))
      if left > 0 { break }
      place = aligned(end)
    }
    return found
  }

  /// The times of a CPU's pages only grow: where they fall, the next CPU begins.
  private func pages(_ start: Int, _ limit: Int) -> [TraceDatHeader.CPUData] {
    var found: [TraceDatHeader.CPUData] = []
    var first = start
    var last: UInt64 = 0
    for place in stride(from: start, to: file.size, by: pageSize) {
      guard let head = try? file.bytes(at: place, count: 8), let time = head.bytes.integer(UInt64.self, at: 0, order) else { break }
      if time < last, found.count < limit - 1 {
        found.append(.init(cpu: Int32(found.count), offset: first, size: place - first))
        first = place
      }
      last = time
    }
    if first < file.size { found.append(.init(cpu: Int32(found.count), offset: first, size: file.size - first)) }
    return found
  }

  private func integer(at offset: Int) -> UInt32? {
    guard let word = try? file.bytes(at: offset, count: 4) else { return nil }
    return word.bytes.integer(UInt32.self, at: 0, order)
  }
}
