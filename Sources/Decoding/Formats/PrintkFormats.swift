/// The text of `printk_formats`, made safe for libtraceevent, which reads on behind a line without a format and in front of a short one.
enum PrintkFormats {
  /// The lines of `text` that say an address and a format, `0xffffffff81e32fe0 : "%s\n"`, each with a `\n` in the end of its format: libtraceevent
  /// takes it off, and looks for it in formats too short to have one.
  static func trusted(_ text: [UInt8]) -> [UInt8] {
    var lines: [UInt8] = []
    for line in text.split(separator: UInt8(ascii: "\n")) {
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
        !line[..<colon].contains(0), line[(colon + 1)...].starts(with: " \"".utf8)
      else { continue }
      var format = line[(colon + 3)...].prefix { $0 != 0 }
      if format.last == UInt8(ascii: "\"") { format.removeLast() }
      if format.suffix(2).elementsEqual("\\n".utf8) { format.removeLast(2) }
      lines += line[...colon]
      lines += " \"".utf8
      lines += format
      lines += "\\n\"\n".utf8
    }
    return lines
  }
}
