internal import Bytes

/// The lines of one text file, or of one part of it, as a stream of records.
struct TextStream {
  /// What the stream is at now.
  enum Head {
    case event
    case gap
    case end
  }
  private(set) var head = Head.end
  /// The time of the event the stream is at, in nanoseconds (for a gap: of the CPU's last event before it).
  private(set) var headTime: UInt64 = 0
  private(set) var headCPU: Int32 = 0
  /// Where the line begins in the buffer.
  private(set) var headOffset = 0
  /// Where the line begins in the file.
  private(set) var headFileOffset = 0
  /// How many bytes the line has.
  private(set) var headLength = 0
  /// The columns of the line the stream is at.
  private(set) var line = TextLine()
  /// Whether a frame of the stack behind it has said what the stack says.
  private var isStackOver = false
  /// The loss the stream is at, if it is at one.
  private(set) var gap: Gap?

  private var lines: LineReader
  private let stride: Int
  private var losses = TextLosses()
  private var doubts = TextDoubts()
  private var isOpen = false
  /// A line that waits behind the gaps before it.
  private var isLineWaiting = false

  /// The lines of `part` of `file`, or of all of it, read `stride` bytes at a time.
  init(file: InputFile, part: Range<Int>? = nil, stride: Int = 256 << 10) {
    lines = LineReader(file: file, part: part, stride: stride)
    self.part = part
    self.stride = stride
  }

  /// Which bytes of the file it reads, if not all of them.
  let part: Range<Int>?
  /// The newest time so far, in nanoseconds, and the CPU of that line.
  private var newest: (time: UInt64, cpu: Int32) = (0, 0)
  /// A trace is in the order of time but for what readers of several CPUs let pass, in nanoseconds.
  private static let tolerance: UInt64 = 10_000_000

  var file: InputFile { lines.file }
  /// The file, as the user named it.
  var path: String { lines.file.path }

  /// Moves to the next event, gap or the end.
  mutating func advance(_ buffers: inout ByteBuffers, _ index: Int, _ diagnostics: inout Diagnostics) {
    if !isOpen { open(&buffers, index) }
    if isLineWaiting { return takeGapOrLine() }
    while let place = nextLine(buffers[index], &diagnostics) {
      let bytes = buffers.bytes(index).slice(place)
      if read(bytes, at: place, &diagnostics) || readFrame(bytes, at: place) { return takeGapOrLine() }
    }
    if !takeGap(before: Int.max) { head = .end }
  }

  private mutating func open(_ buffers: inout ByteBuffers, _ index: Int) {
    isOpen = true
    losses = TextLosses(file: lines.file, part: part, stride: stride)
    buffers[index] = lines.newBuffer
  }

  /// The next line of the file, or nil at its end.
  private mutating func nextLine(_ buffer: ByteBuffer, _ diagnostics: inout Diagnostics) -> Range<Int>? {
    while true {
      do {
        switch try lines.next(buffer) {
        case .line(let start, let end): return start..<end
        case .tooLong:
          doubts.begin()
          diagnostics.add(.lineNotUnderstood, path: lines.file.path, offset: lines.offset, "more than \(LineReader.longestLine) bytes long")
        case .end: return nil
        }
      } catch {
        diagnostics.add(.fileTooShort, path: lines.file.path, offset: error.offset, error.reason)
        return nil
      }
    }
  }

  /// Takes in `bytes` if they are an event; false if they are not. Text has no zero bytes: where there are, something was overwritten.
  private mutating func read(_ bytes: RawSpan, at place: Range<Int>, _ diagnostics: inout Diagnostics) -> Bool {
    guard bytes.firstZero == nil, let found = TextLine(bytes) else {
      note(bytes, &diagnostics)
      return false
    }
    line = found
    isStackOver = false
    headOffset = place.lowerBound
    headLength = place.count
    headFileOffset = lines.offset
    doubts.see(found, bytes)
    noteOrder(&diagnostics)
    return true
  }

  /// Says so where lines are not in the order of time, as when texts of several CPUs stand one behind the other.
  private mutating func noteOrder(_ diagnostics: inout Diagnostics) {
    if line.time >= newest.time {
      newest = (line.time, line.cpu)
    } else if newest.time &- line.time > Self.tolerance, line.cpu != newest.cpu {
      diagnostics.add(
        .linesOutOfOrder, path: lines.file.path, offset: lines.offset,
        "CPU \(line.cpu) goes on \(newest.time &- line.time) ns before CPU \(newest.cpu)")
    }
  }

  /// Takes in `bytes` if they are the frame of sock_def_readable that the last event was called from; false if they are not.
  private mutating func readFrame(_ bytes: RawSpan, at place: Range<Int>) -> Bool {
    guard line.time > 0, !isStackOver, let name = TextNote.function(ofFrame: bytes) else { return false }
    let frame = StackFrame(name.bytes(of: bytes))
    isStackOver = frame != .other
    guard frame == .readable else { return false }
    line = TextLine(frameOf: line, name)
    headOffset = place.lowerBound
    headLength = place.count
    headFileOffset = lines.offset
    return true
  }

  /// Goes to the line that was taken in, or to a gap before it.
  private mutating func takeGapOrLine() {
    isLineWaiting = takeGap(before: headFileOffset)
    guard !isLineWaiting else { return }
    head = .event
    headTime = line.time
    headCPU = line.cpu
  }

  private mutating func takeGap(before offset: Int) -> Bool {
    guard let found = doubts.gap(until: line.time) ?? losses.gap(before: offset) else { return false }
    head = .gap
    gap = found
    headTime = found.after
    headCPU = found.cpu
    return true
  }

  private mutating func note(_ bytes: RawSpan, _ diagnostics: inout Diagnostics) {
    switch TextNote(bytes) {
    case .remark, .cpus: break
    case .graph: diagnostics.add(.functionRecords, path: lines.file.path, offset: lines.offset)
    case .loss(let cpu, _): diagnostics.add(.lostEvents, path: lines.file.path, offset: lines.offset, "CPU \(cpu)")
    case .foreign where doubts.isInMarker || lines.isOfLog: break
    case .foreign where lines.isUnfinished:
      diagnostics.add(.fileTooShort, path: lines.file.path, offset: lines.offset, "the last line has no end and is passed over")
    case .foreign:
      // A line of something else stands where no event was.
      if TextLine.mayHaveBeen(bytes) { doubts.begin() }
      diagnostics.add(.lineNotUnderstood, path: lines.file.path, offset: lines.offset, "`\(bytes.slice(0, min(bytes.byteCount, 60)).text)`")
    }
  }
}
