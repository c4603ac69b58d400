internal import Bytes

/// Reads a file's header front to back; every value is checked against what the file or the section still holds.
struct FileCursor {
  let path: String
  let order: ByteOrder
  private let bytes: ByteBuffer
  /// Where `bytes` begins in the file; for unpacked sections, where the packed section begins.
  private let base: Int
  private(set) var position = 0

  /// A cursor over `bytes`, which lie at `base` in the file.
  init(path: String, bytes: ByteBuffer, base: Int, order: ByteOrder) {
    self.path = path
    self.bytes = bytes
    self.base = base
    self.order = order
  }

  /// The offset in the file of the next byte.
  var fileOffset: Int { base + position }

  /// How many bytes are left.
  var remaining: Int { bytes.count - position }

  /// The next integer of type `T`.
  mutating func next<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type, _ what: String) throws(DecodingError) -> T {
    guard let value = bytes.bytes.integer(T.self, at: position, order) else { throw short(what) }
    position += MemoryLayout<T>.size
    return value
  }

  /// The next `count` bytes.
  mutating func next(count: UInt64, _ what: String) throws(DecodingError) -> [UInt8] {
    guard count <= UInt64(remaining) else { throw short("\(what) of \(count) bytes") }
    defer { position += Int(count) }
    return bytes.bytes.slice(position, Int(count)).array
  }

  /// The next bytes up to a zero byte, which is passed over.
  mutating func nextString(_ what: String) throws(DecodingError) -> String {
    guard let end = bytes.bytes.firstIndex(of: 0, from: position) else { throw short(what) }
    defer { position = end + 1 }
    return bytes.bytes.slice(position, end - position).text
  }

  /// Passes over `count` bytes.
  mutating func skip(_ count: UInt64, _ what: String) throws(DecodingError) {
    guard count <= UInt64(remaining) else { throw short("\(what) of \(count) bytes") }
    position += Int(count)
  }

  private func short(_ what: String) -> DecodingError {
    DecodingError(path: path, offset: fileOffset, "the file ends inside \(what)")
  }
}
