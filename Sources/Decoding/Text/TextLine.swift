internal import Bytes

/// One line of trace text that is an event, split into its columns:
///
///     comm-pid     (tgid) [cpu] flags        time: name: info
///     comm-pid            cpuflags           time: name: info    (latency format)
///     comm pid/tid [cpu]                     time: system:name: info    (perf script)
///
/// `trace`, `trace_pipe` and `trace-cmd report` all write the first of these; tgid and flags may be missing. perf may leave out pid or tid.
///
/// Here is the boundary between the two halves of the text's grammar. Decoding knows lines: columns, what is no event, losses, frames of stacks,
/// the order of time. It never looks into `info`. Events (`TextEventDecoder`) knows what kernels print behind `name`, and never looks for columns.
public struct TextLine: Sendable {
  /// Where a column stands, in bytes from the start of the line.
  public struct Column: Sendable {
    /// Where it begins.
    public var offset: Int32 = 0
    /// How long it is.
    public var count: Int32 = 0

    init() {}

    init(_ start: Int, _ end: Int) {
      offset = Int32(truncatingIfNeeded: start)
      count = Int32(truncatingIfNeeded: end &- start)
    }

    /// The bytes of this column of `line`.
    @_lifetime(copy line)
    public func bytes(of line: RawSpan) -> RawSpan { line.slice(Int(offset), Int(count)) }
  }

  /// Nanoseconds; where the trace's clock counts something else, that count.
  public private(set) var time: UInt64 = 0
  /// The CPU that wrote it.
  public private(set) var cpu: Int32 = 0
  /// The task that was current there.
  public private(set) var pid: Int32 = 0
  /// The task's name, without padding.
  public private(set) var comm = Column()
  /// The letters of irqs off, need resched, hardirq and softirq and the rest; empty where the text has none.
  public private(set) var flags = Column()
  /// The event's name; empty for what is no event (function tracer, stack traces).
  public private(set) var name = Column()
  /// What the event's print format has made of it.
  public private(set) var info = Column()
  /// Whether this is a line of perf script.
  private(set) var isPerf = false
  /// Whether the time is a count without a unit.
  private(set) var hasBareCount = false
  /// Whether the line is a frame of the stack behind an event, of which only time, CPU and task are here. `name` is the function's.
  public private(set) var isFrame = false

  init() {}

  /// A frame of the stack behind the event in `line`, whose function's name is `function`.
  init(frameOf line: TextLine, _ function: Column) {
    (time, cpu, pid) = (line.time, line.cpu, line.pid)
    name = function
    isFrame = true
  }

  /// The columns of `line`, which has no newline; nil if it is no event of a trace.
  init?(_ line: RawSpan) {
    // Tasks are padded to 16 columns, in the latency format to 8. A shell or an editor may have moved all of it.
    if parse(line, dash: 16) || parse(line, dash: 8) || parsePerf(line) { return }
    var dash = 1
    while dash < min(line.byteCount, Self.longestHead) {
      if line.byte(at: dash) == UInt8(ascii: "-"), parse(line, dash: dash) { return }
      dash &+= 1
    }
    return nil
  }

  /// Whether `line`, which is no event, may have been one before something damaged it: it still has a CPU in brackets or a time.
  static func mayHaveBeen(_ line: RawSpan) -> Bool {
    if line.firstZero != nil { return true }
    var bracket = line.firstIndex(of: UInt8(ascii: "["), from: 0)
    while let start = bracket {
      var at = start &+ 1
      if line.decimal(at: &at) != nil, at &- start == 4, line.byte(at: at) == UInt8(ascii: "]") { return true }
      bracket = line.firstIndex(of: UInt8(ascii: "["), from: start &+ 1)
    }
    var dot = line.firstIndex(of: UInt8(ascii: "."), from: 0)
    while let start = dot {
      var at = start &+ 1
      if line.decimal(at: &at) != nil, at &- start == 7 || at &- start == 10, line.byte(at: at) == UInt8(ascii: ":") { return true }
      dot = line.firstIndex(of: UInt8(ascii: "."), from: start &+ 1)
    }
    return false
  }

  /// The dash before the pid stands within so many bytes.
  private static let longestHead = 256

  /// Reads the columns around the dash between task and pid; false if it is another dash.
  private mutating func parse(_ line: RawSpan, dash: Int) -> Bool {
    guard line.byte(at: dash) == UInt8(ascii: "-") else { return false }
    var at = dash &+ 1
    guard let pid = line.decimal(at: &at), pid <= Int32.max, line.byte(at: at) == 32 else { return false }
    at = line.skippingSpaces(from: at)
    if line.byte(at: at) == UInt8(ascii: "(") {
      guard let end = line.firstIndex(of: UInt8(ascii: ")"), from: at), end &- at < 16 else { return false }
      at = line.skippingSpaces(from: end &+ 1)
    }
    guard parseCPU(line, &at), parseTime(line, &at) else { return false }
    self.pid = Int32(truncatingIfNeeded: pid)
    comm = Self.comm(line, end: dash)
    parseEvent(line, at)
    return true
  }

  /// Reads the columns around the CPU of a line of perf script; commands may hold brackets and spaces too.
  private mutating func parsePerf(_ line: RawSpan) -> Bool {
    var bracket = 0
    while bracket < Self.longestHead, let next = line.firstIndex(of: UInt8(ascii: "["), from: bracket) {
      var at = next
      if let (end, task) = Self.perfTask(line, before: next), parseCPU(line, &at), flags.count == 0, parseTime(line, &at),
        parsePerfEvent(line, at)
      {
        pid = task
        let start = min(line.skippingSpaces(from: 0), end)
        comm = Column(start, end)
        isPerf = true
        return true
      }
      bracket = next &+ 1
    }
    return false
  }

  /// Whether `line` would be one of perf script if it named its CPU: `comm tid  time: system:name: info`.
  static func isWithoutCPU(_ line: RawSpan) -> Bool {
    var end = line.firstIndex(of: UInt8(ascii: ":"), from: 0)
    while let colon = end, colon < longestHead {
      var start = colon
      while let byte = line.byte(at: start &- 1), byte != 32 { start &-= 1 }
      var found = TextLine()
      var at = start
      if perfTask(line, before: start) != nil, found.parseTime(line, &at), found.parsePerfEvent(line, at) { return true }
      end = line.firstIndex(of: UInt8(ascii: ":"), from: colon &+ 1)
    }
    return false
  }

  /// `tid`, `pid` or `pid/tid` before the CPU at `bracket`, and where the command before them ends.
  private static func perfTask(_ line: RawSpan, before bracket: Int) -> (commEnd: Int, task: Int32)? {
    var start = bracket
    while line.byte(at: start &- 1) == 32 { start &-= 1 }
    while let byte = line.byte(at: start &- 1), byte &- 48 < 10 || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "-") { start &-= 1 }
    guard start > 1, line.byte(at: start &- 1) == 32 else { return nil }
    var at = start
    var end = start
    while line.byte(at: end &- 1) == 32 { end &-= 1 }
    // A task that had gone is -1.
    if line.has("-1", at: at) { return (end, -1) }
    guard var task = line.decimal(at: &at) else { return nil }
    if line.byte(at: at) == UInt8(ascii: "/") {
      at &+= 1
      guard let thread = line.decimal(at: &at) else { return nil }
      task = thread
    }
    guard line.skippingSpaces(from: at) == bracket, task <= Int32.max else { return nil }
    return (end, Int32(truncatingIfNeeded: task))
  }

  /// `system:name: info`, or `name: info` of what is no tracepoint, after the column of the period if there is one.
  private mutating func parsePerfEvent(_ line: RawSpan, _ start: Int) -> Bool {
    var at = line.skippingSpaces(from: start)
    var end = at
    if line.decimal(at: &end) != nil, line.byte(at: end) == 32 { at = line.skippingSpaces(from: end) }
    return parseTracepoint(line, at) || parseOtherSample(line, at)
  }

  /// `cpu-clock: info`. What is no sample has `PERF_RECORD_` there.
  private mutating func parseOtherSample(_ line: RawSpan, _ start: Int) -> Bool {
    guard let letter = line.byte(at: start), (letter | 32) &- 97 < 26, !line.has("PERF_RECORD_", at: start) else { return false }
    let end = line.end(before: 32, or: UInt8(ascii: ":"), from: start)
    guard line.byte(at: end) == UInt8(ascii: ":"), line.byte(at: end &+ 1).map({ $0 == 32 }) ?? true else { return false }
    name = Column(start, end)
    info = Column(line.skippingSpaces(from: end &+ 1), line.byteCount)
    return true
  }

  /// `system:name: info`.
  private mutating func parseTracepoint(_ line: RawSpan, _ at: Int) -> Bool {
    guard let colon = line.firstIndex(of: UInt8(ascii: ":"), from: at) else { return false }
    var end = colon &+ 1
    while let byte = line.byte(at: end), byte != 32, byte != UInt8(ascii: ":") { end &+= 1 }
    guard colon > at, end > colon &+ 1, line.byte(at: end) == UInt8(ascii: ":") else { return false }
    guard line.firstIndex(of: 32, from: at).map({ $0 > end }) ?? true else { return false }
    name = Column(colon &+ 1, end)
    info = Column(line.skippingSpaces(from: end &+ 1), line.byteCount)
    return true
  }

  /// `[cpu] flags` or `cpuflags`.
  private mutating func parseCPU(_ line: RawSpan, _ at: inout Int) -> Bool {
    let isBracketed = line.byte(at: at) == UInt8(ascii: "[")
    if isBracketed { at &+= 1 }
    guard let number = line.decimal(at: &at), number < Record.cpuLimit else { return false }
    cpu = Int32(truncatingIfNeeded: number)
    flags = Column()
    if isBracketed {
      guard line.byte(at: at) == UInt8(ascii: "]") else { return false }
      at = line.skippingSpaces(from: at &+ 1)
      if let byte = line.byte(at: at), byte &- 48 < 10 { return true }
    }
    let start = at
    while let byte = line.byte(at: at), byte != 32 { at &+= 1 }
    guard (3...8).contains(at &- start) else { return false }
    flags = Column(start, at)
    at = line.skippingSpaces(from: at)
    return true
  }

  /// `seconds.fraction:`, a bare count, or the latency format's microseconds `12us+:`.
  private mutating func parseTime(_ line: RawSpan, _ at: inout Int) -> Bool {
    guard let whole = line.decimal(at: &at) else { return false }
    var unit: UInt64 = 1
    var part: UInt64 = 0
    if line.byte(at: at) == UInt8(ascii: ".") {
      let start = at &+ 1
      at = start
      guard let fraction = line.decimal(at: &at) else { return false }
      switch at &- start {
      case 6: part = fraction &* 1000
      case 9: part = fraction
      default: return false
      }
      unit = 1_000_000_000
    } else if line.byte(at: at) == UInt8(ascii: "u"), line.byte(at: at &+ 1) == UInt8(ascii: "s") {
      // A mark says how long it took to the next entry: ' ', '+', '!', '#', '*', '@', '$'.
      at &+= 3
      unit = 1000
    }
    hasBareCount = unit == 1
    let (product, overflow) = whole.multipliedReportingOverflow(by: unit)
    let (sum, carry) = product.addingReportingOverflow(part)
    guard !overflow, !carry, line.byte(at: at) == UInt8(ascii: ":") else { return false }
    time = sum
    at &+= 1
    return true
  }

  /// `name: info`, after `trace-cmd report --ts-diff` behind a `(+12)`.
  private mutating func parseEvent(_ line: RawSpan, _ start: Int) {
    var at = line.skippingSpaces(from: start)
    if line.byte(at: at) == UInt8(ascii: "("), line.byte(at: at &+ 1) == UInt8(ascii: "+") {
      at = line.skippingSpaces(from: (line.firstIndex(of: UInt8(ascii: ")"), from: at) ?? at) &+ 1)
    }
    let end = line.end(before: 32, or: UInt8(ascii: ":"), from: at)
    let isNamed = line.byte(at: end) == UInt8(ascii: ":")
    name = isNamed ? Column(at, end) : Column()
    info = Column(isNamed ? line.skippingSpaces(from: end &+ 1) : at, line.byteCount)
  }

  /// The task's name before `end`, without its padding and without the name of the ring that trace-cmd writes before it.
  private static func comm(_ line: RawSpan, end: Int) -> Column {
    let start = line.skippingSpaces(from: TextNote.afterRingName(line))
    return Column(min(start, end), end)
  }
}
