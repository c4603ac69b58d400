internal import Bytes

/// The buffers that hold records which wait for their turn. A buffer comes back for new records once nothing in it is waited for.
struct PerfBuffers {
  private var buffers: [ByteBuffer] = []
  private var uses: [Int] = []
  private var free: [Int] = []
  /// How many bytes one buffer holds: many records, and the largest (64 KiB) several times.
  static let size = 256 << 10

  /// How many buffers are in use.
  var count: Int { buffers.count - free.count }

  /// How many buffers there are, in use or not; a buffer keeps its index.
  var total: Int { buffers.count }

  /// An empty buffer, used once.
  mutating func take() -> Int {
    guard let index = free.popLast() else {
      buffers.append(ByteBuffer(capacity: Self.size))
      uses.append(1)
      return buffers.count - 1
    }
    buffers[index].removeAll()
    uses[index] = 1
    return index
  }

  /// Counts one more use of buffer `index`, or `count`.
  @inline(__always)
  mutating func retain(_ index: Int, _ count: Int = 1) { uses[index] &+= count }

  /// Counts one use of buffer `index` less, or `count`.
  @inline(__always)
  mutating func release(_ index: Int, _ count: Int = 1) {
    uses[index] &-= count
    if uses[index] == 0 { free.append(index) }
  }

  /// Whether only one use of buffer `index` is left.
  func isUnshared(_ index: Int) -> Bool { uses[index] == 1 }

  subscript(index: Int) -> ByteBuffer { buffers[index] }
}

/// Bytes that come piece by piece and are looked at record by record: a place in a buffer, and the buffer after it.
struct PerfWindow {
  /// The buffer it is in.
  private(set) var buffer: Int
  /// Where in the buffer the next record begins.
  private(set) var cursor = 0

  init(_ buffers: inout PerfBuffers) { buffer = buffers.take() }

  /// How many bytes are there and not yet looked at.
  func available(_ buffers: PerfBuffers) -> Int { buffers[buffer].count &- cursor }

  /// Goes on by `count` bytes, which must be available.
  mutating func advance(_ count: Int) { cursor &+= count }

  /// Makes room for more behind what is not yet looked at.
  mutating func makeRoom(_ buffers: inout PerfBuffers) {
    if buffers.isUnshared(buffer) {
      buffers[buffer].discard(upTo: cursor)
    } else {
      let next = buffers.take()
      let old = buffers[buffer]
      buffers[next].append(old.bytes.slice(cursor, old.count - cursor))
      buffers.release(buffer)
      buffer = next
    }
    cursor = 0
  }
}
