internal import Bytes

/// Where events of a text file were lost, found before the file is read.
///
/// A loss is written just before the next event of its CPU, when the events of other CPUs that it makes doubtful have long gone by.
/// A gap belongs behind the last event of its CPU, as a ring buffer has it, and so the file is looked through once for losses:
///
///     written    0₁  1₂  0₃  1₄  0₅  LOST on 1  1₆
///     read       0₁  1₂  0₃  1₄  gap of 1 from 4 to 6  0₅  1₆
struct TextLosses {
  private struct Loss {
    /// Where in the file the line begins behind which the gap belongs.
    var anchor: Int
    var gap: Gap
  }

  private var losses: [Loss] = []
  private var next = 0

  /// The gap that comes before the line at `offset` of the file, if there is one; asked again there may be another.
  @inline(__always)
  mutating func gap(before offset: Int) -> Gap? {
    guard next < losses.count, losses[next].anchor < offset else { return nil }
    next &+= 1
    return losses[next &- 1].gap
  }

  /// More losses than this are joined with the last one, whose gap then lasts until the last of them.
  private var limit = 0

  /// An event of one CPU, and where its line begins.
  private struct Seen {
    var time: UInt64
    var offset: Int
  }

  private var seen: [Seen?] = []
  private var lastTime: UInt64 = 0
  /// Losses of CPUs that had no event since; at most one for each CPU.
  private var pending: [Int32: UInt64?] = [:]

  init() {}

  /// Looks through the lines of `part` of `file`, or of all of it; what cannot be read is left to whoever reads them next.
  init(file: InputFile, part: Range<Int>? = nil, stride: Int, limit: Int = 1 << 16) {
    self.limit = max(limit, 1)
    let part = part ?? 0..<file.size
    var lines = LineReader(file: file, part: part, stride: stride)
    guard Self.mayHaveLosses(file, part, stride), let end = Self.lastLoss(lines) else { return }
    let buffer = lines.newBuffer
    scan: while lines.offset <= end || !pending.isEmpty {
      switch try? lines.next(buffer) {
      case .line(let start, let end): read(buffer.bytes.slice(start..<end), at: lines.offset)
      case .tooLong: break
      case .end, nil: break scan
      }
    }
    for cpu in pending.keys.sorted() { close(cpu, before: lastTime, at: lines.offset) }
    losses.sort { $0.anchor < $1.anchor }
    seen = []
  }

  /// Whether a word is in the file that every line about a loss has; asks for nothing but a rare letter of it.
  private static func mayHaveLosses(_ file: InputFile, _ part: Range<Int>, _ stride: Int) -> Bool {
    let buffer = ByteBuffer(capacity: stride + 16)
    var position = part.lowerBound
    while position < part.upperBound {
      // The end of what came before may hold the beginning of the word.
      let kept = min(buffer.count, 16)
      buffer.discard(upTo: buffer.count - kept)
      guard (try? file.read(at: position, count: min(stride, part.upperBound - position), into: buffer, keeping: kept)) != nil, buffer.count > kept
      else { return true }
      position += buffer.count - kept
      if has("EVENTS", around: UInt8(ascii: "V"), buffer.bytes) || has("_LOST", around: UInt8(ascii: "L"), buffer.bytes) { return true }
    }
    return false
  }

  /// Whether `word`, whose second letter is `letter`, is in `bytes`.
  private static func has(_ word: StaticString, around letter: UInt8, _ bytes: RawSpan) -> Bool {
    var at = 0
    while let found = bytes.firstIndex(of: letter, from: at) {
      if bytes.has(word, at: found - 1) { return true }
      at = found + 1
    }
    return false
  }

  /// Where the last line that tells of a loss begins, or nil if no line does.
  private static func lastLoss(_ reader: LineReader) -> Int? {
    var lines = reader
    let buffer = lines.newBuffer
    var last: Int?
    while let step = try? lines.next(buffer) {
      switch step {
      case .line(let start, let end): if TextNote.mayBeLoss(buffer.bytes.slice(start..<end)) { last = lines.offset }
      case .tooLong: break
      case .end: return last
      }
    }
    return last
  }

  private mutating func read(_ line: RawSpan, at offset: Int) {
    if TextNote.mayBeLoss(line), case .loss(let cpu, let events) = TextNote(line) {
      let known = pending[cpu] ?? 0
      pending[cpu] = .some(known.flatMap { a in events.map { a.addingReportingOverflow($0).partialValue } })
    } else if let event = TextLine(line) {
      if !pending.isEmpty { close(event.cpu, before: event.time, at: offset) }
      while Int(event.cpu) >= seen.count { seen.append(nil) }
      seen[Int(event.cpu)] = Seen(time: event.time, offset: offset)
      lastTime = max(lastTime, event.time)
    }
  }

  /// Ends the loss of `cpu`, if it has one, with the event or end of file at `offset`.
  private mutating func close(_ cpu: Int32, before: UInt64, at offset: Int) {
    guard let events = pending.removeValue(forKey: cpu) else { return }
    let last = seen.indices.contains(Int(cpu)) ? seen[Int(cpu)] : nil
    if losses.count < limit {
      let gap = Gap(cpu: cpu, after: min(last?.time ?? before, before), before: before, events: events)
      losses.append(Loss(anchor: last?.offset ?? offset &- 1, gap: gap))
    } else {
      losses[losses.count &- 1].gap.before = max(losses[losses.count &- 1].gap.before, before)
      losses[losses.count &- 1].gap.events = nil
    }
  }
}
