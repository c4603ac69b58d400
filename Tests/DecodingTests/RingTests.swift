import Foundation
import Support
import Testing

@testable import Decoding

/// Ring-buffer pages: every kind of entry, every broken rule.
@Suite struct RingTests {
  /// The records of a file with these pages on CPU 0, and what was wrong with it.
  private func read(_ builder: TraceDatBuilder) throws -> (records: [Record], gaps: [Gap], kinds: [DiagnosticKind]) {
    var builder = builder
    builder.formats = [("irq", [TraceDatBuilder.softirqRaiseFormat])]
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("trace.dat")
    try builder.build().write(to: path)
    var recording = try Recording(paths: [path.path])
    var records: [Record] = []
    var gaps: [Gap] = []
    while let record = recording.next() {
      if record.kind == .gap { gaps.append(recording.gap) } else { records.append(record) }
    }
    return (records, gaps, recording.diagnostics.rows.map(\.kind))
  }

  @Test(arguments: [false, true])
  func timesAddUp(isBigEndian: Bool) throws {
    var b = TraceDatBuilder()
    b.isBigEndian = isBigEndian
    b.cpus = [
      [
        b.page(
          time: 1000,
          [
            b.softirqRaise(delta: 0, vector: 3), b.softirqRaise(delta: 5, vector: 3), b.extend(1 << 40), b.softirqRaise(delta: 7, vector: 3)
          ])
      ]
    ]
    let (records, gaps, kinds) = try read(b)
    let third: UInt64 = 1005 + (1 << 40) + 7
    #expect(records.map(\.time) == [1000, 1005, third])
    #expect(records.allSatisfy { $0.length == 12 })
    #expect(gaps.isEmpty && kinds.isEmpty)
  }

  @Test func absoluteTimesKeepTheTopBitsOfThePage() throws {
    var b = TraceDatBuilder()
    let top: UInt64 = 0x18 << 56
    let stamp = b.word(type: 31, delta: 77) + b.bytes(UInt32(3))
    b.cpus = [[b.page(time: top | 5, [stamp, b.softirqRaise(delta: 1, vector: 3)])]]
    #expect(try read(b).records.map(\.time) == [top | (3 << 27) + 78])
  }

  @Test func paddingIsPassedOver() throws {
    var b = TraceDatBuilder()
    let deleted = b.word(type: 29, delta: 4) + b.bytes(UInt32(8)) + Data(count: 4)
    let rest = b.word(type: 29, delta: 0) + b.bytes(UInt32(99_999))
    b.cpus = [
      [b.page(time: 100, [deleted, b.softirqRaise(delta: 1, vector: 3), rest]), b.page(time: 200, [b.softirqRaise(delta: 0, vector: 3)])]
    ]
    let (records, _, kinds) = try read(b)
    #expect(records.map(\.time) == [105, 200])
    #expect(kinds.isEmpty)
  }

  @Test func longEntriesHaveTheirLengthInAWordOfItsOwn() throws {
    var b = TraceDatBuilder()
    b.cpus = [[b.page(time: 1, [b.entry(delta: 0, Data(count: 201)), b.softirqRaise(delta: 2, vector: 1)])]]
    #expect(try read(b).records.map(\.length) == [204, 12])
  }

  @Test func lossesStandBetweenTheEventsAroundThem() throws {
    var b = TraceDatBuilder()
    b.cpus = [
      [
        b.page(time: 100, [b.softirqRaise(delta: 0, vector: 3)]),
        b.page(time: 200, flags: 1 << 31 | 1 << 30, missed: 12, [b.softirqRaise(delta: 0, vector: 3)]),
        b.page(time: 300, flags: 1 << 31, [b.softirqRaise(delta: 0, vector: 3)])
      ]
    ]
    let (records, gaps, kinds) = try read(b)
    #expect(records.count == 3)
    #expect(gaps == [Gap(cpu: 0, after: 100, before: 200, events: 12), Gap(cpu: 0, after: 200, before: 300, events: nil)])
    #expect(kinds == [.lostEvents])
  }

  @Test func cpusAreMergedInTimeOrder() throws {
    var b = TraceDatBuilder()
    b.cpus = [
      [b.page(time: 10, [10, 0, 25].map { b.softirqRaise(delta: $0, vector: 3) })],
      [b.page(time: 15, [0, 5, 100].map { b.softirqRaise(delta: $0, vector: 3) })],
      []
    ]
    let records = try read(b).records
    #expect(records.map(\.time) == [15, 20, 20, 20, 45, 120])
    #expect(records.map(\.cpu) == [1, 0, 0, 1, 0, 1])
  }

  @Test func aPageThatClaimsTooMuchIsPassedOver() throws {
    var b = TraceDatBuilder()
    b.cpus = [
      [
        b.page(time: 100, lengthSays: 5000, [b.softirqRaise(delta: 0, vector: 3)]),
        b.page(time: 200, [b.softirqRaise(delta: 0, vector: 3)])
      ]
    ]
    let (records, gaps, kinds) = try read(b)
    #expect(records.map(\.time) == [200])
    #expect(gaps.count == 1)
    #expect(kinds == [.pageCommitTooLong])
  }

  @Test func aZeroedPageIsNamed() throws {
    var b = TraceDatBuilder()
    b.cpus = [[b.page(time: 0, [b.softirqRaise(delta: 0, vector: 3)]), b.page(time: 200, [b.softirqRaise(delta: 0, vector: 3)])]]
    let (records, _, kinds) = try read(b)
    #expect(records.map(\.time) == [200])
    #expect(kinds == [.pageZeroTime])
  }

  @Test func aPageThatIsAllZeroesIsALoss() throws {
    var b = TraceDatBuilder()
    b.cpus = [[b.page(time: 100, [b.softirqRaise(delta: 0, vector: 3)]), Data(count: 4096), b.page(time: 200, [b.softirqRaise(delta: 0, vector: 3)])]]
    let (records, gaps, kinds) = try read(b)
    #expect(records.map(\.time) == [100, 200])
    #expect(gaps.map(\.after) == [100] && kinds == [.pageZeroTime])
  }

  @Test func entriesBehindThePageAreNamed() throws {
    var b = TraceDatBuilder()
    let tooLong = b.word(type: 0, delta: 1) + b.bytes(UInt32(4000))
    let noLength = b.word(type: 0, delta: 1) + b.bytes(UInt32(0))
    b.cpus = [
      [
        b.page(time: 100, [b.softirqRaise(delta: 0, vector: 3), tooLong]), b.page(time: 200, [noLength]),
        b.page(time: 300, [b.softirqRaise(delta: 0, vector: 3)])
      ]
    ]
    let (records, gaps, kinds) = try read(b)
    #expect(records.map(\.time) == [100, 300])
    #expect(gaps.count == 2)
    #expect(kinds == [.eventTooLong, .eventZeroLength])
  }

  @Test func unknownOptionsAreSteppedOver() throws {
    var b = TraceDatBuilder()
    b.options = [(999, Data(count: 33)), (4, Data("local global [mono]\0".utf8)), (5, Data("Linux host 6.12.1 #1 SMP x86_64\0".utf8))]
    b.cpus = [[b.page(time: 1, [b.softirqRaise(delta: 0, vector: 3)])]]
    b.formats = [("irq", [TraceDatBuilder.softirqRaiseFormat])]
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("trace.dat")
    try b.build().write(to: path)
    let recording = try Recording(paths: [path.path])
    #expect(recording.info.clock == "mono")
    #expect(recording.info.kernel == "6.12.1")
  }
}
