/// The buffers of several streams that are read side by side, one for each stream.
public struct ByteBuffers: Sendable {
  private var buffers: [ByteBuffer] = []

  public init() {}

  /// How many buffers there are.
  public var count: Int { buffers.count }

  /// Adds a buffer; its index is the count before.
  public mutating func append(_ buffer: ByteBuffer) { buffers.append(buffer) }

  /// The buffer of stream `index`; assigning replaces it.
  public subscript(index: Int) -> ByteBuffer {
    get { buffers[index] }
    set { buffers[index] = newValue }
  }

  /// The bytes `offset ..< offset + count` of buffer `index`, valid until a buffer is refilled; empty if they are not all there.
  @_lifetime(borrow self)
  public func bytes(_ index: Int, _ offset: Int, _ count: Int) -> RawSpan {
    let buffer = buffers[index]
    let isInside = offset >= 0 && count >= 0 && offset <= buffer.count && count <= buffer.count &- offset
    let span = unsafe RawSpan(_unsafeStart: UnsafeRawPointer(buffer.base + (isInside ? offset : 0)), byteCount: isInside ? count : 0)
    return unsafe _overrideLifetime(span, borrowing: self)
  }
}
