internal import Bytes

/// The ring-buffer pages of one CPU as a stream of entries; the walk follows `ring_buffer.h` of the kernel:
/// a 32-bit word of 5 bits of type and length and 27 bits of time since the entry before.
struct RingStream {
  let cpu: Int32
  private let layout: PageLayout
  private var source: PageSource
  private let path: String

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

  /// What the stream is at now.
  enum Head {
    case event
    case gap
    case end
  }
  private(set) var head = Head.end
  /// The time of the entry the stream is at, in nanoseconds (for a gap: of the last event before it).
  private(set) var headTime: UInt64 = 0
  /// Where the entry's data begin in the buffer.
  private(set) var headOffset = 0
  /// How many bytes of data the entry has.
  private(set) var headLength = 0
  /// The loss the stream is at, if it is at one.
  private(set) var gap: Gap?

  init(cpu: Int32, layout: PageLayout, source: PageSource) {
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
    while true {
      if let found = pendingGap {
        pendingGap = nil
        gap = scaled(found)
        headTime = gap?.after ?? 0
        head = .gap
        return
      }
      if cursor < dataEnd, step(buffers.bytes(index), &diagnostics) { return }
      guard cursor >= dataEnd else { continue }
      guard openPage(&buffers, index, &diagnostics) else {
        if loseTheRest() { continue }
        head = .end
        return
      }
    }
  }

  /// Reads the word at the cursor; true if it is an event, which becomes the head.
  private mutating func step(_ bytes: RawSpan, _ diagnostics: inout Diagnostics) -> Bool {
    guard let word = bytes.integer(UInt32.self, at: cursor, layout.order) else {
      cursor = dataEnd
      return false
    }
    let little = layout.order == .little
    let type = little ? word & 31 : word >> 27
    let delta = UInt64(little ? word >> 5 : word & 0x7ff_ffff)
    if type > 0 && type <= 28 { return take(delta, cursor &+ 4, Int(type) &* 4, &diagnostics) }
    guard let extra = bytes.integer(UInt32.self, at: cursor &+ 4, layout.order), cursor &+ 8 <= dataEnd else {
      return abandon(.eventTooLong, "an entry's second word lies behind the page's data", &diagnostics)
    }
    switch type {
    case 0:
      guard extra > 4 else { return abandon(.eventZeroLength, "an entry says it has \(extra) bytes", &diagnostics) }
      return take(delta, cursor &+ 8, (Int(extra) &- 4 &+ 3) & ~3, &diagnostics)
    case 29:
      // Padding: a deleted event, or with no time the unused rest of the page.
      if delta == 0 { cursor = dataEnd } else { skip(delta, 4 &+ Int(extra), &diagnostics) }
    case 30:
      time &+= UInt64(extra) << 27 &+ delta
      cursor &+= 8
    default:
      // An absolute time of 59 bits; the top 5 are those of the page (kernel 5.16 and later).
      time = time & (0xf8 << 56) | (UInt64(extra) << 27 &+ delta)
      cursor &+= 8
    }
    return false
  }

  private mutating func take(_ delta: UInt64, _ offset: Int, _ length: Int, _ diagnostics: inout Diagnostics) -> Bool {
    guard offset <= dataEnd, length <= dataEnd &- offset else {
      return abandon(.eventTooLong, "an entry of \(length) bytes", &diagnostics)
    }
    time &+= delta
    headTime = layout.scale.isNeeded ? layout.scale.nanoseconds(time) : time
    headOffset = offset
    headLength = length
    head = .event
    cursor = offset &+ length
    return true
  }

  private mutating func skip(_ delta: UInt64, _ length: Int, _ diagnostics: inout Diagnostics) {
    time &+= delta
    if length <= dataEnd &- cursor {
      cursor &+= length
    } else {
      _ = abandon(.eventTooLong, "padding of \(length) bytes", &diagnostics)
    }
  }

  private mutating func abandon(_ kind: DiagnosticKind, _ detail: String, _ diagnostics: inout Diagnostics) -> Bool {
    diagnostics.add(kind, path: path, offset: bufferOffset &+ cursor, "CPU \(cpu): \(detail)")
    isMissing = true
    cursor = dataEnd
    return false
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
    guard (isCutShort || isMissing || source.isCut) && !hasLostTheRest else { return false }
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
