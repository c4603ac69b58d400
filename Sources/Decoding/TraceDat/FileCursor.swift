internal import Bytes

/// Reads a file's header front to back, a piece at a time; every value is checked against what the file or the section still holds.
struct FileCursor {
  let path: String
  let order: ByteOrder
  private let file: InputFile?
  private var window: ByteBuffer
  /// Where `window` begins, counted from `base`.
  private var windowStart = 0
  /// Where the cursor's bytes begin in the file; for unpacked sections, where the packed section begins.
  private let base: Int
  /// How many bytes there are from `base`.
  private let limit: Int
  private var position = 0

  /// A cursor over the `limit` bytes of `file` from `base`, or fewer if the file ends before.
  init(file: InputFile, base: Int, limit: Int = .max, order: ByteOrder) {
    path = file.path
    self.order = order
    self.file = file
    self.base = base
    self.limit = min(limit, max(file.size - base, 0))
    window = ByteBuffer(capacity: 1)
  }

  /// A cursor over `bytes`, which come from byte `base` of the file.
  init(path: String, bytes: ByteBuffer, base: Int, order: ByteOrder) {
    self.path = path
    self.order = order
    file = nil
    window = bytes
    self.base = base
    limit = bytes.count
  }

  /// The offset in the file of the next byte.
  var fileOffset: Int { base + position }

  /// How many bytes are left.
  var remaining: Int { limit - position }

  /// The next integer of type `T`.
  mutating func next<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type, _ what: String) throws(ReadingError) -> T {
    try load(MemoryLayout<T>.size, what)
    guard let value = window.bytes.integer(T.self, at: position - windowStart, order) else { throw short(what) }
    position += MemoryLayout<T>.size
    return value
  }

  /// The next `count` bytes.
  mutating func next(count: UInt64, _ what: String) throws(ReadingError) -> [UInt8] {
    guard count <= UInt64(remaining) else { throw short("\(what) of \(count) bytes") }
    try load(Int(count), what)
    defer { position += Int(count) }
    return window.bytes.slice(position - windowStart, Int(count)).array
  }

  /// The next bytes up to a zero byte, which is passed over. Names in a header are short.
  mutating func nextString(_ what: String) throws(ReadingError) -> String {
    try load(min(remaining, Self.longestString), what)
    let start = position - windowStart
    guard let end = window.bytes.firstIndex(of: 0, from: start) else { throw short(what) }
    defer { position += end - start + 1 }
    return window.bytes.slice(start, end - start).text
  }

  /// Passes over `count` bytes.
  mutating func skip(_ count: UInt64, _ what: String) throws(ReadingError) {
    guard count <= UInt64(remaining) else { throw short("\(what) of \(count) bytes") }
    position += Int(count)
  }

  private static let longestString = 4096
  private static let pieceSize = 1 << 16

  /// Makes sure the next `count` bytes are in the window.
  private mutating func load(_ count: Int, _ what: String) throws(ReadingError) {
    guard count <= remaining else { throw short(what) }
    let isLoaded = position >= windowStart && position + count <= windowStart + window.count
    guard !isLoaded, let file else { return }
    do {
      window = try file.bytes(at: base + position, count: min(max(count, Self.pieceSize), remaining))
    } catch {
      throw ReadingError(error)
    }
    windowStart = position
  }

  private func short(_ what: String) -> ReadingError {
    ReadingError(.damaged, path: path, offset: fileOffset, "the file ends inside \(what)")
  }
}
