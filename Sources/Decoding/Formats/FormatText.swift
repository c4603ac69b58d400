internal import Bytes

/// The text of a `format` file, made safe for libtraceevent: it trusts print formats, and comes down over one that names a field the event
/// does not have inside `__print_symbolic` or `__print_flags`, or nests without end. A recording can be damaged there as anywhere.
enum FormatText {
  /// How many bytes from the start of an entry the fields in `text` need: `field:int irq; offset:8; size:4; signed:1;`.
  static func extent(in text: [UInt8]) -> Int {
    var extent = 0
    for line in String(decoding: text, as: UTF8.self).split(separator: "\n") where line.contains("field:") {
      let parts = line.split(separator: ";").map { $0.filter { !$0.isWhitespace } }
      func number(_ key: String) -> Int? { parts.first { $0.hasPrefix(key) }.flatMap { Int($0.dropFirst(key.count)) } }
      if let offset = number("offset:"), let size = number("size:") { extent = max(extent, offset &+ size) }
    }
    return extent
  }

  /// The number behind `ID:` in a line near the start of `text`, or nil.
  static func id(in text: [UInt8]) -> Int? {
    let bytes = text.view
    var start = 0
    while start < 512 {
      if bytes.has("ID:", at: start) {
        var at = bytes.skippingSpaces(from: start + 3)
        let id = bytes.decimal(at: &at).flatMap { Int(exactly: $0) }
        let end = bytes.skippingSpaces(from: at)
        return end == bytes.byteCount || bytes.byte(at: end) == 10 ? id : nil
      }
      guard let end = bytes.firstNewline(from: start) else { return nil }
      start = end + 1
    }
    return nil
  }

  /// The event's name, in the first line of `text`, or nil.
  static func name(in text: [UInt8]) -> String? {
    let bytes = text.view
    let line = bytes.slice(0, bytes.firstNewline(from: 0) ?? bytes.byteCount)
    guard line.has("name:", at: 0), line.byteCount <= 256 else { return nil }
    let start = line.skippingSpaces(from: 5)
    return line.slice(start, line.byteCount - start).text
  }

  /// `text`, without its print format if that cannot be trusted, or nil if its fields cannot be either; `isWhole` is false where that is the
  /// file's fault and not the kernel's own way.
  static func trusted(_ text: [UInt8]) -> (text: [UInt8]?, isWhole: Bool) {
    let start = text.view.firstIndex(of: "print fmt:") ?? text.count
    guard let fields = fields(text[..<start]) else { return (nil, false) }
    guard start < text.count else { return (text, true) }
    guard isSound(text[start...], fields: fields) else { return (Array(text[..<start]), false) }
    switch FormatGrammar.judge(Array(text[(start + 10)...])) {
    case .sound: return (text, true)
    case .foreign: return (Array(text[..<start]), true)
    case .unsound: return (Array(text[..<start]), false)
    }
  }

  /// The names in the lines `\tfield:TYPE NAME;\toffset:1;\tsize:2;\tsigned:0;` or with `NAME[SIZE];`; nil where a line is of no such form.
  private static func fields(_ text: ArraySlice<UInt8>) -> Set<ArraySlice<UInt8>>? {
    var names: Set<ArraySlice<UInt8>> = []
    for line in text.split(separator: UInt8(ascii: "\n")) {
      guard line.starts(with: "\tfield:".utf8) else {
        guard ["name:", "ID:", "format:"].contains(where: { line.starts(with: $0.utf8) }) else { return nil }
        continue
      }
      let parts = line.split(separator: UInt8(ascii: ";"))
      guard parts.count >= 3, line.last == UInt8(ascii: ";"), isNumber(parts[1], "\toffset:"), isNumber(parts[2], "\tsize:"),
        parts.count == 3 || parts.count == 4 && isNumber(parts[3], "\tsigned:"), let name = name(of: parts[0].dropFirst("\tfield:".utf8.count))
      else { return nil }
      names.insert(name)
    }
    return names
  }

  private static func isNumber(_ part: ArraySlice<UInt8>, _ key: String) -> Bool {
    let digits = part.dropFirst(key.utf8.count)
    return part.starts(with: key.utf8) && (1...9).contains(digits.count) && digits.allSatisfy { (48..<58).contains($0) }
  }

  /// The name at the end of a declaration, behind its type.
  private static func name(of declaration: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    guard declaration.allSatisfy({ (32..<127).contains($0) }), bracketsClose(declaration) else { return nil }
    var stop = declaration.endIndex
    while stop > declaration.startIndex, declaration[stop - 1] == UInt8(ascii: "]") {
      guard let open = declaration[..<stop].lastIndex(of: UInt8(ascii: "[")) else { return nil }
      stop = open
    }
    var start = stop
    while start > declaration.startIndex, isName(declaration[start - 1]) { start -= 1 }
    return start < stop && start > declaration.startIndex ? declaration[start..<stop] : nil
  }

  /// Whether each `[` of `declaration` has its `]`, none inside another.
  private static func bracketsClose(_ declaration: ArraySlice<UInt8>) -> Bool {
    var isOpen = false
    for byte in declaration where byte == UInt8(ascii: "[") || byte == UInt8(ascii: "]") {
      if isOpen != (byte == UInt8(ascii: "]")) { return false }
      isOpen.toggle()
    }
    return !isOpen
  }

  /// Whether quotes and brackets of `format` close, not too many of them inside one another, and what it names are fields.
  private static func isSound(_ format: ArraySlice<UInt8>, fields: Set<ArraySlice<UInt8>>) -> Bool {
    var open: [UInt8] = []
    var at = format.startIndex
    while at < format.endIndex {
      let byte = format[at]
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        guard let end = endOfQuote(format, at) else { return false }
        at = end
      case UInt8(ascii: "("), UInt8(ascii: "{"), UInt8(ascii: "["):
        open.append(byte)
        if open.count > deepest { return false }
      case UInt8(ascii: ")"): if open.popLast() != UInt8(ascii: "(") { return false }
      case UInt8(ascii: "}"): if open.popLast() != UInt8(ascii: "{") { return false }
      case UInt8(ascii: "]"): if open.popLast() != UInt8(ascii: "[") { return false }
      case UInt8(ascii: "R") where format[at...].starts(with: reference) && (at == format.startIndex || !isName(format[at - 1])):
        let name = format[(at + reference.count)...].prefix(while: isName)
        guard fields.contains(name) else { return false }
      default:
        guard byte == 9 || byte == 10 || (32..<127).contains(byte) else { return false }
      }
      at += 1
    }
    return open.isEmpty
  }

  /// Where `word` stands first in the first `end` bytes of `text`, or nil. The standard library's search takes a hundred times as long.
  static func first(_ word: [UInt8], in text: [UInt8], upTo end: Int) -> Int? {
    var start = 0
    let limit = min(end, text.count) - word.count
    while start <= limit {
      var matched = 0
      while matched < word.count, text[start &+ matched] == word[matched] { matched &+= 1 }
      if matched == word.count { return start }
      start &+= 1
    }
    return nil
  }

  private static let printFormat = Array("print fmt:".utf8)
  private static let reference = Array("REC->".utf8)
  /// Kernels nest some twenty deep (sched_switch).
  private static let deepest = 64

  private static func isName(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "_") || (48..<58).contains(byte) || (97..<123).contains(byte | 32)
  }

  private static func endOfQuote(_ format: ArraySlice<UInt8>, _ start: Int) -> Int? {
    var at = start + 1
    while at < format.endIndex {
      if format[at] == UInt8(ascii: "\\") { at += 1 } else if format[at] == format[start] { return at }
      at += 1
    }
    return nil
  }
}
