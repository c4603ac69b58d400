internal import Linux
internal import Bytes
internal import Synchronization
internal import SystemPackage

extension Spool {
  /// Adds `page`, which may be written in part, behind the others.
  func append(_ page: [UInt8]) throws(Errno) {
    try file.put(page)
    last.withLock { $0 = kept.upperBound }
    grow(by: page.count)
  }

  /// Writes the events of `page` behind those of the page before it, if that was appended by itself and has the room, and before them the time
  /// that the first of them is counted from. Answers whether it did.
  func join(_ page: [UInt8]) throws(Errno) -> Bool {
    let end = kept.upperBound
    let start = end - page.count
    guard start >= kept.lowerBound, last.withLock({ $0 == start }),
      let before = PageHead(try file.bytes(at: start, count: PageHead.size)), let added = PageHead(page)
    else { return false }
    guard !before.saysMissing, !added.saysMissing, added.length <= page.count - PageHead.size, added.time >> PageHead.timeBits == 0
    else { return false }
    var events = WrittenBytes()
    events.append(timeStamp: added.time)
    events.append(Array(page[PageHead.size..<PageHead.size + added.length]))
    let length = before.length + events.content.count
    guard PageHead.size + length <= page.count else { return false }
    var commit = WrittenBytes()
    commit.append(UInt(length))
    // The length last: the page of a recorder that is killed meanwhile is as it was.
    try file.put(events.content, at: start + PageHead.size + before.length)
    try file.put(commit.content, at: start + PageHead.commitOffset)
    return true
  }
}

/// What a page says of itself (`struct buffer_data_page`, kernel/trace/ring_buffer.c).
private struct PageHead {
  /// What its first event's time is counted from.
  let time: UInt64
  private let commit: UInt

  static let commitOffset = 8
  static let size = commitOffset + MemoryLayout<UInt>.size
  /// How many bits of a time the events of the ring buffer can say.
  static let timeBits = 59

  init?(_ page: [UInt8]) {
    let buffer = ByteBuffer(page)
    let order: ByteOrder = TraceDatWriter.isBigEndian ? .big : .little
    guard let time = buffer.bytes.integer(UInt64.self, at: 0, order),
      let commit = buffer.bytes.integer(UInt.self, at: Self.commitOffset, order)
    else { return nil }
    self.time = time
    self.commit = commit
  }

  /// In bytes, of the events.
  var length: Int { Self.length(commit) }

  /// Whether events before it are missing; how many may then be written behind the others.
  var saysMissing: Bool { commit != UInt(length) }

  private static func length(_ commit: UInt) -> Int { Int(commit & (1 << 27 - 1)) }
}

extension WrittenBytes {
  /// An event of the ring buffer that says nothing but the time (`RINGBUF_TYPE_TIME_STAMP`, include/linux/ring_buffer.h): its type in 5 bits of a
  /// word and the time's low 27 in the others, the rest in the next word.
  fileprivate mutating func append(timeStamp time: UInt64) {
    let type: UInt32 = 31
    let low = UInt32(time & (1 << 27 - 1))
    append(TraceDatWriter.isBigEndian ? type << 27 | low : low << 5 | type)
    append(UInt32(time >> 27))
  }
}
