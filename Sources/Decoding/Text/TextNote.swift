internal import Bytes

/// What a line of trace text is that is no event.
enum TextNote: Equatable {
  /// A comment, an empty line, a line of a stack trace or a remark of the tool.
  case remark
  /// The kernel's or the recorder's word that events of a CPU were lost before the CPU's next event; nil where it does not say how many.
  case loss(cpu: Int32, events: UInt64?)
  /// `cpus=2`, with which `trace-cmd report` begins.
  case cpus(Int)
  /// A line of the function_graph tracer, which has no time.
  case graph
  case foreign

  /// Judges `line`, which `TextLine` found to be no event.
  init(_ line: RawSpan) {
    let start = line.skippingSpaces(from: Self.afterRingName(line))
    if let (cpu, events) = Self.perfLoss(line) {
      self = .loss(cpu: cpu, events: events)
    } else if start == line.byteCount || line.byte(at: start) == UInt8(ascii: "#") || Self.afterArrow(line, start) != nil
      || Self.isOrnament(line)
    {
      self = .remark
    } else if line.has("CPU:", at: start) {
      self = Self.loss(line, start &+ 4)
    } else if line.has("cpus=", at: start) {
      var at = start &+ 5
      self = line.decimal(at: &at).flatMap { $0 <= Record.cpuLimit ? .cpus(Int($0)) : nil } ?? .foreign
    } else if Self.isGraph(line, start) {
      self = .graph
    } else {
      self = Self.isRemark(line, start) ? .remark : .foreign
    }
  }

  /// What stands around a trace where somebody has copied it to: the kernel's words and ruler around a dump (`ftrace_dump`), the head that
  /// atrace writes, the fence of a block in Markdown.
  private static func isOrnament(_ line: RawSpan) -> Bool {
    line.has("Dumping ftrace buffer:", at: 0) || line.has("   (ftrace buffer empty)", at: 0) || line.has("TRACE:", at: 0) || line.has("```", at: 0)
      || line.has("~~~", at: 0) || line.has("---------------------------------", at: 0) && line.byteCount == 33
  }

  /// ` 0)   0.541 us    |  sock_def_readable();`, `   2209.435692 |   0)  bash-8808  |   0.541 us    |  }`, ` 0)  bash-8808  =>  <idle>-0`,
  /// and the dashes around the last one. The tracer can leave out its columns, but then has `|` between those that are left.
  private static func isGraph(_ line: RawSpan, _ start: Int) -> Bool {
    var at = start
    if line.byte(at: at) == UInt8(ascii: "-") {
      while line.byte(at: at) == UInt8(ascii: "-") { at &+= 1 }
      return at &- start >= 20 && line.skippingSpaces(from: at) == line.byteCount
    }
    if let end = line.firstIndex(of: UInt8(ascii: "|"), from: at), line.decimal(at: &at) != nil, line.byte(at: at) == UInt8(ascii: ".") {
      at &+= 1
      guard line.decimal(at: &at) != nil, line.skippingSpaces(from: at) == end else { return false }
      at = line.skippingSpaces(from: end &+ 1)
    } else {
      at = start
    }
    guard let cpu = line.decimal(at: &at), cpu < Record.cpuLimit, line.byte(at: at) == UInt8(ascii: ")") else { return false }
    return line.byte(at: at &+ 1) == 32
  }

  /// What trace-cmd says of itself and of empty rings.
  private static func isRemark(_ line: RawSpan, _ start: Int) -> Bool {
    isFrame(line, start) || line.has("version = ", at: start) || line.has("Buffer: ", at: start)
      || Self.isPerfRecord(line)
      || line.has("CPU ", at: start)
        && line.has(" is empty", at: line.byteCount - 9)
  }

  /// Where the name of the function stands, if `line` is a frame of a stack: ` => sock_def_readable` (kernel, trace-cmd) or as perf script
  /// writes frames; nil for another line.
  static func function(ofFrame line: RawSpan) -> TextLine.Column? {
    let start = line.skippingSpaces(from: 0)
    var at = start
    if let name = afterArrow(line, start) {
      at = name
    } else {
      guard isFrame(line, start) else { return nil }
      at = line.byte(at: start) == 9 ? line.skippingSpaces(from: start &+ 1) : start
      _ = line.hexadecimal(at: &at)
      at = line.skippingSpaces(from: at)
    }
    var end = at
    while let byte = line.byte(at: end), byte != 32, byte != UInt8(ascii: "+"), byte != UInt8(ascii: "/") { end &+= 1 }
    return TextLine.Column(at, end)
  }

  /// Where a frame ` => function` has its function; `trace-cmd report -N` writes a tab before the arrow. nil for another line.
  private static func afterArrow(_ line: RawSpan, _ start: Int) -> Int? {
    let arrow = line.byte(at: start) == 9 ? start &+ 1 : start
    return line.has("=> ", at: arrow) ? arrow &+ 3 : nil
  }

  /// A frame of a callchain of perf script, `\tffffffff81e32fff sock_def_readable+0x1f ([kernel.kallsyms])`, whose tab an editor or a mail may
  /// have made eight spaces.
  private static func isFrame(_ line: RawSpan, _ start: Int) -> Bool {
    let hasTab = line.byte(at: start) == 9
    guard hasTab || start >= 8 else { return false }
    var at = hasTab ? line.skippingSpaces(from: start &+ 1) : start
    guard line.hexadecimal(at: &at) != nil, line.byte(at: at) == 32 else { return false }
    return line.byte(at: line.byteCount &- 1) == UInt8(ascii: ")")
  }

  /// A record that is no sample, which `perf script --show-…-events` prints: `perf 12 [001]  2.729486: PERF_RECORD_COMM: sh:12/12`.
  private static func isPerfRecord(_ line: RawSpan) -> Bool {
    var at = 0
    while let colon = line.firstIndex(of: UInt8(ascii: ":"), from: at) {
      if line.has(" PERF_RECORD_", at: colon &+ 1) { return true }
      at = colon &+ 1
    }
    return false
  }

  /// A loss in the text of `perf script --show-lost-events`: `perf 12 [001]  2.729486: PERF_RECORD_LOST lost 22`.
  private static func perfLoss(_ line: RawSpan) -> (cpu: Int32, events: UInt64)? {
    let words: StaticString = ": PERF_RECORD_LOST lost "
    var start = line.byteCount
    while start > 0, let byte = line.byte(at: start &- 1), byte &- 48 < 10 { start &-= 1 }
    let head = start &- words.utf8CodeUnitCount
    guard start < line.byteCount, head > 0, line.has(words, at: head), let events = line.decimal(at: &start) else { return nil }
    var bracket = head
    while bracket > 0, line.byte(at: bracket) != UInt8(ascii: "[") { bracket &-= 1 }
    var at = bracket &+ 1
    guard let cpu = line.decimal(at: &at), line.byte(at: at) == UInt8(ascii: "]"), cpu < Record.cpuLimit else { return nil }
    return (Int32(truncatingIfNeeded: cpu), events)
  }

  /// Whether `line` begins as a loss does; quick to say no.
  static func mayBeLoss(_ line: RawSpan) -> Bool {
    if perfLoss(line) != nil { return true }
    guard let first = line.byte(at: 0), first != 32, first != UInt8(ascii: "#") else { return false }
    return line.has("CPU:", at: line.skippingSpaces(from: afterRingName(line)))
  }

  /// `1 [LOST 12 EVENTS]`, `1 [LOST EVENTS]` (kernel), `1 [12 EVENTS DROPPED]`, `1 [EVENTS DROPPED]` (trace-cmd).
  private static func loss(_ line: RawSpan, _ start: Int) -> TextNote {
    var at = start
    guard let cpu = line.decimal(at: &at), cpu < Record.cpuLimit, line.has(" [", at: at) else { return .foreign }
    at &+= 2
    if line.has("SUBBUFFER START]", at: at) { return .remark }
    let isKernel = line.has("LOST ", at: at)
    if isKernel { at &+= 5 }
    let events = line.decimal(at: &at)
    if events != nil { at = line.skippingSpaces(from: at) }
    guard isKernel ? line.has("EVENTS]", at: at) : line.has("EVENTS DROPPED]", at: at) else { return .foreign }
    return .loss(cpu: Int32(truncatingIfNeeded: cpu), events: events)
  }

  /// Where a line goes on behind the name of a ring or file, `name:` and spaces, which trace-cmd writes where it reads several.
  /// Tasks are padded, so that only such a name begins at the very start of a line.
  static func afterRingName(_ line: RawSpan) -> Int {
    var at = 0
    while let byte = line.byte(at: at), byte != 32 {
      at &+= 1
      if byte == UInt8(ascii: ":"), line.byte(at: at) == 32 { return at &+ 1 }
    }
    return 0
  }
}
