/// Bytes that grow by what is appended; integers in the byte order of this machine.
struct WrittenBytes {
  private(set) var content: [UInt8]

  init(_ content: [UInt8] = []) { self.content = content }

  mutating func append(_ bytes: [UInt8]) { content += bytes }
  mutating func append(_ text: String) { content += Array(text.utf8) }
  mutating func append(zeros count: Int) { content += repeatElement(0, count: count) }

  /// `text` and a zero byte.
  mutating func append(terminated text: String) { content += Array(text.utf8) + [0] }

  /// The number of `bytes` in eight bytes, and `bytes`.
  mutating func append(counted bytes: [UInt8]) {
    append(UInt64(bytes.count))
    content += bytes
  }

  mutating func append<T: FixedWidthInteger & UnsignedInteger>(_ value: T) {
    let size = MemoryLayout<T>.size
    for index in 0..<size {
      let shift = 8 * (TraceDatWriter.isBigEndian ? size - 1 - index : index)
      content.append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }
}
