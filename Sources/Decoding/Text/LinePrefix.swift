internal import Bytes

/// What other programs write before the kernel's lines: the marks of a text's encoding, colours, the time of a log.
enum LinePrefix {
  /// Where `line` begins behind its prefix, and whether that is a log's: the kernel's own messages stand between the lines of a log's trace.
  ///
  ///     [  123.456789]           dmesg
  ///     Nov 30 12:00:00 host kernel: [  123.456789]           journalctl, syslog
  ///     2026-11-30T12:00:00+0000 host kernel:                 journalctl -o short-iso
  @inline(__always)
  static func end(in line: RawSpan) -> (offset: Int, isLog: Bool) {
    // Nearly all lines are padded.
    line.byte(at: 0) == 32 ? (0, false) : uncommonEnd(line)
  }

  @inline(never)
  private static func uncommonEnd(_ line: RawSpan) -> (offset: Int, isLog: Bool) {
    let start = afterColours(line, line.has("\u{feff}", at: 0) ? 3 : 0)
    let entry = afterJournal(line, start)
    let message = afterStamp(line, entry)
    return (afterColours(line, message), message > start)
  }

  /// Behind `ESC [ 1 ; 31 m` and the like (SGR of ECMA-48).
  private static func afterColours(_ line: RawSpan, _ start: Int) -> Int {
    var at = start
    while line.byte(at: at) == 0x1b, line.byte(at: at &+ 1) == UInt8(ascii: "[") {
      var end = at &+ 2
      while let byte = line.byte(at: end), byte &- 48 < 10 || byte == UInt8(ascii: ";") { end &+= 1 }
      guard line.byte(at: end) == UInt8(ascii: "m") else { return at }
      at = end &+ 1
    }
    return at
  }

  private static func afterStamp(_ line: RawSpan, _ start: Int) -> Int {
    guard line.byte(at: start) == UInt8(ascii: "[") else { return start }
    var at = line.skippingSpaces(from: start &+ 1)
    guard line.decimal(at: &at) != nil, line.byte(at: at) == UInt8(ascii: ".") else { return start }
    at &+= 1
    guard line.decimal(at: &at) != nil, line.byte(at: at) == UInt8(ascii: "]") else { return start }
    return line.byte(at: at &+ 1) == 32 ? at &+ 2 : at &+ 1
  }

  private static func afterJournal(_ line: RawSpan, _ start: Int) -> Int {
    func has(_ byte: Unicode.Scalar, _ offset: Int) -> Bool { line.byte(at: start &+ offset) == UInt8(ascii: byte) }
    let isTraditional = has(" ", 3) && has(" ", 6) && has(":", 9) && has(":", 12) && has(" ", 15)
    let isISO = has("-", 4) && has("-", 7) && has("T", 10) && has(":", 13)
    guard isTraditional || isISO else { return start }
    let words: StaticString = " kernel: "
    guard let found = line.firstIndex(of: words, from: start &+ 15), found < start &+ 200 else { return start }
    return found &+ words.utf8CodeUnitCount
  }
}
