internal import Bytes

/// A file of nothing but the ring-buffer pages of one CPU: what `per_cpu/cpuN/trace_pipe_raw` gives, or what a `trace-cmd record` that was
/// killed leaves as `trace.dat.cpuN`. It says neither whose pages they are nor what is in them.
enum PageFile {
  /// The CPU that the last `cpuN` in `path` names, or nil.
  static func cpu(inPath path: String) -> Int32? {
    var place = path.endIndex
    while let found = path[..<place].lastRange(of: "cpu") {
      let digits = path[found.upperBound...].prefix { $0.isASCII && $0.isNumber }
      if let number = Int32(digits), number < Record.cpuLimit { return number }
      place = found.lowerBound
    }
    return nil
  }

  /// Whether a file that begins with `head` may be one, whatever the kernel: a time, and a length that a page can have.
  static func isPlausible(_ head: RawSpan) -> Bool {
    [4, 8].contains { size in order(head, commitSize: size, capacity: 1 << 16) != nil }
  }

  /// The byte order in which `head`, the start of the file, is a page with a `commit` of `commitSize` bytes and room for `capacity` bytes.
  static func order(_ head: RawSpan, commitSize: Int, capacity: Int) -> ByteOrder? {
    [ByteOrder.little, .big].first { order in
      guard let time = head.integer(UInt64.self, at: 0, order),
        let commit = head.unsigned(at: PageLayout.commitOffset, size: commitSize, order)
      else { return false }
      let length = commit & PageLayout.lengthMask
      // The flags are an int's, and fill the upper half of a long when the highest is set.
      guard commit >> 32 == 0 || commit >> 32 == UInt64(UInt32.max) else { return false }
      let flags = commit & UInt64(UInt32.max) & ~PageLayout.lengthMask
      return time != 0 && length > 0 && length <= UInt64(capacity) && flags & ~(PageLayout.missedEvents | PageLayout.missedStored) == 0
    }
  }
}

extension StringProtocol {
  /// The last place at which `text` stands.
  fileprivate func lastRange(of text: String) -> Range<Index>? {
    var place = endIndex
    while place > startIndex {
      place = index(before: place)
      if self[place...].hasPrefix(text) { return place..<index(place, offsetBy: text.count) }
    }
    return nil
  }
}
