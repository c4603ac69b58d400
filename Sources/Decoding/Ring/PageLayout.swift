internal import Bytes

/// How a ring-buffer page is laid out, as `events/header_page` of the recording kernel says
/// (`struct buffer_data_page`, kernel/trace/ring_buffer.c).
struct PageLayout {
  var order: ByteOrder
  var pageSize: Int
  /// The size of `local_t commit`: the kernel's long.
  var commitSize: Int
  /// Where the events begin.
  var dataOffset: Int
  var scale = TimeScale()

  static let commitOffset = 8
  /// Bits of `commit` that hold the length of the data; the others are flags.
  static let lengthMask: UInt64 = (1 << 27) - 1
  /// `RB_MISSED_EVENTS`: events were lost before this page.
  static let missedEvents: UInt64 = 1 << 31
  /// `RB_MISSED_STORED`: how many is stored behind the data.
  static let missedStored: UInt64 = 1 << 30

  /// Reads the text of `header_page`; where it does not say, the layout of a kernel with longs of `longSize` bytes.
  init(headerPage: [UInt8], order: ByteOrder, pageSize: Int, longSize: Int) {
    self.order = order
    self.pageSize = pageSize
    commitSize = longSize
    dataOffset = 8 + longSize
    for line in String(decoding: headerPage, as: UTF8.self).split(separator: "\n") {
      if line.contains(" commit;"), let size = Self.number("size:", in: line), size == 4 || size == 8 { commitSize = size }
      if line.contains(" data;"), let offset = Self.number("offset:", in: line), offset < pageSize { dataOffset = offset }
    }
  }

  /// The size of a page that the text of `header_page` gives, in bytes (kernels from 6.8 on may have larger ones); nil where it does not say.
  static func pageSize(headerPage: [UInt8]) -> Int? {
    for line in String(decoding: headerPage, as: UTF8.self).split(separator: "\n") where line.contains(" data;") {
      guard let offset = number("offset:", in: line), let size = number("size:", in: line) else { return nil }
      return (512...(1 << 24)).contains(offset + size) ? offset + size : nil
    }
    return nil
  }

  private static func number(_ key: String, in line: Substring) -> Int? {
    guard let start = line.firstRange(of: key)?.upperBound else { return nil }
    return Int(line[start...].prefix { $0.isNumber })
  }
}
