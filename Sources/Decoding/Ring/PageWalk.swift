internal import Bytes

/// The walk over the entries of one ring-buffer page, which follows `ring_buffer.h` of the kernel: a 32-bit word of 5 bits of type and length and
/// 27 bits of time since the entry before.
struct PageWalk {
  /// Where the next entry begins and where the page's data end, in bytes of the buffer.
  var at = 0
  var end = 0
  /// The time of the last entry, in counts of the clock.
  var time: UInt64 = 0

  /// So many events are looked up in one go; a page of 4 KiB holds no more.
  static let limit = 512

  /// What breaks the rules, at the entry that the walk is at.
  struct Damage {
    let kind: DiagnosticKind
    let detail: String
  }

  /// Writes the events from `at` on into `found`, to the end of the data or as many as there is room for; how many they are.
  mutating func run(_ bytes: RawSpan, _ layout: PageLayout, into found: inout MutableSpan<Entry>) -> (count: Int, damage: Damage?) {
    let (order, scale, isScaled) = (layout.order, layout.scale, layout.scale.isNeeded)
    let isPlain = order == .little && !isScaled
    var count = 0
    while at < end, count < found.count {
      if isPlain { runPlain(bytes, &found, &count) }
      guard at < end, count < found.count else { break }
      guard let word = bytes.integer(UInt32.self, at: at, order) else {
        at = end
        break
      }
      let type = order == .little ? word & 31 : word >> 27
      let delta = UInt64(order == .little ? word >> 5 : word & 0x7ff_ffff)
      var (offset, length) = (at &+ 4, Int(type) &* 4)
      if type == 0 || type > 28 {
        switch readLong(type, delta, bytes, order) {
        case .event(let size): (offset, length) = (at &+ 8, size)
        case .passed: continue
        case .damage(let damage): return (count, damage)
        }
      }
      guard offset <= end, length <= end &- offset else {
        return (count, Damage(kind: .eventTooLong, detail: "an entry of \(length) bytes"))
      }
      time &+= delta
      found[count] = Entry(
        time: isScaled ? scale.nanoseconds(time) : time, offset: UInt32(truncatingIfNeeded: offset), length: UInt32(truncatingIfNeeded: length))
      count &+= 1
      at = offset &+ length
    }
    return (count, nil)
  }

  /// What an entry of two words is.
  private enum LongEntry {
    /// An event of so many bytes.
    case event(Int)
    /// Time or padding, which the walk has gone past.
    case passed
    case damage(Damage)
  }

  /// Reads the entry of two words at `at`, whose first says `type` and `delta`.
  private mutating func readLong(_ type: UInt32, _ delta: UInt64, _ bytes: RawSpan, _ order: ByteOrder) -> LongEntry {
    guard let extra = bytes.integer(UInt32.self, at: at &+ 4, order), at &+ 8 <= end else {
      return .damage(Damage(kind: .eventTooLong, detail: "an entry's second word lies behind the page's data"))
    }
    switch type {
    case 0:
      guard extra > 4 else { return .damage(Damage(kind: .eventZeroLength, detail: "an entry says it has \(extra) bytes")) }
      return .event((Int(extra) &- 4 &+ 3) & ~3)
    case 29:
      // Padding: a deleted event, or with no time the unused rest of the page.
      time &+= delta
      guard delta != 0 else {
        at = end
        return .passed
      }
      guard 4 &+ Int(extra) <= end &- at else {
        return .damage(Damage(kind: .eventTooLong, detail: "padding of \(4 &+ Int(extra)) bytes"))
      }
      at &+= 4 &+ Int(extra)
    case 30:
      time &+= UInt64(extra) << 27 &+ delta
      at &+= 8
    default:
      // An absolute time of 59 bits; the top 5 are those of the page (kernel 5.16 and later).
      time = time & (0xf8 << 56) | (UInt64(extra) << 27 &+ delta)
      at &+= 8
    }
    return .passed
  }

  /// The same for entries as nearly all are, up to the first one that is not: of the usual sizes, little-endian, with times in nanoseconds.
  @inline(__always)
  private mutating func runPlain(_ bytes: RawSpan, _ found: inout MutableSpan<Entry>, _ count: inout Int) {
    guard var place = UInt32(exactly: at) else { return }
    let end = end
    var (now, filled) = (time, count)
    while filled < found.count, let word = bytes.word32(at: place) {
      let type = word & 31
      let next = place &+ 4 &+ type &* 4
      guard type &- 1 < 28, Int(next) <= end else { break }
      now &+= UInt64(word >> 5)
      found[filled] = Entry(time: now, offset: place &+ 4, length: type &* 4)
      filled &+= 1
      place = next
    }
    (at, time, count) = (Int(place), now, filled)
  }
}
