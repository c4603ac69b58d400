import Bytes
import Testing

@testable import Decoding

@Suite("The lines of a text file")
struct TextStreamTests {
  /// An event of `cpu` at `time` microseconds.
  private static func event(_ cpu: Int, _ time: Int, _ info: String = "vec=3") -> String {
    let padded = String(repeating: "0", count: 6 - String(time).count) + String(time)
    return "          <idle>-0       [00\(cpu)] ..s1.  1.\(padded): softirq_exit: \(info)"
  }

  private static func record(_ cpu: Int, _ time: Int, _ info: String = "vec=3") -> String {
    "\(1_000_000_000 + time * 1000) [\(cpu)] " + event(cpu, time, info)
  }

  /// What was an event until something overwrote it.
  private static let damaged = "          <idle>-0       [000 ..s1.  1.000004: softirq_exit: vec=3"

  private static let mixed =
    [
      "# tracer: nop", "#", event(0, 1), event(1, 2), "", event(0, 3, "ä→" + String(repeating: "x", count: 3000)), "garbage", damaged,
      event(1, 4) + "\r",
      "CPU:1 [LOST 12 EVENTS]", event(1, 9), "##### CPU 2 buffer started ####", event(2, 10), "CPU:0 [LOST EVENTS]",
      String(repeating: "long", count: 10_000), event(1, 11), event(0, 12), damaged
    ].joined(separator: "\n") + "\n"

  @Test("are records in the order of the file, whatever the pieces it is read in", arguments: [1, 2, 7, 64, 1000, 4096, 1 << 20])
  func pieces(stride: Int) throws {
    let (records, diagnostics) = try TextFile(Self.mixed).records(stride: stride)
    #expect(
      records == [
        Self.record(0, 1), Self.record(1, 2), Self.record(0, 3, "ä→" + String(repeating: "x", count: 3000)),
        "gap [0] 1000003000…1000004000 ?", "gap [1] 1000003000…1000004000 ?", "gap [0] 1000003000…1000012000 ?", Self.record(1, 4),
        "gap [1] 1000004000…1000009000 12", Self.record(1, 9), Self.record(2, 10),
        "gap [1] 1000010000…1000011000 ?", "gap [2] 1000010000…1000011000 ?", Self.record(1, 11), Self.record(0, 12),
        "gap [1] 1000012000…1000012000 ?", "gap [0] 1000012000…1000012000 ?"
      ])
    #expect(diagnostics.rows.map(\.kind) == [.lineNotUnderstood, .lostEvents])
    #expect(diagnostics.rows.map(\.count) == [4, 2])
    let garbage = try #require(Self.mixed.utf8.firstRange(of: "garbage".utf8)?.lowerBound)
    #expect(diagnostics.rows[0].offset == Self.mixed.utf8.distance(from: Self.mixed.startIndex, to: garbage))
    #expect(diagnostics.rows[0].detail == "`garbage`")
  }

  @Test("tell of losses in the words of perf script, too, and of other records nothing that counts")
  func perfRecords() throws {
    func line(_ cpu: Int, _ time: Int, _ rest: String) -> String { "   my [1] app   12 [00\(cpu)]     1.00000\(time): \(rest)\n" }
    let text = [
      line(0, 1, "irq:softirq_exit: vec=3"), line(1, 2, "irq:softirq_exit: vec=3"), line(0, 3, "PERF_RECORD_COMM: sh:12/12"),
      line(0, 4, "irq:softirq_exit: vec=3"), line(1, 5, "PERF_RECORD_LOST lost 22"), line(1, 5, "irq:softirq_exit: vec=3")
    ].joined()
    let (records, diagnostics) = try TextFile(text).records(stride: 64)
    #expect(records.count == 5)
    #expect(records[2] == "gap [1] 1000002000…1000005000 22")
    #expect(diagnostics.rows.map(\.kind) == [.lostEvents])
  }

  @Test("may go on in lines of their own where somebody wrote into the trace")
  func markers() throws {
    let marker = "            bash-8808    [000] .....  1.000002: tracing_mark_write: first"
    let (records, diagnostics) = try TextFile([Self.event(0, 1), marker, "second", "third", Self.event(0, 3)].joined(separator: "\n") + "\n").records(
      stride: 64)
    #expect(records.count == 3 && diagnostics.rows.isEmpty)
  }

  @Test("hold no zero bytes: where they do, pages of the file are gone")
  func zeroes() throws {
    let cut = Self.event(0, 2).dropLast(3) + String(repeating: "\0", count: 100) + Self.event(0, 4)
    let (records, diagnostics) = try TextFile([Self.event(0, 1), String(cut), Self.event(0, 5)].joined(separator: "\n") + "\n").records(stride: 64)
    #expect(records == [Self.record(0, 1), "gap [0] 1000001000…1000005000 ?", Self.record(0, 5)])
    #expect(diagnostics.rows.map(\.kind) == [.lineNotUnderstood])
  }

  @Test("may be as long as a trace's can be, and no longer", arguments: [1, 1 << 20])
  func longLines(stride: Int) throws {
    let spare = LineReader.longestLine - Self.event(0, 1, "").utf8.count
    let fits = Self.event(0, 1, String(repeating: "x", count: spare))
    let (records, diagnostics) = try TextFile("\(fits)\n\(fits)y\n\(Self.event(0, 2))\n\(fits)y").records(stride: stride)
    #expect(records.count == 4 && records[1].hasPrefix("gap [0]") && records[2] == Self.record(0, 2))
    #expect(diagnostics.rows.map(\.kind) == [.lineNotUnderstood] && diagnostics.rows.map(\.count) == [2])
    #expect(diagnostics.rows.first?.offset == LineReader.longestLine + 1)
  }

  @Test("need no newline at the end of the file", arguments: [1, 1 << 20])
  func unfinished(stride: Int) throws {
    let whole = Self.event(0, 1) + "\n"
    let (records, diagnostics) = try TextFile(whole + Self.event(0, 2)).records(stride: stride)
    #expect(records == [Self.record(0, 1), Self.record(0, 2)] && diagnostics.rows.isEmpty)
  }

  @Test("do not end in the middle of one", arguments: [1, 1 << 20])
  func cutShort(stride: Int) throws {
    let whole = Self.event(0, 1) + "\n"
    let (records, diagnostics) = try TextFile(whole + Self.event(0, 2).prefix(40)).records(stride: stride)
    #expect(records == [Self.record(0, 1)])
    #expect(diagnostics.rows.map(\.kind) == [.fileTooShort] && diagnostics.rows.first?.offset == whole.utf8.count)
  }

  @Test("of something else cost no event its place", arguments: [1, 1 << 20])
  func foreignLines(stride: Int) throws {
    let text = [Self.event(0, 1), "sshd: hello [42]", Self.event(1, 2), Self.event(0, 3)].joined(separator: "\n")
    let (records, diagnostics) = try TextFile(text).records(stride: stride)
    #expect(records == [Self.record(0, 1), Self.record(1, 2), Self.record(0, 3)])
    #expect(diagnostics.rows.map(\.kind) == [.lineNotUnderstood] && diagnostics.rows.map(\.count) == [1])
  }

  @Test("are in the order of time, or it is said")
  func order() throws {
    let head = "# tracer: nop\n#\n"
    let cpus = (0...1).map { cpu in (1...9).map { Self.event(cpu, $0 * 100_000 + cpu) + "\n" }.joined() }
    let together = (1...9).flatMap { time in (0...1).map { Self.record($0, time * 100_000 + $0) } }
    let file = try TextFile(head + cpus[0] + head + cpus[1])
    var recording = try Recording(paths: [file.path])
    var records: [String] = []
    while let record = recording.next() { records.append("\(record.time) [\(record.cpu)] " + Self.text(of: record, recording)) }
    #expect(records == together && recording.diagnostics.rows.isEmpty)
    let (_, diagnostics) = try TextFile(head + cpus[0] + cpus[1]).records(stride: 4096)
    #expect(diagnostics.rows.map(\.kind) == [.linesOutOfOrder])
  }

  @Test("of samples that are no tracepoints, or that name a period, are samples")
  func otherSamples() throws {
    let text = """
           swapper     0 [000]     1.000001:     250000 cpu-clock:  ffffffff81e3 native_safe_halt+0xe ([kernel.kallsyms])
               app    12 [001]     1.000002:          1 irq:softirq_exit: vec=3

      """
    let (records, diagnostics) = try TextFile(text).records(stride: 64)
    #expect(records.map { $0.prefix(14) } == ["1000001000 [0]", "1000002000 [1]"] && diagnostics.rows.isEmpty)
    #expect(withBytes(of: String(text.split(separator: "\n")[1])) { line in TextLine(line)?.name.bytes(of: line).text } == "softirq_exit")
  }

  @Test("say of losses between which events they were")
  func losses() throws {
    let text =
      [
        "CPU:0 [LOST 1 EVENTS]", Self.event(0, 5), "CPU:1 [3 EVENTS DROPPED]", "CPU:1 [4 EVENTS DROPPED]", Self.event(0, 6),
        Self.event(1, 7), "CPU:0 [LOST EVENTS]", "CPU:0 [LOST 5 EVENTS]", "CPU:3 [LOST 5 EVENTS]", Self.event(1, 8)
      ].joined(separator: "\n") + "\n"
    let (records, _) = try TextFile(text).records(stride: 4096)
    #expect(
      records == [
        "gap [0] 1000005000…1000005000 1", Self.record(0, 5), Self.record(0, 6), "gap [0] 1000006000…1000008000 ?",
        "gap [1] 1000007000…1000007000 7", Self.record(1, 7), Self.record(1, 8), "gap [3] 1000008000…1000008000 5"
      ])
  }

  @Test("tell of no more losses than there is room for, and leave none out")
  func manyLosses() throws {
    let text = (1...9).map { "CPU:0 [LOST 1 EVENTS]\n\(Self.event(0, $0))\n" }.joined()
    let file = try TextFile(text)
    var losses = TextLosses(file: try InputFile(path: file.path), stride: 4096, limit: 3)
    var gaps: [Gap] = []
    while let gap = losses.gap(before: Int.max) { gaps.append(gap) }
    #expect(gaps.map(\.after) == [1_000_001_000, 1_000_001_000, 1_000_002_000])
    #expect(gaps.map(\.before) == [1_000_001_000, 1_000_002_000, 1_000_009_000])
    #expect(gaps.map(\.events) == [1, 1, nil])
  }

  private static func text(of record: Record, _ recording: borrowing Recording) -> String { recording.bytes(of: record).text }

  @Test("come through a recording with what the file says of itself")
  func recording() throws {
    let file = try TextFile(
      "# tracer: nop\n#\n# entries-in-buffer/entries-written: 2/2   #P:2\n#\n\(Self.event(0, 1))\n\(Self.event(1, 2))\n")
    var recording = try Recording(paths: [file.path])
    #expect(recording.info.format == "ftrace text" && recording.info.cpus == 2 && recording.info.isText)
    let next = recording.next()
    let first = try #require(next)
    #expect(first.kind == .line && first.time == 1_000_001_000 && first.cpu == 0)
    #expect(Self.text(of: first, recording) == Self.event(0, 1))
    #expect(recording.line(of: first).pid == 0)
    let second = recording.next()
    #expect(second?.cpu == 1)
    let end = recording.next()
    #expect(end == nil && !recording.diagnostics.hasDamage)
  }

  @Test("are refused where they are no trace", arguments: ["hello\n", "# only a comment\n", "\u{7f}ELF\0\0\n"])
  func refusal(text: String) throws {
    let file = try TextFile(text)
    #expect(throws: ReadingError.self) { try Recording(paths: [file.path]) }
  }
}
