import Bytes
import Foundation
import Support
import Testing

@testable import Decoding

@Suite("A perf.data")
struct PerfDataTests {
  /// What a recording of `data` hands out, one string for each record, what it says of itself, and what it complains of.
  static func read(_ data: Data) throws -> (records: [String], recording: Recording) {
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("perf.data")
    try data.write(to: path)
    var recording = try Recording(paths: [path.path])
    var records: [String] = []
    while let record = recording.next(), records.count < 100_000 {
      switch record.kind {
      case .gap: records.append("gap [\(record.cpu)] \(recording.gap.after)…\(recording.gap.before) \(recording.gap.events.map(String.init) ?? "?")")
      case .line: records.append("line")
      case .stack: records.append(stack(record, recording))
      case .event: records.append(line(record, recording))
      }
    }
    return (records, recording)
  }

  private static func stack(_ record: Record, _ recording: borrowing Recording) -> String {
    recording.bytes(of: record).integer(UInt64.self, at: 8) == 0x1000 ? "stack" : "another stack"
  }

  private static func line(_ record: Record, _ recording: borrowing Recording) -> String {
    let vector = recording.bytes(of: record).integer(UInt32.self, at: 8, recording.order(ofStream: record.stream)) ?? 0
    let sample = recording.sample(of: record)
    return "\(record.time) [\(record.cpu)] \(sample?.comm ?? "") \(sample?.event ?? "") vec=\(vector)"
  }

  private static let variants: [PerfDataBuilder] = [false, true].flatMap { isBigEndian in
    [false, true].map { isPipe in
      var builder = PerfDataBuilder()
      builder.isBigEndian = isBigEndian
      builder.isPipe = isPipe
      return builder
    }
  }

  @Test("is read in both byte orders, of files and pipes, with attributes of any size", arguments: [64, 72, 96, 128, 136, 200])
  func isRead(attributeSize: Int) throws {
    for variant in Self.variants {
      var b = variant
      b.attributeSize = attributeSize
      b.records = [b.comm(time: 0, tid: 1, "init"), b.sample(time: 1000, cpu: 1), b.sample(time: 2000, cpu: 0, tid: 5, vector: 9)]
      let (records, recording) = try Self.read(b.build())
      #expect(records == ["1000 [1] init irq:softirq_raise vec=3", "2000 [0] :5 irq:softirq_raise vec=9"])
      #expect(recording.info.format == (b.isPipe ? "perf.data pipe" : "perf.data"))
      #expect(recording.info.kernel == "6.1.0" && recording.info.clock == "perf")
      #expect(recording.diagnostics.rows.isEmpty)
    }
  }

  @Test("has samples of whatever parts were asked for", arguments: [0x486, 0x487, 0x1_0586, 0x7c7, 0x7d7, 0x7f7, 0x1_07ff] as [UInt64])
  func sampleParts(type: UInt64) throws {
    for variant in Self.variants {
      var b = variant
      b.sampleType = type
      b.ids = type & 0x1_0040 == 0 ? [7] : [7, 8]
      b.records = [b.sample(time: 1000, cpu: 1), b.sample(time: 2000, cpu: 0, id: b.ids.last, vector: 9), b.lost(time: 3000, cpu: 1, count: 2)]
      let (records, _) = try Self.read(b.build())
      #expect(
        records == ["1000 [1] :1 irq:softirq_raise vec=3", "gap [1] 1000…3000 2", "2000 [0] :1 irq:softirq_raise vec=9"], "type \(type)")
    }
  }

  @Test("is brought into the order of time, round by round")
  func order() throws {
    var b = PerfDataBuilder()
    let times: [[UInt64]] = [[10, 30, 40, 20, 35], [50, 70, 45, 60], [80, 75]]
    b.records = times.flatMap { round in round.map { b.sample(time: $0, cpu: 0) } + [b.finishedRound] }
    let (records, recording) = try Self.read(b.build())
    #expect(records.map { $0.prefix { $0 != " " } } == [10, 20, 30, 35, 40, 45, 50, 60, 70, 75, 80].map { "\($0)" })
    #expect(recording.diagnostics.rows.isEmpty)
  }

  @Test("has losses where they happened, however late it tells of them")
  func lateLoss() throws {
    for variant in Self.variants {
      var b = variant
      let rounds = [
        [b.sample(time: 1000), b.sample(time: 1001, cpu: 1)], [b.sample(time: 2000)], [b.sample(time: 3000)],
        [b.sample(time: 4100), b.lost(time: 4000, cpu: 1, count: 5), b.sample(time: 4001, cpu: 1)], [b.lost(time: 5000, cpu: 2, count: 1)]
      ]
      b.records = rounds.flatMap { $0 + [b.finishedRound] }
      let (records, recording) = try Self.read(b.build())
      #expect(
        records.map { $0.split(separator: ":")[0] } == [
          "1000 [0] ", "1001 [1] ", "gap [1] 1001…4000 5", "2000 [0] ", "3000 [0] ", "4001 [1] ", "4100 [0] ", "gap [2] 5000…5000 1"
        ])
      #expect(recording.diagnostics.rows.map(\.kind) == [.lostEvents] && recording.diagnostics.rows[0].count == 2)
    }
  }

  @Test("is read without being looked through for losses first, and ends where there is one after all")
  func unexpectedLosses() throws {
    for lost in [false, true] {
      var b = PerfDataBuilder()
      b.records = (0..<100).flatMap { [b.sample(time: 1000 + $0 * 10), b.sample(time: 1001 + $0 * 10, cpu: 1), b.finishedRound] }
      if lost { b.records.insert(b.lost(time: 1500, cpu: 1, count: 5), at: 150) }
      let file = try TextFile(Array(b.build()))
      var recording = try Recording(paths: [file.path], assumesNoLosses: true)
      var count = 0
      while recording.next() != nil { count += 1 }
      #expect(recording.hasUnexpectedLosses == lost && (lost ? count < 200 : count == 200))
      var again = try recording.reopened()
      var gaps = 0
      (count, gaps) = (0, 0)
      while let record = again.next() { if record.kind == .gap { gaps += 1 } else { count += 1 } }
      #expect(!again.hasUnexpectedLosses && count == 200 && gaps == (lost ? 1 : 0))
    }
  }

  private static let second: UInt64 = 1_000_000_000

  @Test("passes over a sample whose time cannot be, and has everything else in its place", arguments: [900_000, 2] as [UInt64], [1, 2, 5])
  func impossibleTime(seconds: UInt64, place: Int) throws {
    var b = PerfDataBuilder()
    var times = (0..<8).map { (100 + UInt64($0) / 4) * Self.second + UInt64($0) * 10 }
    times[place] = seconds * Self.second
    b.records = times.enumerated().flatMap { index, time in
      [b.sample(time: time), b.sample(time: 100 * Self.second + UInt64(index) * 200_000_000, cpu: 1), b.finishedRound]
    }
    let (records, recording) = try Self.read(b.build())
    let read = records.filter { !$0.hasPrefix("gap") }.compactMap { UInt64($0.prefix { $0 != " " }) }
    #expect(read.count == 15 && read == read.sorted() && !read.contains(times[place]))
    #expect(records.filter { $0.hasPrefix("gap") } == ["gap [0] \(times[place - 1])…\(times[place + 1]) 1"])
    #expect(recording.diagnostics.rows.map(\.kind) == [.recordDamaged] && recording.diagnostics.rows[0].count == 1)
  }

  @Test("begins with a sample whose time cannot be")
  func impossibleFirstTime() throws {
    var b = PerfDataBuilder()
    b.records = [900, 100, 101, 102].map { b.sample(time: $0 * Self.second) }
    let (records, recording) = try Self.read(b.build())
    #expect(records.map { $0.prefix { $0 != " " } } == ["gap", "100000000000", "101000000000", "102000000000"])
    #expect(recording.diagnostics.rows.map(\.kind) == [.recordDamaged])
  }

  @Test("passes over samples that come too late, and says what that makes doubtful")
  func lateSamples() throws {
    var b = PerfDataBuilder()
    b.records = [1000, 2000, 3000, 4000, 5000].flatMap { [b.sample(time: $0), b.sample(time: $0 + 1, cpu: 1), b.finishedRound] }
    b.records.insert(contentsOf: [b.sample(time: 1500), b.sample(time: 1600)], at: 12)
    let (records, recording) = try Self.read(b.build())
    let times = records.filter { !$0.hasPrefix("gap") }.map { $0.prefix { $0 != " " } }
    #expect(times == [1000, 2000, 3000, 4000, 5000].flatMap { ["\($0)", "\($0 + 1)"] })
    #expect(records.filter { $0.hasPrefix("gap") } == ["gap [0] 4000…5000 ?", "gap [1] 4001…5001 ?"])
    #expect(recording.diagnostics.rows.map(\.kind) == [.recordsOutOfOrder] && recording.diagnostics.rows[0].count == 2)
  }

  @Test("may have a clock that somebody set back")
  func clockWasSet() throws {
    var b = PerfDataBuilder()
    let before = (0..<20).map { 100 * Self.second + $0 * 10 }
    let after = (0..<3000).map { 90 * Self.second + $0 * 1_000_000 }
    b.records = (before + after).enumerated().flatMap { [b.sample(time: $1, cpu: UInt32($0 % 2))] + ($0 % 5 == 4 ? [b.finishedRound] : []) }
    let (records, recording) = try Self.read(b.build())
    let times = records.filter { !$0.hasPrefix("gap") }.compactMap { UInt64($0.prefix { $0 != " " }) }
    // Nobody knows at once that the clock was set; but not everything behind it is lost.
    #expect(times.starts(with: before) && after.suffix(1900).elementsEqual(times.suffix(1900)))
    #expect(recording.diagnostics.rows.map(\.kind) == [.recordsOutOfOrder] && recording.diagnostics.rows[0].count <= 1001)
    #expect(records.contains { $0.hasPrefix("gap [0] ") } && records.contains { $0.hasPrefix("gap [1] ") })
  }

  @Test("has the callchains of wakeups behind them", arguments: [false, true])
  func callchains(isPipe: Bool) throws {
    let small = try SmallRecording()
    let (plain, _) = try Self.read(small.perfData(isPipe: isPipe).file)
    let (records, recording) = try Self.read(small.perfData(isPipe: isPipe, hasCallchains: true).file)
    #expect(plain.count > 500 && recording.diagnostics.rows.isEmpty)
    #expect(records.count == 2 * plain.count)
    #expect(stride(from: 1, to: records.count, by: 2).allSatisfy { records[$0] == "stack" })
  }

  @Test("names tasks as they were called at the time")
  func names() throws {
    var b = PerfDataBuilder()
    b.records = [
      b.comm(time: 0, tid: 10, "sh"), b.sample(time: 100, tid: 10), b.sample(time: 140, tid: 11), b.comm(time: 150, tid: 11, "ls"),
      b.sample(time: 160, tid: 11), b.fork(time: 120, tid: 11, parent: 10), b.sample(time: 170, tid: 0), b.fork(time: 180, tid: 11, parent: 99),
      b.sample(time: 190, tid: 11)
    ]
    let (records, _) = try Self.read(b.build())
    #expect(records.map { $0.split(separator: " ")[2] } == ["sh", "sh", "ls", "swapper", ":11"])
  }

  @Test("may hold records that nobody knows, data of AUX buffers and losses")
  func otherRecords() throws {
    for variant in Self.variants {
      var b = variant
      let aux = b.record(71, b.bytes(UInt64(48)) + Data(count: 32)) + Data(repeating: 0xff, count: 48)
      b.records = [
        b.sample(time: 1000), b.record(31, Data(count: 24)), aux, b.record(95, Data()), b.lost(time: 1500, cpu: 0, count: 12),
        b.sample(time: 1600), b.record(13, b.bytes(UInt64(4)) + b.trailer(time: 1700)),
        b.record(13, misc: 0x8000, b.bytes(UInt64(4)) + b.trailer(time: 1700))
      ]
      let (records, recording) = try Self.read(b.build())
      #expect(records.map { $0.prefix(12) } == ["1000 [0] :1 ", "gap [0] 1000", "1600 [0] :1 ", "gap [0] 1600"])
      #expect(recording.diagnostics.rows.map(\.kind) == [.lostEvents] && recording.diagnostics.rows[0].count == 2)
    }
  }

  @Test("of a recorder that was killed is read to its end, though nothing says what its events are")
  func unfinished() throws {
    var b = PerfDataBuilder()
    b.isUnfinished = true
    b.records = [b.sample(time: 1000), b.sample(time: 2000)]
    let (records, recording) = try Self.read(b.build())
    #expect(records == ["1000 [0] :1  vec=3", "2000 [0] :1  vec=3", "gap [0] 2000…\(UInt64.max) ?"])
    #expect(recording.diagnostics.rows.map(\.kind) == [.formatsMissing, .fileTooShort])
  }

  @Test("counts the samples that are of no tracepoint, or of no event at all")
  func otherSamples() throws {
    for variant in Self.variants {
      var b = variant
      b.ids = [7, 8]
      b.softwareIDs = [8]
      b.records = [b.sample(time: 1000), b.sample(time: 1100, id: 8), b.sample(time: 1200, id: 8), b.sample(time: 1300, id: 9), b.sample(time: 1400)]
      let (records, recording) = try Self.read(b.build())
      #expect(records.map { $0.prefix(4) } == ["1000", "1400"])
      #expect(recording.diagnostics.rows.map(\.kind) == [.otherSamples, .unknownEvent])
      #expect(recording.diagnostics.rows.map(\.count) == [2, 1])
      #expect(!recording.diagnostics.hasDamage)
    }
  }

  @Test("with a record that cannot be is read on behind it")
  func damagedRecord() throws {
    var b = PerfDataBuilder()
    let short = b.record(9, Data(count: 8))
    b.records = [b.sample(time: 1000), b.record(9, size: 4, Data(count: 40)), b.sample(time: 2000), short, b.sample(time: 3000)]
    let whole = b.build()
    let (records, recording) = try Self.read(whole)
    #expect(records.map { $0.prefix(4) } == ["1000", "gap ", "2000", "gap ", "3000"])
    #expect(recording.diagnostics.rows.map(\.kind) == [.recordDamaged, .sampleTooShort])
    #expect(recording.diagnostics.rows.first?.offset == 104 + 8 + 144 + b.records[0].count)
  }

  @Test("of several threads is a directory, whose files are one recording")
  func directory() throws {
    var b = PerfDataBuilder()
    b.isDirectory = true
    b.records = [b.comm(time: 0, tid: 1, "init"), b.finishedRound]
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    try b.build().write(to: folder.appendingPathComponent("data"))
    #expect(throws: ReadingError.self) { try Recording(paths: [folder.path]) }
    let parts = [
      [b.sample(time: 1000), b.sample(time: 5000), b.sample(time: 9000)],
      [b.sample(time: 2000, cpu: 1), b.lost(time: 7000, cpu: 1, count: 3), b.sample(time: 8000, cpu: 1), b.comm(time: 8500, tid: 1, "late")]
    ]
    for (number, records) in parts.enumerated() { try records.reduce(Data(), +).write(to: folder.appendingPathComponent("data.\(number)")) }
    try Data().write(to: folder.appendingPathComponent("data.2"))
    for path in [folder.path, folder.appendingPathComponent("data").path] {
      var recording = try Recording(paths: [path])
      var records: [String] = []
      while let record = recording.next() {
        let comm = recording.sample(of: record)?.comm
        records.append(
          record.kind == .gap ? "gap [\(record.cpu)] \(recording.gap.after)…\(recording.gap.before)" : "\(record.time) [\(record.cpu)] \(comm ?? "")")
      }
      #expect(records == ["1000 [0] init", "2000 [1] init", "gap [1] 2000…7000", "5000 [0] init", "8000 [1] init", "9000 [0] late"])
      #expect(recording.diagnostics.rows.map(\.kind) == [.lostEvents])
    }
  }

  @Test("of version 1 is refused with a sentence")
  func oldVersion() throws {
    #expect(throws: ReadingError.self) { try Self.read(Data("PERFFILE".utf8) + Data(count: 100)) }
    #expect(FileKind(ByteBuffer(Array("ELIFFREP".utf8)).bytes) == .oldPerfData)
  }

  @Test("that is cut anywhere is read as far as it goes")
  func everyPrefix() throws {
    for variant in Self.variants {
      var b = variant
      b.records = (0..<40).map { b.sample(time: 1000 + UInt64($0), cpu: UInt32($0 % 2)) } + [b.finishedRound, b.lost(time: 2000, cpu: 1, count: 1)]
      let whole = b.build()
      var last = 0
      for length in stride(from: 0, through: whole.count, by: 37) {
        let found = (try? Self.read(whole.prefix(length)).records.filter { !$0.hasPrefix("gap") }.count) ?? 0
        #expect(found >= last, "cut at byte \(length)")
        last = found
      }
      #expect(try Self.read(whole).records.count == 41)
    }
  }

  @Test("that was hit by chance does not crash", arguments: 0..<4)
  func flippedBits(seed: UInt64) throws {
    var b = Self.variants[Int(seed)]
    b.records =
      (0..<20).map { b.sample(time: 1000 + UInt64($0)) } + [b.finishedRound, b.lost(time: 2000, cpu: 1, count: 1), b.fork(time: 9, tid: 2, parent: 1)]
    let whole = b.build()
    var state = seed &* 7919 &+ 17
    func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    for _ in 0..<250 {
      var damaged = whole
      for _ in 0...random(4) { damaged[random(damaged.count)] ^= UInt8(1 << random(8)) }
      _ = try? Self.read(damaged)
    }
  }
}
