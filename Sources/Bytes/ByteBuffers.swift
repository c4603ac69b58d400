/// The buffers of several streams that are read side by side, one for each stream.
public struct ByteBuffers: Sendable {
  /// Where a buffer's bytes are and how many are in use. The buffer owns both; looking here counts no references.
  @safe @usableFromInline struct Place: @unchecked Sendable {
    @usableFromInline let base: UnsafeMutableRawPointer
    @usableFromInline let counter: UnsafeMutablePointer<Int>

    init(_ buffer: ByteBuffer) {
      unsafe base = buffer.base
      unsafe counter = buffer.counter
    }
  }

  private var buffers: [ByteBuffer] = []
  @usableFromInline var places: [Place] = []

  public init() {}

  /// How many buffers there are.
  public var count: Int { buffers.count }

  /// Adds a buffer; its index is the count before.
  public mutating func append(_ buffer: ByteBuffer) {
    buffers.append(buffer)
    places.append(Place(buffer))
  }

  /// The buffer of stream `index`; assigning replaces it.
  public subscript(index: Int) -> ByteBuffer {
    get { buffers[index] }
    set {
      buffers[index] = newValue
      places[index] = Place(newValue)
    }
  }

  /// How many bytes of buffer `index` are in use.
  @inlinable
  public func byteCount(_ index: Int) -> Int { unsafe places[index].counter.pointee }

  /// The bytes of buffer `index` that are in use, valid until a buffer is refilled.
  @inlinable @inline(__always)
  @_lifetime(borrow self)
  public func bytes(_ index: Int) -> RawSpan {
    let place = places[index]
    let span = unsafe RawSpan(_unsafeStart: UnsafeRawPointer(place.base), byteCount: place.counter.pointee)
    return unsafe _overrideLifetime(span, borrowing: self)
  }

  /// The bytes `offset ..< offset + count` of buffer `index`, valid until a buffer is refilled; empty if they are not all there.
  @inlinable @inline(__always)
  @_lifetime(borrow self)
  public func bytes(_ index: Int, _ offset: Int, _ count: Int) -> RawSpan {
    let place = places[index]
    let filled = unsafe place.counter.pointee
    let isInside = offset >= 0 && count >= 0 && offset <= filled && count <= filled &- offset
    let span = unsafe RawSpan(_unsafeStart: UnsafeRawPointer(place.base + (isInside ? offset : 0)), byteCount: isInside ? count : 0)
    return unsafe _overrideLifetime(span, borrowing: self)
  }
}
