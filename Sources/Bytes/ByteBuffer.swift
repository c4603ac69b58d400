#if canImport(Glibc)
  internal import Glibc
#endif

/// Heap memory of a fixed capacity that a reader fills over and over; the part in use is handed out as a `RawSpan`.
@safe public final class ByteBuffer: @unchecked Sendable {
  @usableFromInline let base: UnsafeMutableRawPointer
  /// How many bytes fit.
  public let capacity: Int
  /// `count` stands in memory of its own, and not in the object, so that reading it needs no check for exclusive access.
  @usableFromInline let counter: UnsafeMutablePointer<Int>

  /// Memory for `capacity` bytes, not yet filled.
  public init(capacity: Int) {
    self.capacity = max(capacity, 1)
    unsafe base = UnsafeMutableRawPointer.allocate(byteCount: self.capacity, alignment: 16)
    unsafe counter = UnsafeMutablePointer.allocate(capacity: 1)
    unsafe counter.initialize(to: 0)
  }

  deinit {
    unsafe base.deallocate()
    unsafe counter.deallocate()
  }

  /// How many bytes, from the start, hold data.
  @inlinable public private(set) var count: Int {
    get { unsafe counter.pointee }
    set { unsafe counter.pointee = newValue }
  }

  /// A buffer that holds a copy of `bytes`.
  public convenience init(_ bytes: [UInt8]) {
    self.init(capacity: bytes.count)
    unsafe bytes.withUnsafeBytes { source in
      if let start = source.baseAddress { unsafe base.copyMemory(from: start, byteCount: source.count) }
    }
    count = bytes.count
  }

  /// The bytes in use.
  public var bytes: RawSpan {
    @_lifetime(borrow self) get {
      let span = unsafe RawSpan(_unsafeStart: UnsafeRawPointer(base), byteCount: count)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// Forgets what the buffer holds.
  public func removeAll() { count = 0 }

  /// Lets `body` write behind the first `keeping` bytes; it answers how many bytes it wrote, which become the data in use.
  @unsafe func fill<E: Error>(keeping: Int = 0, _ body: (UnsafeMutableRawBufferPointer) throws(E) -> Int) throws(E) {
    let kept = min(max(keeping, 0), count)
    let room = unsafe UnsafeMutableRawBufferPointer(start: base + kept, count: capacity - kept)
    let written = unsafe try body(room)
    count = kept + min(max(written, 0), capacity - kept)
  }

  /// Copies `bytes` behind what the buffer holds, as many of them as fit.
  public func append(_ bytes: RawSpan) {
    unsafe fill(keeping: count) { room in
      unsafe bytes.withUnsafeBytes { source in
        let copied = min(source.count, room.count)
        if copied > 0, let start = source.baseAddress, let target = room.baseAddress { unsafe target.copyMemory(from: start, byteCount: copied) }
        return copied
      }
    }
  }

  /// A buffer of `count` bytes in use, all of them 0.
  public convenience init(zeroes count: Int) {
    self.init(capacity: count)
    unsafe memset(base, 0, capacity)
    self.count = capacity
  }

  /// Copies `bytes`, as many as are in use, over the first ones, and zeroes over those behind them up to `end`.
  public func overwrite(with bytes: RawSpan, zeroesTo end: Int) {
    let copied = min(bytes.byteCount, count)
    unsafe bytes.withUnsafeBytes { source in
      if copied > 0, let start = source.baseAddress { unsafe base.copyMemory(from: start, byteCount: copied) }
    }
    let limit = min(end, count)
    if limit > copied { unsafe memset(base + copied, 0, limit - copied) }
  }

  /// Moves the bytes from `offset` to the start of the buffer and forgets those before it.
  public func discard(upTo offset: Int) {
    let start = min(max(offset, 0), count)
    guard start > 0 else { return }
    unsafe memmove(base, base + start, count - start)
    count -= start
  }
}
