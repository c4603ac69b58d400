internal import Bytes

/// The names of tasks as a recording lists them, `pid name` a line, and as events tell them while they are printed.
///
/// Of several names of one task the one counts that libtraceevent finds: it sorts them by task, the last first, when it first looks a task's name up,
/// and takes what a binary search meets; what events tell until then belongs to the list (`find_cmdline`, `cmdline_init` and `_tep_register_comm` in
/// event-parse.c).
struct CommandLines {
  private var names: [Int32: [UInt8]] = [0: Array("<idle>".utf8)]
  /// The names told so far, in their order, until one is first looked up.
  private var told: [(pid: Int32, name: [UInt8])]? = []
  /// How many names are kept until one is looked up.
  private static let mostTold = 1 << 16
  /// What stands for a name that is not known.
  static let unknown = Array("<...>".utf8)

  /// The names in `text`, up to the first line that has none.
  init(_ text: [UInt8]) {
    for line in text.split(separator: 10) {
      let line = Array(line.prefix { $0 != 0 })
      var at = line.view.skippingSpaces(from: 0)
      let isNegative = line.view.byte(at: at) == UInt8(ascii: "-")
      if isNegative { at += 1 }
      guard let number = line.view.decimal(at: &at), let pid = Int32(exactly: number) else { break }
      at = line.view.skippingSpaces(from: at)
      guard at < line.count else { break }
      told?.append((isNegative ? -pid : pid, line.view.slice(at, line.count - at).array))
    }
  }

  private mutating func sort() {
    guard let lines = told else { return }
    told = nil
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
  mutating func learn(_ pid: Int32, _ name: RawSpan) {
    if let told, told.count >= Self.mostTold { sort() }
    if told != nil {
      told?.append((pid, name.array))
    } else if names[pid] == nil {
      names[pid] = name.array
    }
  }

  /// The name of task `pid`, or nil.
  mutating func knownName(_ pid: Int32) -> [UInt8]? {
    if pid != 0 { sort() }
    return names[pid]
  }
}
