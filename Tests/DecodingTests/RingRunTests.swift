import Foundation
import Support
import Testing

@testable import Decoding

/// Events of ring buffers that are handed out as runs, over several CPUs, come as they do one by one, whatever part of them is taken.
@Suite("Runs of ring-buffer events")
struct RingRunTests {
  /// Pages of five CPUs that come by turns, with losses between pages, equal times, and clocks that step back a little from page to page.
  private static func recording(_ random: inout SplitMix) -> Data {
    var b = TraceDatBuilder()
    b.formats = [("irq", [TraceDatBuilder.softirqRaiseFormat])]
    func once(in number: Int) -> Bool { Int.random(in: 0..<number, using: &random) == 0 }
    b.cpus = (0..<5).map { _ in
      var time: UInt64 = 1000
      return (0..<Int.random(in: 0..<12, using: &random)).map { _ in
        if once(in: 3), time > 1010 { time -= UInt64.random(in: 0..<10, using: &random) }
        let start = time
        let entries = (0..<Int.random(in: 0..<150, using: &random)).map { _ in
          let delta = once(in: 4) ? 0 : once(in: 10) ? UInt32.random(in: 0..<3000, using: &random) : UInt32.random(in: 0..<40, using: &random)
          time += UInt64(delta)
          return b.softirqRaise(delta: delta, vector: UInt32.random(in: 0..<10, using: &random))
        }
        return b.page(time: start, flags: once(in: 8) ? 1 << 31 : 0, entries)
      }
    }
    return b.build()
  }

  /// Every record of `recording`, by runs of at most `limit`, of which `take` says how many are taken of how many; and the most parts of one.
  private static func runs(_ recording: inout Recording, limit: Int, _ take: (Int) -> Int) -> (lines: [String], parts: Int) {
    var lines: [String] = []
    var most = 0
    while true {
      guard let run = recording.nextRun(limit: limit) else {
        guard let record = recording.next() else { return (lines, most) }
        lines.append(PerfRunTests.line(record, recording))
        continue
      }
      let (records, parts) = recording.withEntries { entries, parts, _ in
        (parts.indices.flatMap { part in parts[part].entries.map { parts[part].record(entries[$0]) } }, parts.count)
      }
      #expect(records.count == run.count && run.count <= limit)
      most = max(most, parts)
      let taken = take(run.count)
      lines += records.prefix(taken).map { PerfRunTests.line($0, recording) }
      #expect(recording.take(taken, of: run) == records[taken - 1].time)
    }
  }

  @Test("are what comes one by one", arguments: 1...20)
  func sameRecords(seed: UInt64) throws {
    var random = SplitMix(state: seed)
    let file = try TextFile(Array(Self.recording(&random)))
    var recording = try Recording(paths: [file.path])
    var expected: [String] = []
    while let record = recording.next() { expected.append(PerfRunTests.line(record, recording)) }
    for limit in [1, 7, 100, 10_000] {
      var whole = try Recording(paths: [file.path])
      let (lines, parts) = Self.runs(&whole, limit: limit) { $0 }
      #expect(lines == expected)
      if limit == 10_000, expected.count > 1000 { #expect(parts > 10) }
      var some = try Recording(paths: [file.path])
      #expect(Self.runs(&some, limit: limit) { Int.random(in: 1...$0, using: &random) }.lines == expected)
    }
  }
}
