import Foundation
import Support
import Testing

/// What is read is not allocated for: a recording that is longer takes no more allocations.
@Suite struct AllocationTests {
  private static let folder = Repository.root.appendingPathComponent("Tests/Interposer")

  /// The most allocations for each event, by recording.
  private static let thresholds: [(recording: String, most: Double)] = {
    let text = (try? String(contentsOf: folder.appendingPathComponent("allocations.txt"), encoding: .utf8)) ?? ""
    return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap { line in
      let words = line.split(separator: " ")
      return words.count == 2 ? Double(words[1]).map { (String(words[0]), $0) } : nil
    }
  }()

  /// Allocations and events of a report of `file`, counted by the preloaded `counter`.
  private func count(_ file: URL, _ counter: URL, jobs: Int) throws -> (allocations: Int, events: Int) {
    let answer = file.deletingLastPathComponent().appendingPathComponent("count")
    let result = try Tool.run(
      "env",
      [
        "ALLOCATIONS=\(answer.path)", "LD_PRELOAD=\(counter.path)", Repository.wakepath, "report", "--json", "--jobs", "\(jobs)", file.path
      ])
    let report = try JSONSerialization.jsonObject(with: result.output) as? [String: Any]
    let events = try #require((report?["trace"] as? [String: Any])?["events"] as? Int, "\(result.errors)")
    let allocations = try String(contentsOf: answer, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
    return (try #require(Int(allocations)), events)
  }

  @Test func thereAreThresholds() { #expect(Self.thresholds.count >= 3) }

  @Test(.enabled(if: Tool.isInstalled("cc"), "cc is not installed"), arguments: Self.thresholds.map(\.recording))
  func eventsAllocateNothing(recording: String) throws {
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    let counter = folder.appendingPathComponent("allocations.so")
    let compiled = try Tool.run(
      "cc", ["-shared", "-fPIC", "-O2", "-o", counter.path, Self.folder.appendingPathComponent("allocations.c").path])
    try #require(compiled.status == 0, "\(compiled.errors)")
    let most = try #require(Self.thresholds.first { $0.recording == recording }?.most)
    let data = try Data(contentsOf: Repository.root.appendingPathComponent("Traces/\(recording)/trace.dat"))
    for jobs in [1, 2] {
      var counts: [(allocations: Int, events: Int)] = []
      for times in [20, 60] {
        let file = folder.appendingPathComponent("\(times).dat")
        try #require(TraceStretcher.stretch(data, times: times)).write(to: file)
        counts.append(try count(file, counter, jobs: jobs))
      }
      let each = Double(counts[1].allocations - counts[0].allocations) / Double(counts[1].events - counts[0].events)
      #expect(counts[0].allocations > 1000, "the counter counts")
      #expect(each <= most, "\(each) allocations for each event with \(jobs) threads")
    }
  }
}
