internal import Bytes

/// The lines of a file, or of a part of it, one after the other, without what other programs have written before each; at most a piece of it
/// and one line are in memory.
struct LineReader {
  let file: InputFile
  /// How many bytes are read at once.
  private let stride: Int
  /// The next byte to read in the file, and where the part ends.
  private var position: Int
  private let end: Int
  /// Where in the file the buffer begins.
  private var bufferOffset: Int
  /// The start of the next line, and how far its end was already looked for, in the buffer.
  private var cursor = 0
  private var scanned = 0
  private var isInsideLongLine = false

  /// The lines of `part` of `file`, or of all of it, read `stride` bytes at a time.
  init(file: InputFile, part: Range<Int>? = nil, stride: Int) {
    let part = (part ?? 0..<file.size).clamped(to: 0..<file.size)
    self.file = file
    self.stride = max(stride, 1)
    (position, bufferOffset, end) = (part.lowerBound, part.lowerBound, part.upperBound)
  }

  /// Lines that are longer are none of a trace: the kernel writes at most two pages.
  static let longestLine = 16 << 10

  /// What was found.
  enum Step {
    /// A line at `start ..< end` of the buffer, without its end.
    case line(start: Int, end: Int)
    case tooLong
    case end
  }
  /// Whether the last step's line has no newline, with which the file ends.
  private(set) var isUnfinished = false
  /// Whether the last step's line is one of a log.
  private(set) var isOfLog = false
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
        return line(buffer, start, newline)
      }
      scanned = buffer.count
      if isInsideLongLine || scanned &- cursor > Self.longestLine {
        isInsideLongLine = true
        cursor = scanned
      }
      if try !fill(buffer) { return finish(buffer) }
    }
  }

  private mutating func line(_ buffer: ByteBuffer, _ start: Int, _ newline: Int) -> Step {
    let hasReturn = newline > start && buffer.bytes.byte(at: newline &- 1) == 13
    let end = hasReturn ? newline &- 1 : newline
    let prefix = LinePrefix.end(in: buffer.bytes.slice(start, end &- start))
    isOfLog = prefix.isLog
    return .line(start: start &+ prefix.offset, end: end)
  }

  private mutating func finish(_ buffer: ByteBuffer) -> Step {
    let (start, end) = (cursor, buffer.count)
    isUnfinished = isInsideLongLine || start < end
    let isLong = isInsideLongLine || end &- start > Self.longestLine
    isInsideLongLine = false
    cursor = end
    scanned = end
    guard isUnfinished else { return .end }
    return isLong ? .tooLong : line(buffer, start, end)
  }

  /// Reads on behind what is not yet used; false at the end of the file.
  private mutating func fill(_ buffer: ByteBuffer) throws(BytesError) -> Bool {
    guard position < end else { return false }
    buffer.discard(upTo: cursor)
    bufferOffset &+= cursor
    scanned &-= cursor
    cursor = 0
    let kept = buffer.count
    try file.read(at: position, count: min(stride, end &- position), into: buffer, keeping: kept)
    guard buffer.count > kept else {
      throw BytesError(path: file.path, offset: position, reason: "the file became shorter while it was read")
    }
    position &+= buffer.count &- kept
    return true
  }
}
