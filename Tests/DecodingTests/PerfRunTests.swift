import Foundation
import Support
import Testing

@testable import Decoding

/// Samples that are handed out as runs, over several CPUs and buffers, come as they do one by one, whatever part of them is taken.
@Suite("Runs of samples")
struct PerfRunTests {
  /// Rounds in which each CPU has samples of its own, some of which belong into the round before, with names of tasks, losses and samples of no
  /// tracepoint between them; and the times of the samples in order.
  private static func recording(_ random: inout SplitMix) -> (data: Data, times: [UInt64]) {
    var b = PerfDataBuilder()
    b.ids = [7, 8, 9]
    b.softwareIDs = [9]
    func once(in number: Int) -> Bool { Int.random(in: 0..<number, using: &random) == 0 }
    var last = [UInt64](repeating: 0, count: 5)
    var times: [UInt64] = []
    for round in 2...40 as ClosedRange<UInt64> {
      for cpu in last.indices where !once(in: 4) {
        let drawn = (0..<Int.random(in: 0..<150, using: &random)).map { _ in UInt64.random(in: 0..<150_000, using: &random) }
        // No two CPUs have the same times.
        let own = drawn.map { (round * 100_000 - $0) * 8 + UInt64(cpu) }.filter { $0 > last[cpu] }.sorted()
        for time in own {
          b.records.append(b.sample(time: time, cpu: UInt32(cpu), id: once(in: 2) ? 7 : 8, vector: UInt32(time % 10)))
          if once(in: 200) { b.records.append(b.comm(time: time, tid: 1, "task")) }
          if once(in: 300) { b.records.append(b.lost(time: time, cpu: UInt32(cpu), count: 3)) }
          if once(in: 100) { b.records.append(b.sample(time: time, cpu: UInt32(cpu), id: 9)) }
        }
        times += own
        last[cpu] = own.last ?? last[cpu]
      }
      b.records.append(b.finishedRound)
    }
    return (b.build(), times.sorted())
  }

  /// What `record`, the last one of `recording`, says.
  static func line(_ record: Record, _ recording: borrowing Recording) -> String {
    let vector = recording.bytes(of: record).integer(UInt32.self, at: 8, recording.order(ofStream: record.stream)) ?? 0
    return record.kind == .gap
      ? "gap [\(record.cpu)] \(recording.gap.after)…\(recording.gap.before)" : "\(record.time) [\(record.cpu)] vec=\(vector)"
  }

  /// Every record of `recording`, by runs of at most `limit`, of which `take` says how many are taken of how many; and the longest one.
  private static func runs(
    _ recording: inout Recording, limit: Int, _ take: (Int) -> Int
  ) -> (lines: [String], most: (samples: Int, parts: Int, buffers: Int)) {
    var lines: [String] = []
    var most = (samples: 0, parts: 0, buffers: 0)
    while true {
      guard let run = recording.nextRun(limit: limit) else {
        guard let record = recording.next() else { return (lines, most) }
        lines.append(line(record, recording))
        continue
      }
      let (records, parts, buffers) = recording.withEntries { entries, parts, _ in
        let all = parts.indices.flatMap { part in parts[part].entries.map { parts[part].record(entries[$0]) } }
        return (all, parts.count, Set(parts.indices.map { parts[$0].buffer }).count)
      }
      #expect(records.count == run.count && run.count <= limit)
      most = (max(most.samples, run.count), max(most.parts, parts), max(most.buffers, buffers))
      let taken = take(run.count)
      lines += records.prefix(taken).map { line($0, recording) }
      #expect(recording.take(taken, of: run) == records[taken - 1].time)
    }
  }

  @Test("are what comes one by one", arguments: 1...12)
  func sameRecords(seed: UInt64) throws {
    var random = SplitMix(state: seed)
    let (data, times) = Self.recording(&random)
    let file = try TextFile(Array(data))
    var recording = try Recording(paths: [file.path])
    var expected: [String] = []
    while let record = recording.next() { expected.append(Self.line(record, recording)) }
    #expect(expected.filter { !$0.hasPrefix("gap") }.map { $0.prefix { $0 != " " } } == times.map { "\($0)" })
    #expect(recording.diagnostics.rows.allSatisfy { [.lostEvents, .otherSamples].contains($0.kind) })
    for limit in [1, 7, 100, 10_000] {
      var whole = try Recording(paths: [file.path])
      let (lines, most) = Self.runs(&whole, limit: limit) { $0 }
      #expect(lines == expected)
      if limit == 10_000 { #expect(most.samples > 100 && most.parts > 20 && most.buffers > 1) }
      var some = try Recording(paths: [file.path])
      #expect(Self.runs(&some, limit: limit) { Int.random(in: 1...$0, using: &random) }.lines == expected)
    }
  }
}
