internal import Bytes

/// What the options of both versions say by themselves.
extension TraceDatReader {
  /// Takes in what an option says by itself.
  mutating func noteOption(_ id: UInt16, _ data: [UInt8], at offset: Int) {
    let text = String(decoding: data.prefix { $0 != 0 }, as: UTF8.self)
    switch id {
    case Option.traceClock:
      header.listsClocks = true
      // trace-cmd 2.x leaves it empty, and names the clock behind the list of CPUs only.
      if !text.isEmpty { header.clock = Self.chosenClock(text) }
    case Option.uname: header.uname = text
    case Option.cpuStatistics: header.statistics.append(text)
    case Option.cpuCount:
      let count = ByteBuffer(data).bytes.integer(UInt32.self, at: 0, header.order) ?? 0
      if header.version == 7 { header.cpuCount = Int(min(count, UInt32(Record.cpuLimit))) }
    case Option.recorder: header.lineSignature = LineSignature(head: text)
    case Option.date: add(offset: text, unit: 1000)
    case Option.offset: add(offset: text, unit: 1)
    case Option.counterScale:
      let bytes = ByteBuffer(data)
      guard let mult = bytes.bytes.integer(UInt32.self, at: 0, header.order), let shift = bytes.bytes.integer(UInt32.self, at: 4, header.order),
        data.count >= 16, shift < 64
      else { return diagnostics.add(.sectionDamaged, path: file.path, offset: offset, "the scale of the clock makes no sense") }
      header.scale.mult = mult
      header.scale.shift = shift
    default: break
    }
  }

  /// `trace_clock` shows all clocks and brackets the one in use.
  static func chosenClock(_ text: String) -> String {
    guard let open = text.firstIndex(of: "["), let close = text[open...].firstIndex(of: "]") else { return text }
    return String(text[text.index(after: open)..<close])
  }

  /// An offset of all times, in text: decimal, or hexadecimal with `0x`.
  private mutating func add(offset text: String, unit: Int64) {
    let isNegative = text.hasPrefix("-")
    let digits = isNegative ? text.dropFirst() : Substring(text)
    guard let value = digits.hasPrefix("0x") ? Int64(digits.dropFirst(2), radix: 16) : Int64(digits) else { return }
    header.scale.offset &+= (isNegative ? 0 &- value : value) &* unit
  }
}
