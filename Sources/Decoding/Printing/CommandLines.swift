internal import Bytes

/// The names of tasks as a recording lists them, `pid name` a line, and as events tell them while they are printed.
struct CommandLines {
  private var names: [Int32: [UInt8]] = [0: Array("<idle>".utf8)]
  private static let unknown = Array("<...>".utf8)

  /// The names in `text`, up to the first line that has none. Of several names of one task the one counts that libtraceevent finds: it sorts them by
  /// task, the last line first, and takes what a binary search meets (`cmdline_init`, `find_cmdline` in event-parse.c).
  init(_ text: [UInt8]) {
    var lines: [(pid: Int32, name: [UInt8])] = []
    for line in text.split(separator: 10) {
      let line = Array(line.prefix { $0 != 0 })
      var at = line.view.skippingSpaces(from: 0)
      let isNegative = line.view.byte(at: at) == UInt8(ascii: "-")
      if isNegative { at += 1 }
      guard let number = line.view.decimal(at: &at), let pid = Int32(exactly: number) else { break }
      at = line.view.skippingSpaces(from: at)
      guard at < line.count else { break }
      lines.append((isNegative ? -pid : pid, line.view.slice(at, line.count - at).array))
    }
    let sorted = lines.reversed().enumerated().sorted { ($0.element.pid, $0.offset) < ($1.element.pid, $1.offset) }.map(\.element)
    for line in sorted where names[line.pid] == nil { names[line.pid] = Self.found(line.pid, in: sorted) }
  }

  /// The name of `pid` that a binary search of `lines` meets first.
  private static func found(_ pid: Int32, in lines: [(pid: Int32, name: [UInt8])]) -> [UInt8]? {
    var range = lines.indices
    while !range.isEmpty {
      let middle = (range.lowerBound + range.upperBound) / 2
      if lines[middle].pid == pid { return lines[middle].name }
      range = pid < lines[middle].pid ? range.lowerBound..<middle : middle + 1..<range.upperBound
    }
    return nil
  }

  /// Takes `name` for that of task `pid`, if none is known.
  mutating func learn(_ pid: Int32, _ name: RawSpan) { if names[pid] == nil { names[pid] = name.array } }

  func isKnown(_ pid: Int32) -> Bool { names[pid] != nil }

  /// The name of task `pid`, or `<...>`.
  func name(_ pid: Int32) -> [UInt8] { names[pid] ?? Self.unknown }
}
