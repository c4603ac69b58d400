#if canImport(Glibc)
  internal import Glibc
#endif

// Checked loads. All of them answer nil instead of reading past the end; lengths are compared by subtraction, which cannot wrap.

extension RawSpan {
  /// The integer of type `T` at `offset` (bytes), or nil if it does not lie wholly inside the span.
  @inlinable @inline(__always)
  public func integer<T: FixedWidthInteger & BitwiseCopyable>(
    _: T.Type, at offset: Int, _ order: ByteOrder = .little
  ) -> T? {
    guard offset >= 0, offset <= byteCount &- MemoryLayout<T>.size else { return nil }
    let value = unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: T.self)
    return order == .little ? T(littleEndian: value) : T(bigEndian: value)
  }

  /// Whether the `count` bytes from `start` on are there.
  @inlinable @inline(__always)
  public func has(_ count: Int, from start: Int) -> Bool { start >= 0 && count <= byteCount &- start }

  /// The integer of type `T` at `offset` of the `count` bytes from `start` on, or nil if it does not lie wholly in them or they are not there.
  /// Where a loop has asked for the bytes, and something before it whether the integer lies in them, nothing is left to be asked here.
  @inlinable @inline(__always)
  public func integer<T: FixedWidthInteger & BitwiseCopyable>(
    _: T.Type, at offset: Int, from start: Int, count: Int, _ order: ByteOrder
  ) -> T? {
    guard has(count, from: start), offset >= 0, offset <= count &- MemoryLayout<T>.size else { return nil }
    let value = unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: start &+ offset, as: T.self)
    return order == .little ? T(littleEndian: value) : T(bigEndian: value)
  }

  /// The little-endian integer of 32 bits at `offset`, or nil if it does not lie wholly inside the span.
  @inlinable @inline(__always)
  public func word32(at offset: UInt32) -> UInt32? {
    guard Int(offset) &+ 4 <= byteCount else { return nil }
    return unsafe UInt32(littleEndian: unsafeLoadUnaligned(fromUncheckedByteOffset: Int(offset), as: UInt32.self))
  }

  /// The byte at `offset`, or nil past the end.
  @inlinable @inline(__always)
  public func byte(at offset: Int) -> UInt8? {
    guard offset >= 0, offset < byteCount else { return nil }
    return unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt8.self)
  }

  /// The unsigned integer of `size` bytes (1, 2, 4 or 8) at `offset`, widened; nil out of range or for another size.
  @inlinable @inline(__always)
  public func unsigned(at offset: Int, size: Int, _ order: ByteOrder = .little) -> UInt64? {
    switch size {
    case 8: integer(UInt64.self, at: offset, order)
    case 4: integer(UInt32.self, at: offset, order).map(UInt64.init)
    case 2: integer(UInt16.self, at: offset, order).map(UInt64.init)
    case 1: byte(at: offset).map(UInt64.init)
    default: nil
    }
  }

  /// The bytes `offset ..< offset + count`, or an empty span if they are not all there.
  @inlinable @inline(__always)
  @_lifetime(copy self)
  public func slice(_ offset: Int, _ count: Int) -> RawSpan {
    guard offset >= 0, count >= 0, count <= byteCount &- offset else { return extracting(first: 0) }
    return unsafe extracting(unchecked: Range(uncheckedBounds: (offset, offset &+ count)))
  }

  /// The bytes `offset ..< offset + count`, or an empty span, for a place that cannot be negative, in fewer steps.
  @inlinable @inline(__always)
  @_lifetime(copy self)
  public func slice(_ offset: UInt32, _ count: UInt32) -> RawSpan {
    let (start, count) = (Int(offset), Int(count))
    guard start &+ count <= byteCount else { return extracting(first: 0) }
    return unsafe extracting(unchecked: Range(uncheckedBounds: (start, start &+ count)))
  }

  /// The number of bytes before the first zero byte, or all of them if there is none.
  @inlinable
  public var lengthToZero: Int {
    var length = 0
    while length < byteCount, byte(at: length) != 0 { length &+= 1 }
    return length
  }

  /// The offset of the first `byte` at or after `start`, or nil. The C library looks at 32 bytes at a time.
  public func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
    guard start >= 0, start < byteCount else { return nil }
    return unsafe withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress, let found = unsafe memchr(base + start, Int32(byte), bytes.count - start) else { return nil }
      return unsafe UnsafeRawPointer(found) - base
    }
  }

  /// The bytes as UTF-8 text; those that are none are kept (`ByteText`).
  public var text: String { String(keeping: array) }

  /// The bytes as an array.
  public var array: [UInt8] {
    unsafe withUnsafeBytes { unsafe Array($0) }
  }
}
