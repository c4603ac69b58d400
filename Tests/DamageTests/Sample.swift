import Bytes
import Decoding
import Foundation
import Support

/// The formats that are damaged.
enum SampleFormat: String, CaseIterable, Codable, Sendable {
  case traceDat6, traceDat7, traceDat7Packed
  case perfData, perfPipe, perfPacked, perfCallchains
  case ftraceText, reportText, perfScript
  /// The raw pages of one CPU, beside those of the other and the formats, as in tracefs.
  case pages
}

/// A small file, and which part of it holds what.
struct Sample {
  /// Bytes that hold events of one CPU.
  struct Piece {
    var range: Range<Int>
    var cpu: Int
    /// The times of its first and last event, in nanoseconds.
    var times: ClosedRange<UInt64>
    /// Events of a round come in any order, also with those of the round before.
    var round: Int?
  }

  /// The file that is damaged.
  let data: Data
  /// What the file lies among, if it is one of a directory: contents by path, and the file's own path.
  private(set) var company: (files: [String: Data], own: String)?
  /// In the order of the file.
  let pieces: [Piece]
  /// Whether damage in one place makes every CPU doubtful: where a line or record is unreadable, nobody knows whose it was.
  let isShared: Bool
  /// Whether what stands behind the pieces is needed to read them.
  let needsEnd: Bool
  let isText: Bool
  /// Text shows which events its kernel has, some of which decide how journeys are made, only by having them: so many bytes tell.
  var tellingBytes: Int {
    ["sk_data_ready: ", "sock_recv_length: ", "sock_send_length: "].compactMap { data.range(of: Data($0.utf8))?.upperBound }.max() ?? 0
  }
  /// Whether a file that ends between two pieces looks whole.
  let mayEndAnywhere: Bool

  init(_ format: SampleFormat, _ recording: SmallRecording) throws {
    isText = [.ftraceText, .reportText, .perfScript].contains(format)
    switch format {
    case .pages:
      let cpu = 1
      let pages = recording.cpus[cpu]
      data = pages.reduce(Data(), +)
      pieces = pages.enumerated().map { index, page in
        let times = KernelRecording.entries(of: page, cpu: cpu).map(\.time)
        // What lies behind a page's events may be missing.
        let length = 16 + (Int(page[page.startIndex + 8]) | Int(page[page.startIndex + 9]) << 8)
        return Piece(range: index * 4096..<index * 4096 + length, cpu: cpu, times: times[0]...times[times.count - 1])
      }
      company = (recording.tracefs, "per_cpu/cpu\(cpu)/trace_pipe_raw")
      // Nothing says how many pages there are.
      (isShared, needsEnd, mayEndAnywhere) = (false, false, true)
    case .traceDat6, .traceDat7, .traceDat7Packed:
      var builder = recording.traceDat
      builder.version = format == .traceDat6 ? 6 : 7
      builder.isCompressed = format == .traceDat7Packed
      let (file, ranges) = builder.layOut()
      let pages = recording.cpus.enumerated().flatMap { cpu, pages in pages.map { (cpu, KernelRecording.entries(of: $0, cpu: cpu).map(\.time)) } }
      data = file
      pieces = zip(ranges, pages).map { Piece(range: $0, cpu: $1.0, times: $1.1[0]...$1.1[$1.1.count - 1]) }
      (isShared, needsEnd, mayEndAnywhere) = (false, false, false)
    case .perfData, .perfPipe, .perfPacked, .perfCallchains:
      let (file, records) = recording.perfData(
        isPipe: format != .perfData, isPacked: format == .perfPacked, hasCallchains: format == .perfCallchains)
      data = file
      pieces = records.map { Piece(range: $0.range, cpu: $0.cpu, times: $0.time...$0.time, round: $0.round) }
      (isShared, needsEnd, mayEndAnywhere) = (true, format == .perfData, format != .perfData)
    case .ftraceText, .reportText, .perfScript:
      let (text, lines) = try SampleText(recording).text(format)
      data = text
      pieces = lines.map { Piece(range: $0.range, cpu: $0.cpu, times: $0.time...$0.time) }
      (isShared, needsEnd, mayEndAnywhere) = (true, false, true)
    }
  }

  /// Writes `contents`, the file or what damage made of it, to be read as `path`, which is a directory where the file has company.
  func write(_ contents: Data, to path: String) throws {
    guard let company else { return try contents.write(to: URL(fileURLWithPath: path)) }
    let folder = URL(fileURLWithPath: path)
    if !FileManager.default.fileExists(atPath: path) {
      for (name, data) in company.files {
        let file = folder.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try data.write(to: file)
      }
    }
    try contents.write(to: folder.appendingPathComponent(company.own))
  }

  /// Until when whatever happened is untouched by damage of the bytes in `damage`; nil where the damage touches what describes events.
  func intact(_ damage: Range<Int>) -> UInt64? {
    guard let first = pieces.first, let end = pieces.last?.range.upperBound, damage.lowerBound >= first.range.lowerBound else { return nil }
    if needsEnd, damage.upperBound > end { return nil }
    if isText, damage.upperBound == Int.max, damage.lowerBound < tellingBytes { return nil }
    let hit = pieces.filter { $0.range.overlaps(damage) }
    if hit.isEmpty, damage.lowerBound >= end { return damage.upperBound <= data.count ? nil : .max }
    // Between the events of a file read in one go lie the ends of rounds; one that cannot be read might have been an event.
    if hit.isEmpty, !isShared { return .max }
    let cpus = Set((isShared ? pieces : hit).map(\.cpu))
    let start = hit.first?.range.lowerBound ?? damage.lowerBound
    // The last event of each CPU before the damage; of a file read in one go, a CPU that has shown nothing yet is not missed.
    let last = cpus.map { cpu in pieces.filter { $0.cpu == cpu && $0.range.upperBound <= start }.map(\.times.upperBound).max() }
    guard isShared else { return last.map { $0 ?? 0 }.min() }
    let known = last.compactMap { $0 }.min() ?? 0
    guard let round = hit.first?.round ?? pieces.last(where: { $0.range.upperBound <= start })?.round else { return known }
    return min(known, pieces.filter { ($0.round ?? 0) < round - 1 }.map(\.times.upperBound).max() ?? 0)
  }
}

/// The text forms of a recording.
struct SampleText {
  private var lines: [(cpu: Int, time: UInt64, pid: Int32, comm: String, flags: UInt8, event: EventFormat, info: String)] = []

  init(_ small: SmallRecording) throws {
    let folder = try Repository.temporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("small.dat").path
    try small.traceDat.build().write(to: URL(fileURLWithPath: path))
    var recording = try Recording(paths: [path])
    while let record = recording.next() {
      guard let catalog = recording.catalog(ofStream: record.stream) else { continue }
      add(record, recording, catalog)
    }
  }

  private mutating func add(_ record: Record, _ recording: borrowing Recording, _ catalog: FormatCatalog) {
    let entry = recording.bytes(of: record)
    guard let type = entry.integer(UInt16.self, at: 0), let event = catalog.format(id: Int(type)) else { return }
    var info: [UInt8] = []
    catalog.describe(entry, time: record.time, cpu: record.cpu, into: &info)
    let pid = entry.integer(Int32.self, at: 4) ?? 0
    lines.append(
      (Int(record.cpu), record.time / 1000 * 1000, pid, catalog.comm(pid), entry.byte(at: 2) ?? 0, event, String(decoding: info, as: UTF8.self)))
  }

  /// The file, and where each line is.
  func text(_ format: SampleFormat) throws -> (text: Data, lines: [(range: Range<Int>, cpu: Int, time: UInt64)]) {
    var text = Data()
    switch format {
    case .ftraceText: text += Data("# tracer: nop\n#\n# entries-in-buffer/entries-written: \(lines.count)/\(lines.count)   #P:2\n#\n".utf8)
    case .reportText: text += Data("cpus=2\n".utf8)
    default: break
    }
    var places: [(range: Range<Int>, cpu: Int, time: UInt64)] = []
    for line in lines {
      let start = text.count
      let fraction = String(line.time / 1000 % 1_000_000)
      let time = "\(line.time / 1_000_000_000)." + String(repeating: "0", count: 6 - fraction.count) + fraction
      let comm = String(repeating: " ", count: max(16 - line.comm.utf8.count, 0)) + line.comm
      let row =
        switch format {
        case .perfScript: "\(comm) \(line.pid) [00\(line.cpu)] \(time): \(line.event.system):\(line.event.name): \(line.info)"
        case .ftraceText: "\(comm)-\(line.pid) [00\(line.cpu)] \(Self.letters(line.flags)) \(time): \(line.event.name): \(line.info)"
        default: "\(comm)-\(line.pid) [00\(line.cpu)] \(time): \(line.event.name): \(line.info)"
        }
      text += Data((row + "\n").utf8)
      places.append((start..<text.count, line.cpu, line.time))
    }
    return (text, places)
  }

  /// `d.h1.` (kernel/trace/trace_output.c, trace_print_lat_fmt).
  private static func letters(_ flags: UInt8) -> String {
    let off = flags & 0x81 == 0x81 ? "D" : flags & 1 != 0 ? "d" : flags & 0x80 != 0 ? "b" : "."
    let interrupt = flags & 0x18 == 0x18 ? "H" : flags & 0x08 != 0 ? "h" : flags & 0x10 != 0 ? "s" : "."
    return "\(off)\(flags & 4 != 0 ? "N" : ".")\(interrupt).."
  }
}
