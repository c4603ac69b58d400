internal import Bytes

/// The lines of one text file as a stream of records.
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
  /// The loss the stream is at, if it is at one.
  private(set) var gap: Gap?

  private var lines: LineReader
  private var losses = TextLosses()
  /// A line that waits behind the gap before it.
  private var isLineWaiting = false

  /// The lines of `file`, read `stride` bytes at a time.
  init(file: InputFile, stride: Int = 256 << 10) { lines = LineReader(file: file, stride: stride) }

  /// The file, as the user named it.
  var path: String { lines.file.path }

  /// Moves to the next event, gap or the end.
  mutating func advance(_ buffers: inout ByteBuffers, _ index: Int, _ diagnostics: inout Diagnostics) {
    if isLineWaiting {
      isLineWaiting = false
      takeLine()
      return
    }
    if buffers[index].capacity < LineReader.longestLine { buffers[index] = lines.newBuffer }
    while let place = nextLine(buffers[index], &diagnostics) {
      if read(buffers[index].bytes.slice(place.start, place.end &- place.start), at: place, &diagnostics) { return }
    }
    if let found = losses.takeRest() { take(found) } else { head = .end }
  }

  /// The next line of the file, or nil at its end.
  private mutating func nextLine(_ buffer: ByteBuffer, _ diagnostics: inout Diagnostics) -> (start: Int, end: Int)? {
    while true {
      do {
        switch try lines.next(buffer) {
        case .line(let start, let end): return (start, end)
        case .tooLong:
          diagnostics.add(.lineNotUnderstood, path: lines.file.path, offset: lines.offset, "more than \(LineReader.longestLine) bytes long")
        case .unfinished:
          diagnostics.add(.fileTooShort, path: lines.file.path, offset: lines.offset, "the last line has no end and is passed over")
        case .end: return nil
        }
      } catch {
        diagnostics.add(.fileTooShort, path: lines.file.path, offset: error.offset, error.reason)
        return nil
      }
    }
  }

  /// Makes `bytes` the head if it is an event; false if it is not.
  private mutating func read(_ bytes: RawSpan, at place: (start: Int, end: Int), _ diagnostics: inout Diagnostics) -> Bool {
    guard let found = TextLine(bytes) else {
      note(bytes, &diagnostics)
      return false
    }
    line = found
    headOffset = place.start
    headFileOffset = lines.offset
    headLength = place.end &- place.start
    if let gap = losses.event(cpu: found.cpu, time: found.time) {
      take(gap)
      isLineWaiting = true
    } else {
      takeLine()
    }
    return true
  }

  private mutating func takeLine() {
    head = .event
    headTime = line.time
    headCPU = line.cpu
  }

  private mutating func take(_ found: Gap) {
    head = .gap
    gap = found
    headTime = found.after
    headCPU = found.cpu
  }

  private mutating func note(_ bytes: RawSpan, _ diagnostics: inout Diagnostics) {
    switch TextNote(bytes) {
    case .remark, .cpus: break
    case .loss(let cpu, let events):
      diagnostics.add(.lostEvents, path: lines.file.path, offset: lines.offset, "CPU \(cpu)")
      losses.lost(cpu: cpu, events: events)
    case .foreign:
      diagnostics.add(.lineNotUnderstood, path: lines.file.path, offset: lines.offset, "`\(bytes.slice(0, min(bytes.byteCount, 60)).text)`")
    }
  }
}

/// Joins what text says of losses with the events around them. A loss is written just before the next event of its CPU.
struct TextLosses {
  private var lastTime: [UInt64?] = []
  /// Losses of CPUs that had no event since; at most one for each CPU.
  private var pending: [Int32: UInt64?] = [:]

  /// Events of `cpu` were lost before its next event.
  mutating func lost(cpu: Int32, events: UInt64?) {
    guard let known = pending[cpu] else {
      pending[cpu] = .some(events)
      return
    }
    let sum = known.flatMap { a in events.map { a.addingReportingOverflow($0).partialValue } }
    pending[cpu] = .some(sum)
  }

  /// An event of `cpu` at `time`; the loss before it, if there was one.
  @inline(__always)
  mutating func event(cpu: Int32, time: UInt64) -> Gap? {
    let index = Int(cpu)
    while index >= lastTime.count { lastTime.append(nil) }
    let found = pending.isEmpty ? nil : close(cpu, before: time)
    lastTime[index] = time
    return found
  }

  /// A loss that no event of its CPU followed.
  mutating func takeRest() -> Gap? {
    guard let cpu = pending.keys.min() else { return nil }
    return close(cpu, before: lastTime.lazy.compactMap { $0 }.max() ?? 0)
  }

  private mutating func close(_ cpu: Int32, before: UInt64) -> Gap? {
    guard let events = pending.removeValue(forKey: cpu) else { return nil }
    let after = lastTime.indices.contains(Int(cpu)) ? lastTime[Int(cpu)] : nil
    return Gap(cpu: cpu, after: min(after ?? before, before), before: before, events: events)
  }
}
