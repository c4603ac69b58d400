internal import Bytes

/// The lines of a file one after the other; at most a piece of it and one line are in memory.
struct LineReader {
  let file: InputFile
  /// How many bytes are read at once.
  private let stride: Int
  /// The next byte to read in the file.
  private var position = 0
  /// Where in the file the buffer begins.
  private var bufferOffset = 0
  /// The start of the next line, and how far its end was already looked for, in the buffer.
  private var cursor = 0
  private var scanned = 0
  private var isInsideLongLine = false

  /// The lines of `file`, read `stride` bytes at a time.
  init(file: InputFile, stride: Int) {
    self.file = file
    self.stride = max(stride, 1)
  }

  /// Lines that are longer are none of a trace: the kernel writes at most two pages.
  static let longestLine = 16 << 10

  /// What was found.
  enum Step {
    /// A line at `start ..< end` of the buffer, without its end.
    case line(start: Int, end: Int)
    case tooLong
    /// The file ends inside a line.
    case unfinished
    case end
  }
  /// Where in the file the last step's line begins.
  private(set) var offset = 0

  /// A buffer for these lines.
  var newBuffer: ByteBuffer { ByteBuffer(capacity: stride + Self.longestLine + 2) }

  /// The next line; its bytes are in `buffer` until the next call.
  mutating func next(_ buffer: ByteBuffer) throws(BytesError) -> Step {
    while true {
      if !isInsideLongLine { offset = bufferOffset &+ cursor }
      if let newline = buffer.bytes.firstNewline(from: scanned) {
        let start = cursor
        cursor = newline &+ 1
        scanned = cursor
        let wasLong = isInsideLongLine
        isInsideLongLine = false
        if wasLong || newline &- start > Self.longestLine { return .tooLong }
        let hasReturn = newline > start && buffer.bytes.byte(at: newline &- 1) == 13
        return .line(start: start, end: hasReturn ? newline &- 1 : newline)
      }
      scanned = buffer.count
      if isInsideLongLine || scanned &- cursor > Self.longestLine {
        isInsideLongLine = true
        cursor = scanned
      }
      if try !fill(buffer) { return finish(buffer) }
    }
  }

  private mutating func finish(_ buffer: ByteBuffer) -> Step {
    let isLong = isInsideLongLine
    let isUnfinished = isLong || cursor < buffer.count
    isInsideLongLine = false
    cursor = buffer.count
    scanned = cursor
    return isLong ? .tooLong : isUnfinished ? .unfinished : .end
  }

  /// Reads on behind what is not yet used; false at the end of the file.
  private mutating func fill(_ buffer: ByteBuffer) throws(BytesError) -> Bool {
    guard position < file.size else { return false }
    buffer.discard(upTo: cursor)
    bufferOffset &+= cursor
    scanned &-= cursor
    cursor = 0
    let kept = buffer.count
    try file.read(at: position, count: min(stride, file.size &- position), into: buffer, keeping: kept)
    guard buffer.count > kept else {
      throw BytesError(path: file.path, offset: position, reason: "the file became shorter while it was read")
    }
    position &+= buffer.count &- kept
    return true
  }
}
