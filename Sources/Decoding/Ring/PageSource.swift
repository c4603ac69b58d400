internal import Bytes

/// Where the pages of one CPU come from: a run of them in the file, or chunks of them that must be unpacked.
struct PageSource {
  let file: InputFile
  let pageSize: Int
  private let compression: Compression?
  /// The next byte to read in the file.
  private var position: Int
  private let end: Int
  private var chunksLeft = 0
  /// The largest piece read at once, in bytes.
  private let stride: Int
  /// Whether the file lacks some of the CPU's data: what came after is unknown.
  private(set) var isCut: Bool

  /// Pages at `offset ..< offset + size` of `file`, at most `stride` bytes of them at a time; with `compression`, in chunks.
  init(file: InputFile, offset: Int, size: Int, pageSize: Int, compression: Compression?, stride: Int, isCut: Bool = false) {
    self.file = file
    self.pageSize = pageSize
    self.compression = compression
    self.stride = max(stride / pageSize, 1) * pageSize
    position = min(max(offset, 0), file.size)
    end = min(max(size, 0), file.size - position) + position
    self.isCut = isCut || end - position < size
  }

  /// Whether the pages that `fill` came to last could not be unpacked; those behind them can.
  private(set) var hasLostPages = false

  /// Reads the count of chunks, with which compressed data begin.
  mutating func open(_ diagnostics: inout Diagnostics) {
    guard compression != nil, position < end else { return }
    guard let head = try? file.bytes(at: position, count: 4), let count = head.bytes.integer(UInt32.self, at: 0, order) else {
      _ = damaged(position, "the number of chunks is missing", &diagnostics)
      return
    }
    chunksLeft = Int(count)
    position += 4
  }

  /// The byte order of the file, which chunk sizes are written in.
  var order = ByteOrder.little

  /// Replaces `buffer` by the next pages; false at the end. The result says where in the file they begin (for chunks: the chunk).
  mutating func fill(_ buffer: inout ByteBuffer, _ diagnostics: inout Diagnostics) -> Int? {
    compression == nil ? fillRaw(&buffer, &diagnostics) : fillChunk(&buffer, &diagnostics)
  }

  private mutating func fillRaw(_ buffer: inout ByteBuffer, _ diagnostics: inout Diagnostics) -> Int? {
    guard position < end else { return nil }
    if buffer.capacity < min(stride, end - position) { buffer = ByteBuffer(capacity: min(stride, end - position)) }
    let start = position
    do {
      try file.read(at: position, count: min(buffer.capacity, end - position), into: buffer)
    } catch {
      diagnostics.add(.fileTooShort, path: file.path, offset: error.offset, error.reason)
      isCut = true
      return nil
    }
    position += buffer.count
    return buffer.count > 0 ? start : nil
  }

  private mutating func fillChunk(_ buffer: inout ByteBuffer, _ diagnostics: inout Diagnostics) -> Int? {
    guard chunksLeft > 0, let compression else { return nil }
    guard position < end else { return damaged(position, "the file ends before \(chunksLeft) chunks more", &diagnostics) }
    chunksLeft -= 1
    let start = position
    guard let head = try? file.bytes(at: position, count: 8),
      let packed = head.bytes.integer(UInt32.self, at: 0, order), let unpacked = head.bytes.integer(UInt32.self, at: 4, order),
      unpacked <= Self.largestChunk, let input = try? file.bytes(at: position + 8, count: Int(packed))
    else { return damaged(start, "a chunk's sizes cannot be", &diagnostics) }
    if buffer.capacity < Int(unpacked) { buffer = ByteBuffer(capacity: Int(unpacked)) }
    position += 8 + Int(packed)
    hasLostPages = !compression.decompress(input.bytes, into: buffer)
    if hasLostPages {
      diagnostics.add(.chunkDamaged, path: file.path, offset: start, "a chunk cannot be unpacked")
      buffer.removeAll()
    }
    return start
  }

  /// trace-cmd packs ten pages to a chunk; a file that claims far more wants our memory, not our attention.
  private static let largestChunk: UInt32 = 64 << 20

  private mutating func damaged(_ offset: Int, _ detail: String, _ diagnostics: inout Diagnostics) -> Int? {
    diagnostics.add(.chunkDamaged, path: file.path, offset: offset, detail)
    chunksLeft = 0
    isCut = true
    return nil
  }
}
