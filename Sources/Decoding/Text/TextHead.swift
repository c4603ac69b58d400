internal import Bytes

/// What the first lines of a text file tell: whether they are a trace, and of what.
struct TextHead {
  private(set) var format = "ftrace text"
  /// The CPUs of the machine, or 0 where the text does not say.
  private(set) var cpus = 0
  /// The release of the kernel; only the latency format's header names it.
  private(set) var kernel: String?

  /// Whether times are bare counts: the trace's clock does not count nanoseconds.
  private(set) var isInCounts = false

  private var understood = 0
  private var foreign = 0
  private var withoutCPU = 0
  private var hasTracer = false
  private var isBinary = false

  /// Reads the whole lines of `head`, the start of a file.
  init(_ head: RawSpan) {
    isBinary = head.firstIndex(of: 0) != nil
    var start = 0
    while !isBinary, let end = head.firstNewline(from: start) {
      read(head.slice(start, end &- start))
      start = end &+ 1
    }
  }

  /// Whether it is a trace: lines of events behind a trace's header, or more of them than of others, or a header and nothing else.
  var isTrace: Bool {
    guard !isBinary else { return false }
    return understood > 0 ? hasTracer || foreign <= understood : hasTracer && foreign == 0
  }

  /// Whether it is the text of perf script without the column of CPUs, without which no journey can be told.
  var lacksCPUs: Bool { !isTrace && withoutCPU > 0 && withoutCPU * 2 > foreign }

  private mutating func read(_ whole: RawSpan) {
    let prefix = LinePrefix.end(in: whole)
    let line = whole.slice(prefix.offset, whole.byteCount &- prefix.offset)
    if let event = TextLine(line) {
      understood += 1
      if event.hasBareCount { isInCounts = true }
      if event.isPerf { format = "perf script text" }
      return
    }
    switch TextNote(line) {
    case .remark: if line.byte(at: 0) == UInt8(ascii: "#") { readHeader(line.text) }
    case .loss, .graph: understood += 1
    case .cpus(let count):
      cpus = max(cpus, count)
      format = "trace-cmd report text"
      hasTracer = true
    case .foreign where prefix.isLog: break
    case .foreign:
      foreign += 1
      if TextLine.isWithoutCPU(line) { withoutCPU += 1 }
    }
  }

  /// `# tracer: nop`, `# entries-in-buffer/entries-written: 62/62   #P:2`, `# nop latency trace v1.1.5 on 6.12.117`.
  private mutating func readHeader(_ line: String) {
    if line.hasPrefix("# tracer:") { hasTracer = true }
    let words = line.split(whereSeparator: { " ()\r".contains($0) })
    if let word = words.last, word.hasPrefix("#P:"), let count = Int(word.dropFirst(3)) { cpus = max(cpus, min(count, Record.cpuLimit)) }
    if words.count >= 7, words[2] == "latency", words[5] == "on" { kernel = String(words[6]) }
  }
}
