internal import Bytes

/// `struct btf_header` (include/uapi/linux/btf.h): where the two sections of BTF lie.
struct BTFHeader {
  let order: ByteOrder
  /// The byte range of the type records.
  let types: Range<Int>
  /// The byte range of the strings, each ended by a zero byte.
  let strings: Range<Int>

  private static let magic: UInt16 = 0xeb9f
  /// Magic, version, flags and five 32-bit words; later kernels may append more and count it in `hdr_len`.
  private static let size = 24

  init(_ bytes: RawSpan, path: String) throws(LayoutError) {
    guard bytes.byteCount >= Self.size else { throw LayoutError(path, at: bytes.byteCount, "the file ends inside the header of BTF") }
    switch bytes.integer(UInt16.self, at: 0) {
    case Self.magic: order = .little
    case Self.magic.byteSwapped: order = .big
    default: throw LayoutError(path, at: 0, "this is not BTF, which begins with 0xeb9f")
    }
    if let version = bytes.byte(at: 2), version != 1 { throw LayoutError(path, at: 2, "this is BTF of version \(version), only 1 is known") }
    let order = order
    func word(_ offset: Int) -> Int { Int(bytes.integer(UInt32.self, at: offset, order) ?? 0) }
    let length = word(4)
    guard length >= Self.size, length <= bytes.byteCount else { throw LayoutError(path, at: 4, "the header cannot have \(length) bytes") }
    func section(_ name: String, _ offset: Int) throws(LayoutError) -> Range<Int> {
      let (start, count) = (length + word(offset), word(offset + 4))
      guard start <= bytes.byteCount, count <= bytes.byteCount - start else {
        throw LayoutError(path, at: offset, "the \(name) would end behind the file: \(count) bytes from byte \(start)")
      }
      return start..<start + count
    }
    types = try section("types", 8)
    strings = try section("strings", 16)
    guard strings.isEmpty || bytes.byte(at: strings.upperBound - 1) == 0 else {
      throw LayoutError(path, at: strings.upperBound - 1, "the last string has no end")
    }
  }
}
