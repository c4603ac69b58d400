import Foundation
import Glibc
import Support
import Testing

/// Small files of every format, cut, hit and zeroed. WAKEPATH_DAMAGE=all tries every place (`make damage`), otherwise one of sixteen is.
@Suite("A damaged file")
struct DamageCampaignTests {
  static let isThorough = ProcessInfo.processInfo.environment["WAKEPATH_DAMAGE"] == "all"
  static let seed = ProcessInfo.processInfo.environment["WAKEPATH_SEED"].flatMap { UInt64($0) } ?? 20_261_124

  @Test("does not crash, hang or use up memory, and what is undamaged is still right", arguments: SampleFormat.allCases)
  func library(format: SampleFormat) async throws {
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    let share = Self.isThorough ? 1 : 16
    // A process of its own, which a crash, the alarm clock or the limit of memory ends.
    await #expect(processExitsWith: .success) {
      [path = folder.path as String, format = format as SampleFormat, share = share as Int, seed = Self.seed as UInt64] in
      var campaign = try Campaign(format, folder: path)
      try campaign.run(seed: seed, share: share)
    }
    let last = (try? String(contentsOf: folder.appendingPathComponent("case"), encoding: .utf8)) ?? "none"
    if !last.hasPrefix("done") {
      Issue.record("\(format), seed \(Self.seed): died at \(last)")
    } else {
      print("\(format), seed \(Self.seed): \(last)")
    }
  }
}

/// The command itself over some of the same damage: what it prints, how it ends and how much memory it takes.
@Suite("The command with a damaged file")
struct DamagedCommandTests {
  @Test("ends with status 0 or 3 and a sentence, in time and within its memory", arguments: SampleFormat.allCases)
  func command(format: SampleFormat) throws {
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("damaged").path
    let sample = try Sample(format, SmallRecording())
    let cases = Damage.all(of: sample.data.count, seed: DamageCampaignTests.seed &+ 1, share: DamageCampaignTests.isThorough ? 16 : 256)
    let chosen = DamageCampaignTests.isThorough ? cases : stride(from: 0, to: cases.count, by: 5).map { cases[$0] }
    let limit = try Self.addressSpace(sample, path)
    for (index, damage) in chosen.enumerated() {
      try sample.write(damage.applied(to: sample.data), to: path)
      let command = [["report", "--json"], ["packets", "--json"], ["events"], ["events", "--json"], ["report"]][index % 5]
      let result = try Self.run(command, path, addressSpace: limit)
      #expect(result.status == 0 || result.status == 3, "\(format), \(command), \(damage): status \(result.status) \(result.errors)")
      #expect(result.status == 0 || result.errors.contains(path), "\(format), \(command), \(damage): \(result.errors)")
    }
  }

  /// `ulimit -v` counts KiB; a program that `timeout` ends has status 124, one that a signal ends 128 and more.
  private static func run(_ command: [String], _ path: String, addressSpace: Int) throws -> ToolResult {
    let script = "ulimit -v \(addressSpace / 1024); export SWIFT_BACKTRACE=enable=no; timeout 5 \"$@\"; exit $?"
    return try Tool.run("sh", ["-c", script, "sh", Repository.wakepath] + command + [path])
  }

  /// What the command takes for the whole file, in steps of 16 MiB, and 256 MiB more.
  private static func addressSpace(_ sample: Sample, _ path: String) throws -> Int {
    try sample.write(sample.data, to: path)
    var size = 16 << 20
    while try run(["events"], path, addressSpace: size).status != 0, size < 4 << 30 { size += 16 << 20 }
    return size + (256 << 20)
  }
}

/// Writes the small files as seeds for `make fuzz` into the folder that WAKEPATH_SEEDS names.
@Suite("Seeds", .enabled(if: ProcessInfo.processInfo.environment["WAKEPATH_SEEDS"] != nil, "only for make fuzz"))
struct SeedTests {
  @Test("are written", arguments: SampleFormat.allCases)
  func seeds(format: SampleFormat) throws {
    let folder = try #require(ProcessInfo.processInfo.environment["WAKEPATH_SEEDS"])
    // What takes long to read is tried seldom: few entries have few formats, and small pages little that is empty.
    for count in [20, 60] {
      let recording = try SmallRecording(entries: count)
      try Sample(format, recording).data.write(to: URL(fileURLWithPath: "\(folder)/\(format.rawValue)-\(count)"))
    }
  }

  @Test("of print formats are written: a format, a zero byte, and an entry")
  func formats() throws {
    let folder = try #require(ProcessInfo.processInfo.environment["WAKEPATH_SEEDS"])
    let recording = try KernelRecording("6.12-virtio-udp-v6")
    let entries = recording.cpus.flatMap { pages in pages.prefix(4).flatMap { KernelRecording.entries(of: $0, cpu: 0) } }
    for (_, text) in recording.formats {
      let entry = entries.first { $0.type == KernelRecording.id(text) }?.payload ?? Data(count: 64)
      try (Data(text.utf8) + [0] + entry).write(to: URL(fileURLWithPath: "\(folder)/printing-\(KernelRecording.name(text))"))
    }
  }
}

/// Every damage of one format's sample.
struct Campaign {
  private let format: SampleFormat
  private let sample: Sample
  private let folder: String
  private let whole: Reading
  private let known: Set<String>
  private var failures = 0

  init(_ format: SampleFormat, folder: String) throws {
    self.format = format
    self.folder = folder
    sample = try Sample(format, SmallRecording())
    try sample.write(sample.data, to: "\(folder)/whole")
    whole = try #require(Reading("\(folder)/whole"))
    known = Set(whole.ended.map(\.text))
    #expect(!whole.hasDamage)
    #expect(whole.ended.count { $0.isDelivered && $0.isComplete } > 10, "\(whole.ended.count) journeys in \(whole.records) records")
  }

  /// The process may take this much more memory than it has when it begins.
  private static let memory = 256 << 20

  private static func limitMemory() {
    let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ").first.flatMap { Int($0) } ?? 0
    var limit = rlimit(rlim_cur: rlim_t(pages * 4096 + memory), rlim_max: rlim_t(pages * 4096 + memory))
    setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
  }

  mutating func run(seed: UInt64, share: Int) throws {
    let cases = Damage.all(of: sample.data.count, seed: seed, share: share)
    let log = open("\(folder)/case", O_WRONLY | O_CREAT, 0o600)
    defer { close(log) }
    Self.limitMemory()
    for (index, damage) in cases.enumerated() {
      let text = Array("\(damage)\n".utf8)
      pwrite(log, text, text.count, 0)
      ftruncate(log, text.count)
      alarm(5)
      try check(damage, describes: index % 4 == 0)
      alarm(0)
      guard failures < 20 else { break }
    }
    let text = Array("done: \(cases.count) cases of \(sample.data.count) bytes".utf8)
    pwrite(log, text, text.count, 0)
    ftruncate(log, text.count)
  }

  private mutating func check(_ damage: Damage, describes: Bool) throws {
    let path = "\(folder)/damaged"
    try sample.write(damage.applied(to: sample.data), to: path)
    guard let reading = Reading(path, describes: describes) else { return }
    let intact = sample.intact(damage.range)
    if let intact {
      let before = { (ended: [Reading.Ended]) in ended.filter { $0.time < intact } }
      fail(before(reading.ended) != before(whole.ended), damage, "what ended before \(intact) differs")
    }
    if case .flip = damage { return }
    // A line of text that has lost its end may be one: what it ends may have lost a digit.
    var lastLine = UInt64.max
    if case .cut(let offset) = damage {
      let cut = sample.pieces.first { $0.range.lowerBound < offset && offset < $0.range.upperBound }
      if sample.isText, let cut { lastLine = cut.times.lowerBound }
      let mayLookWhole = sample.mayEndAnywhere && (offset < sample.pieces[0].range.lowerBound || cut == nil || sample.isText)
      fail(!reading.hasDamage && !mayLookWhole, damage, "nothing is said of it")
    }
    if let intact, intact < .max {
      let claimed = reading.ended.first { claim in
        claim.isComplete && !claim.isInferred && claim.time < lastLine && !known.contains(claim.text) && !whole.ended.contains { claim.isEnd(of: $0) }
      }
      fail(claimed != nil, damage, "claims to be complete: \(claimed?.text ?? "")\(twin(of: claimed))")
    }
  }

  /// What the whole file says of the packet that `claim` is about.
  private func twin(of claim: Reading.Ended?) -> String {
    whole.ended.filter { $0.stages.last == claim?.stages.last }.map { "\n    in the whole file: \($0.text)" }.joined()
  }

  private mutating func fail(_ hasFailed: Bool, _ damage: Damage, _ what: String) {
    guard hasFailed else { return }
    failures += 1
    Issue.record("\(format), \(damage): \(what)")
  }

}
