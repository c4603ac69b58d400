internal import Bytes

/// The ring-buffer pages of one CPU as a stream of entries.
struct RingStream {
  let cpu: Int32
  /// Which of the recording's catalogs describes the events.
  let catalog: Int
  /// The ring buffer's name; empty for the top one, and where there are no others.
  let bufferName: String
  let layout: PageLayout
  var source: PageSource
  let path: String
  /// The stream ends before the first event that is later, in nanoseconds.
  let until: UInt64

  /// Where in the file the buffer begins, and in the buffer the page and the one behind it.
  var bufferOffset = 0
  var page = 0
  var nextPage = 0
  /// The walk over the page's events.
  var walk = PageWalk()
  var hasTime = false
  var pendingGap: Gap?
  /// Whether what lies between the last event and the next page is lost.
  var isMissing = false
  var isCutShort = false
  var hasLostTheRest = false
  /// Whether a page was met that begins behind the end.
  var isPastEnd = false

  /// The events found by the last walk, and which of them comes next. A page is walked in one go, for a loop over one span of bytes takes a
  /// third of the time that coming back for each event does.
  private(set) var entries = [Entry](repeating: Entry(), count: PageWalk.limit)
  private(set) var entryCount = 0
  private(set) var nextEntry = 0

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

  init(cpu: Int32, catalog: Int, bufferName: String = "", layout: PageLayout, source: PageSource, until: UInt64 = .max) {
    self.cpu = cpu
    self.catalog = catalog
    self.bufferName = bufferName
    self.layout = layout
    self.source = source
    self.until = until
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
        gap = layout.scale.nanoseconds(found)
        headTime = gap?.after ?? 0
        head = .gap
        return
      }
      if nextEntry < entryCount {
        headTime = entries[nextEntry].time
        head = .event
        return
      }
      if walk.at < walk.end {
        lookUp(buffers.bytes(index), &diagnostics)
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
  func copy(upTo latest: UInt64, to table: inout MutableSpan<Entry>, from begin: Int, _ end: Int) -> Int {
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

  /// Looks up the next events of the page, as many as there is room for.
  private mutating func lookUp(_ bytes: RawSpan, _ diagnostics: inout Diagnostics) {
    nextEntry = 0
    // Taken out of `self` for the time, so that nothing is checked for each event.
    var table: [Entry] = []
    swap(&table, &entries)
    var found = table.mutableSpan
    let (count, damage) = walk.run(bytes, layout, into: &found)
    swap(&table, &entries)
    entryCount = count
    if until != .max, let late = entries[..<count].firstIndex(where: { $0.time > until }) {
      (walk.at, entryCount, isPastEnd) = (walk.end, late, true)
    } else if let damage {
      diagnostics.add(damage.kind, path: path, offset: bufferOffset &+ walk.at, "CPU \(cpu): \(damage.detail)")
      isMissing = true
      walk.at = walk.end
    }
  }
}
