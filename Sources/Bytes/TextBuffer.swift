#if canImport(Glibc)
  internal import Glibc
#endif

/// Memory that lines of output are put together in. It grows as needed, and is used again once its contents are written.
@safe public struct TextBuffer: ~Copyable, @unchecked Sendable {
  @usableFromInline var base: UnsafeMutableRawPointer
  @usableFromInline var capacity: Int
  /// How many bytes it holds.
  public private(set) var count: Int {
    @inlinable get { used }
    set { used = newValue }
  }
  @usableFromInline var used = 0

  /// A buffer with room for `capacity` bytes before it grows.
  public init(capacity: Int = 1 << 17) {
    let room = max(capacity, 64)
    self.capacity = room
    unsafe base = UnsafeMutableRawPointer.allocate(byteCount: room, alignment: 16)
  }

  deinit { unsafe base.deallocate() }

  /// Makes room for `count` more bytes.
  @inlinable @inline(__always)
  mutating func reserve(_ count: Int) { if count > capacity &- used { grow(count) } }

  @usableFromInline @inline(never)
  mutating func grow(_ count: Int) {
    let room = max(capacity * 2, used + count)
    let larger = UnsafeMutableRawPointer.allocate(byteCount: room, alignment: 16)
    unsafe larger.copyMemory(from: base, byteCount: used)
    unsafe base.deallocate()
    unsafe base = larger
    capacity = room
  }

  /// Appends one byte.
  @inlinable @inline(__always)
  public mutating func append(_ byte: UInt8) {
    reserve(1)
    unsafe base.storeBytes(of: byte, toByteOffset: used, as: UInt8.self)
    used &+= 1
  }

  /// Appends `bytes` as they are.
  @inlinable @inline(__always)
  public mutating func append(_ bytes: RawSpan) {
    let length = bytes.byteCount
    reserve(length)
    let target = unsafe base + used
    unsafe bytes.withUnsafeBytes { source in
      if let start = source.baseAddress { unsafe target.copyMemory(from: start, byteCount: length) }
    }
    used &+= length
  }

  /// Appends `bytes` as they are.
  public mutating func append(_ bytes: [UInt8]) { append(bytes.view) }

  /// Appends the `count` bytes of `bytes` from `offset` on as they are.
  @inlinable @inline(__always)
  public mutating func append(_ bytes: [UInt8], from offset: Int, count: Int) { append(bytes.view.slice(offset, count)) }

  /// Appends `text` as it is.
  public mutating func append(_ text: StaticString) { append(RawSpan(text)) }

  /// Appends `byte` `count` times.
  @inlinable
  public mutating func append(_ byte: UInt8, times count: Int) {
    guard count > 0 else { return }
    reserve(count)
    for index in 0..<count { unsafe base.storeBytes(of: byte, toByteOffset: used &+ index, as: UInt8.self) }
    used &+= count
  }

  /// Appends `value` in decimal digits, with zeroes in front up to `digits` of them.
  @inlinable
  public mutating func appendDecimal(_ value: UInt64, digits: Int = 1) {
    let length = max(Self.decimalDigits(value), digits)
    reserve(length)
    var rest = value
    var place = used &+ length
    used = place
    let start = place &- length
    while rest >= 10 {
      let next = rest / 10
      place &-= 1
      unsafe base.storeBytes(of: UInt8(truncatingIfNeeded: rest &- next &* 10) &+ 48, toByteOffset: place, as: UInt8.self)
      rest = next
    }
    place &-= 1
    unsafe base.storeBytes(of: UInt8(truncatingIfNeeded: rest) &+ 48, toByteOffset: place, as: UInt8.self)
    while place > start {
      place &-= 1
      unsafe base.storeBytes(of: 48, toByteOffset: place, as: UInt8.self)
    }
  }

  /// Appends `value` in digits of `1 << bits` (3 for octal, 4 for hexadecimal), with zeroes in front up to `digits` of them.
  @inlinable
  public mutating func appendDigits(_ value: UInt64, bits: UInt64, digits: Int = 1, uppercase: Bool = false) {
    let length = max(Self.digits(value, bits: bits), digits)
    reserve(length)
    var rest = value
    var place = used &+ length
    let start = used
    used = place
    let letters: UInt8 = uppercase ? 55 : 87
    while place > start {
      place &-= 1
      let digit = UInt8(truncatingIfNeeded: rest & ((1 &<< bits) &- 1))
      unsafe base.storeBytes(of: digit < 10 ? digit &+ 48 : digit &+ letters, toByteOffset: place, as: UInt8.self)
      rest = rest &>> bits
    }
  }

  /// How many decimal digits `value` has.
  @inlinable
  public static func decimalDigits(_ value: UInt64) -> Int {
    var count = 1
    var rest = value
    while rest >= 10_000 {
      rest /= 10_000
      count &+= 4
    }
    return rest >= 1000 ? count &+ 3 : rest >= 100 ? count &+ 2 : rest >= 10 ? count &+ 1 : count
  }

  /// How many digits of `1 << bits` `value` has.
  @inlinable
  public static func digits(_ value: UInt64, bits: UInt64) -> Int {
    value == 0 ? 1 : (64 &- value.leadingZeroBitCount &+ Int(bits) &- 1) / Int(bits)
  }

  /// Forgets what stands behind the first `count` bytes.
  public mutating func truncate(to count: Int) { used = min(max(count, 0), used) }

  /// Forgets what it holds.
  public mutating func removeAll() { used = 0 }

  /// The last byte, or nil where there is none.
  public var last: UInt8? { used == 0 ? nil : unsafe base.load(fromByteOffset: used - 1, as: UInt8.self) }

  /// What it holds.
  public var bytes: RawSpan {
    @_lifetime(borrow self) borrowing get {
      let span = unsafe RawSpan(_unsafeStart: UnsafeRawPointer(base), byteCount: used)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }
}

extension [UInt8] {
  /// Appends what `buffer` holds.
  public mutating func append(_ buffer: borrowing TextBuffer) {
    unsafe buffer.bytes.withUnsafeBytes { unsafe append(contentsOf: $0) }
  }
}

extension RawSpan {
  /// The bytes of `text`, which stand in the program.
  @_lifetime(immortal)
  public init(_ text: StaticString) {
    let span = unsafe RawSpan(_unsafeStart: UnsafeRawPointer(text.utf8Start), byteCount: text.utf8CodeUnitCount)
    unsafe self = _overrideLifetime(span, copying: ())
  }
}
