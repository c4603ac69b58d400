internal import Bytes

/// The ring-buffer pages of one CPU as a stream of entries; the walk follows `ring_buffer.h` of the kernel:
/// a 32-bit word of 5 bits of type and length and 27 bits of time since the entry before.
struct RingStream {
  let cpu: Int32
  private let layout: PageLayout
  private var source: PageSource
  private let path: String
  /// The stream ends before the first event that is later, in nanoseconds.
  private let until: UInt64

  private var bufferOffset = 0
  private var nextPage = 0
  private var page = 0
  private var cursor = 0
  private var dataEnd = 0
  private var time: UInt64 = 0
  private var hasTime = false
  private var pendingGap: Gap?
  /// Whether what lies between the last event and the next page is lost.
  private var isMissing = false
  private var isCutShort = false
  private var hasLostTheRest = false
  /// Whether a page was met that begins behind the end.
  private var isPastEnd = false

  /// The events found by the last walk, and which of them comes next. A page is walked in one go, for a loop over one span of bytes takes a
  /// third of the time that coming back for each event does.
  private(set) var entries = [RingEntry](repeating: RingEntry(), count: Self.walkLimit)
  private(set) var entryCount = 0
  private(set) var nextEntry = 0

  /// So many events are looked up in one go; a page of 4 KiB holds no more.
  private static let walkLimit = 512

  /// What the stream is at now.
  enum Head {
    case event
    case gap
    case end
  }
  private(set) var head = Head.end
  /// The time of the entry the stream is at, in nanoseconds (for a gap: of the last event before it).
  private(set) var headTime: UInt64 = 0
  /// The loss the stream is at, if it is at one.
  private(set) var gap: Gap?

  init(cpu: Int32, layout: PageLayout, source: PageSource, until: UInt64 = .max) {
    self.until = until
    self.cpu = cpu
    self.layout = layout
    self.source = source
    path = source.file.path
  }

  /// Prepares the source; to be followed by `advance`.
  mutating func open(_ diagnostics: inout Diagnostics) {
    source.order = layout.order
    source.open(&diagnostics)
  }

  /// Moves to the next entry, gap or the end.
  mutating func advance(_ buffers: inout ByteBuffers, _ index: Int, _ diagnostics: inout Diagnostics) {
    if head == .event { nextEntry &+= 1 }
    while true {
      if let found = pendingGap {
        pendingGap = nil
        gap = scaled(found)
        headTime = gap?.after ?? 0
        head = .gap
        return
      }
      if nextEntry < entryCount {
        headTime = entries[nextEntry].time
        head = .event
        return
      }
      if cursor < dataEnd {
        walk(buffers.bytes(index), &diagnostics)
      } else if !openPage(&buffers, index, &diagnostics), !loseTheRest() {
        head = .end
        return
      }
    }
  }

  /// Moves to the next event of the walk; its time, or nil where that takes `advance`.
  @inline(__always)
  mutating func step() -> UInt64? {
    guard head == .event, pendingGap == nil, nextEntry &+ 1 < entryCount else { return nil }
    return move(to: nextEntry &+ 1)
  }

  /// Copies the next event and those behind it up to the time `latest`, as far as the walk has found them, to `table`, from place `begin` to place
  /// `end` at most; the place behind the last.
  @inline(__always)
  func copy(upTo latest: UInt64, to table: inout MutableSpan<RingEntry>, from begin: Int, _ end: Int) -> Int {
    let found = entries.span
    var (place, index) = (begin, nextEntry)
    let end = min(end, begin &+ entryCount &- index)
    // The next one has its turn whatever its time.
    repeat {
      table[place] = found[index]
      (place, index) = (place &+ 1, index &+ 1)
    } while place < end && found[index].time <= latest
    return place
  }

  /// Moves to event `index` of the walk; its time.
  @inline(__always)
  mutating func move(to index: Int) -> UInt64 {
    nextEntry = index
    headTime = entries[index].time
    return headTime
  }

  /// Looks up the events from the cursor on, to the end of the page's data or as many as there is room for.
  private mutating func walk(_ bytes: RawSpan, _ diagnostics: inout Diagnostics) {
    let (order, end) = (layout.order, dataEnd)
    let (little, scale, isScaled) = (order == .little, layout.scale, layout.scale.isNeeded)
    var (at, time, count) = (cursor, time, 0)
    var damage: (kind: DiagnosticKind, detail: String)?
    nextEntry = 0
    // Taken out of `self` for the time, so that nothing is checked for each event.
    var table: [RingEntry] = []
    swap(&table, &entries)
    var found = table.mutableSpan
    walking: while at < end, count < Self.walkLimit {
      if little, !isScaled { Self.walkPlain(bytes, end, &at, &time, &found, &count) }
      guard at < end, count < Self.walkLimit else { break }
      guard let word = bytes.integer(UInt32.self, at: at, order) else {
        at = end
        break
      }
      let type = little ? word & 31 : word >> 27
      let delta = UInt64(little ? word >> 5 : word & 0x7ff_ffff)
      var (offset, length) = (at &+ 4, Int(type) &* 4)
      if type == 0 || type > 28 {
        guard let extra = bytes.integer(UInt32.self, at: at &+ 4, order), at &+ 8 <= end else {
          damage = (.eventTooLong, "an entry's second word lies behind the page's data")
          break
        }
        switch type {
        case 0:
          guard extra > 4 else {
            damage = (.eventZeroLength, "an entry says it has \(extra) bytes")
            break walking
          }
          (offset, length) = (at &+ 8, (Int(extra) &- 4 &+ 3) & ~3)
        case 29:
          // Padding: a deleted event, or with no time the unused rest of the page.
          time &+= delta
          guard delta != 0 else {
            at = end
            break walking
          }
          guard 4 &+ Int(extra) <= end &- at else {
            damage = (.eventTooLong, "padding of \(4 &+ Int(extra)) bytes")
            break walking
          }
          at &+= 4 &+ Int(extra)
          continue
        case 30:
          time &+= UInt64(extra) << 27 &+ delta
          at &+= 8
          continue
        default:
          // An absolute time of 59 bits; the top 5 are those of the page (kernel 5.16 and later).
          time = time & (0xf8 << 56) | (UInt64(extra) << 27 &+ delta)
          at &+= 8
          continue
        }
      }
      guard offset <= end, length <= end &- offset else {
        damage = (.eventTooLong, "an entry of \(length) bytes")
        break
      }
      time &+= delta
      found[count] = RingEntry(
        time: isScaled ? scale.nanoseconds(time) : time, offset: UInt32(truncatingIfNeeded: offset),
        length: UInt32(truncatingIfNeeded: length))
      count &+= 1
      at = offset &+ length
    }
    swap(&table, &entries)
    (self.time, cursor, entryCount) = (time, at, count)
    if until != .max, let late = entries[..<count].firstIndex(where: { $0.time > until }) {
      (cursor, entryCount, isPastEnd) = (dataEnd, late, true)
      return
    }
    if let damage { abandon(damage.kind, damage.detail, &diagnostics) }
  }

  /// The same for entries as nearly all are, up to the first one that is not: of the usual sizes, little-endian, with times in nanoseconds.
  @inline(__always)
  private static func walkPlain(
    _ bytes: RawSpan, _ end: Int, _ at: inout Int, _ time: inout UInt64, _ found: inout MutableSpan<RingEntry>, _ count: inout Int
  ) {
    guard var place = UInt32(exactly: at) else { return }
    var (now, filled) = (time, count)
    while filled < found.count, let word = bytes.word32(at: place) {
      let type = word & 31
      let next = place &+ 4 &+ type &* 4
      guard type &- 1 < 28, Int(next) <= end else { break }
      now &+= UInt64(word >> 5)
      found[filled] = RingEntry(time: now, offset: place &+ 4, length: type &* 4)
      filled &+= 1
      place = next
    }
    (at, time, count) = (Int(place), now, filled)
  }

  private mutating func abandon(_ kind: DiagnosticKind, _ detail: String, _ diagnostics: inout Diagnostics) {
    diagnostics.add(kind, path: path, offset: bufferOffset &+ cursor, "CPU \(cpu): \(detail)")
    isMissing = true
    cursor = dataEnd
  }

  /// `gap` in nanoseconds.
  private func scaled(_ gap: Gap) -> Gap {
    guard layout.scale.isNeeded else { return gap }
    var gap = gap
    gap.after = layout.scale.nanoseconds(gap.after)
    if gap.before != .max { gap.before = layout.scale.nanoseconds(gap.before) }
    return gap
  }

  /// Goes to the next page that holds data; false at the end of the stream.
  private mutating func openPage(_ buffers: inout ByteBuffers, _ index: Int, _ diagnostics: inout Diagnostics) -> Bool {
    guard !isPastEnd else { return false }
    if nextPage >= buffers.byteCount(index) {
      guard let offset = source.fill(&buffers[index], &diagnostics) else { return false }
      bufferOffset = offset
      nextPage = 0
      if source.hasLostPages {
        isMissing = true
        return true
      }
    }
    page = nextPage
    nextPage += layout.pageSize
    readPageHead(buffers.bytes(index), &diagnostics)
    return true
  }

  private mutating func readPageHead(_ bytes: RawSpan, _ diagnostics: inout Diagnostics) {
    cursor = 0
    dataEnd = 0
    let place = bufferOffset + page
    let available = min(bytes.byteCount - page, layout.pageSize)
    guard let stamp = bytes.integer(UInt64.self, at: page, layout.order),
      let commit = bytes.unsigned(at: page + PageLayout.commitOffset, size: layout.commitSize, layout.order)
    else {
      diagnostics.add(.pageCutShort, path: path, offset: place, "CPU \(cpu): \(available) bytes of a page are left")
      isCutShort = true
      return
    }
    var length = Int(commit & PageLayout.lengthMask)
    guard length <= layout.pageSize - layout.dataOffset else {
      diagnostics.add(.pageCommitTooLong, path: path, offset: place, "CPU \(cpu): a page says it holds \(length) bytes")
      isMissing = true
      return
    }
    guard stamp != 0 else {
      diagnostics.add(.pageZeroTime, path: path, offset: place, "CPU \(cpu)")
      isMissing = true
      return
    }
    guard stamp <= until else {
      isPastEnd = true
      return
    }
    if length > available - layout.dataOffset {
      diagnostics.add(.pageCutShort, path: path, offset: place, "CPU \(cpu): \(available) of \(layout.pageSize) bytes are there")
      length = max(available - layout.dataOffset, 0)
      isCutShort = true
    }
    if commit & PageLayout.missedEvents != 0 {
      let stored = commit & PageLayout.missedStored != 0
      let count = stored ? bytes.unsigned(at: page + layout.dataOffset + length, size: layout.commitSize, layout.order) : nil
      diagnostics.add(.lostEvents, path: path, offset: place, "CPU \(cpu)")
      lose(until: stamp, events: isMissing ? nil : count)
    } else if isMissing, length > 0 {
      lose(until: stamp, events: nil)
    }
    if length > 0 {
      time = stamp
      hasTime = true
    }
    cursor = page + layout.dataOffset
    dataEnd = cursor + length
  }

  /// Where the file was cut, everything this CPU wrote later is lost; true once.
  private mutating func loseTheRest() -> Bool {
    guard (isCutShort || isMissing || source.isCut) && !hasLostTheRest && !isPastEnd else { return false }
    hasLostTheRest = true
    pendingGap = Gap(cpu: cpu, after: hasTime ? time : 0, before: .max, events: nil)
    return true
  }

  /// Notes a loss between the last event and `before`.
  private mutating func lose(until before: UInt64, events: UInt64?) {
    isMissing = false
    pendingGap = Gap(cpu: cpu, after: hasTime ? min(time, before) : before, before: before, events: events)
  }
}
