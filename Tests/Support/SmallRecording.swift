public import Foundation

/// Some pages of TCP and some of UDP traffic of a real kernel (6.12, virtio_net), from which small files of every format are made.
public struct SmallRecording: Sendable {
  /// The formats of the events that occur.
  public let formats: [(system: String, texts: [String])]
  public let commandLines: String
  /// Pages of each CPU as the kernel wrote them, little-endian with longs of 8 bytes.
  public let cpus: [[Data]]
  /// What is in them, in order of time.
  public let entries: [KernelRecording.Entry]
  /// The size of a page in bytes.
  public let pageSize: Int

  /// Takes the first `count` entries of each CPU and recording, on pages of 1 KiB.
  public init(entries count: Int) throws { try self.init(pages: 1, entries: count, pageSize: 1024) }

  /// Takes `count` pages of the busiest CPU of each recording, and what the others wrote at that time.
  public init(pages count: Int = 3) throws { try self.init(pages: count, entries: .max, pageSize: 4096) }

  private init(pages count: Int, entries limit: Int, pageSize: Int) throws {
    let tcp = try KernelRecording("6.12-virtio-tcp-v6")
    let udp = try KernelRecording("6.12-virtio-udp-v6")
    var cpus = Self.window(of: tcp, count)
    cpus = Self.cut(cpus, limit, pageSize)
    let end = cpus.enumerated().flatMap { cpu, pages in pages.flatMap { KernelRecording.entries(of: $0, cpu: cpu) } }.map(\.time).max() ?? 0
    let later = Self.cut(Self.window(of: udp, count), limit, pageSize)
    let start = later.joined().map { KernelRecording.time(of: $0) }.min() ?? 0
    for cpu in later.indices {
      cpus[cpu] += later[cpu].map { page in
        withUnsafeBytes(of: KernelRecording.time(of: page) - start + end + 1_000_000) { Data($0) } + page.dropFirst(8)
      }
    }
    self.cpus = cpus
    self.pageSize = pageSize
    entries = cpus.enumerated().flatMap { cpu, pages in pages.flatMap { KernelRecording.entries(of: $0, cpu: cpu) } }
      .enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }.map(\.element)
    let types = Set(entries.map(\.type))
    let used = tcp.formats.filter { types.contains(KernelRecording.id($0.text)) }
    formats = Set(used.map(\.system)).sorted().map { system in (system, used.filter { $0.system == system }.map(\.text)) }
    let pids = Set(entries.map { "\($0.pid)" })
    commandLines =
      (tcp.commandLines + udp.commandLines).split(separator: "\n")
      .filter { line in line.split(separator: " ").first.map { pids.contains(String($0)) } ?? false }.joined(separator: "\n") + "\n"
  }

  /// The first `count` entries of each CPU.
  private static func cut(_ cpus: [[Data]], _ count: Int, _ pageSize: Int) -> [[Data]] {
    guard count < .max else { return cpus }
    var builder = TraceDatBuilder()
    builder.pageSize = pageSize
    return cpus.enumerated().map { cpu, pages in
      let entries = pages.flatMap { KernelRecording.entries(of: $0, cpu: cpu) }.prefix(count)
      return TraceDatBuilder.pages(entries.map { ($0.time, $0.payload) }, builder)
    }
  }

  /// The files of a copy of tracefs, by path.
  public var tracefs: [String: Data] {
    let builder = traceDat
    var files = ["events/header_page": Data(builder.headerPage.utf8), "saved_cmdlines": Data(commandLines.utf8), "trace_clock": Data("[mono]\n".utf8)]
    for (system, texts) in formats {
      for text in texts { files["events/\(system)/\(KernelRecording.name(text))/format"] = Data(text.utf8) }
    }
    for (cpu, pages) in cpus.enumerated() { files["per_cpu/cpu\(cpu)/trace_pipe_raw"] = pages.reduce(Data(), +) }
    return files
  }

  private static func window(of recording: KernelRecording, _ count: Int) -> [[Data]] {
    guard let busiest = recording.cpus.max(by: { $0.count < $1.count }) else { return [] }
    let first = busiest.count / 3
    let times = KernelRecording.time(of: busiest[first])..<KernelRecording.time(of: busiest[min(first + count, busiest.count - 1)])
    return recording.cpus.map { pages in pages.filter { times.contains(KernelRecording.time(of: $0)) } }
  }

  private func id(of event: String) -> UInt64 {
    formats.lazy.flatMap(\.texts).first { KernelRecording.name($0) == event }.map { UInt64(KernelRecording.id($0)) } ?? 0
  }

  /// A trace.dat of these pages.
  public var traceDat: TraceDatBuilder {
    var builder = TraceDatBuilder()
    builder.formats = formats
    builder.commandLines = commandLines
    builder.cpus = cpus
    builder.pageSize = pageSize
    builder.clock = "mono"
    return builder
  }

  /// A perf.data with a sample for each entry, in rounds, as `perf record` writes them; with callchains all are said to be wakeups.
  public func perfData(
    isPipe: Bool, isPacked: Bool = false, hasCallchains: Bool = false
  ) -> (file: Data, records: [(range: Range<Int>, cpu: Int, time: UInt64, round: Int)]) {
    var builder = PerfDataBuilder()
    builder.isPipe = isPipe
    builder.sampleType = hasCallchains ? 0x1_04a6 : 0x1_0486
    if hasCallchains { builder.event = id(of: "sched_waking") }
    builder.formats = formats
    builder.names = commandLines.split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ", maxSplits: 1)
      return words.count == 2 ? UInt32(words[0]).map { ($0, String(words[1])) } : nil
    }
    var rounds: [[(cpu: Int, time: UInt64, record: Data)]] = []
    for start in stride(from: 0, to: entries.count, by: 120) {
      // Each round reads one CPU's buffer after the other.
      let round = entries[start..<min(start + 120, entries.count)].sorted { ($0.cpu, $0.time) < ($1.cpu, $1.time) }
      rounds.append(round.map { ($0.cpu, $0.time, builder.sample(time: $0.time, cpu: UInt32($0.cpu), tid: UInt32(max($0.pid, 0)), raw: $0.payload)) })
    }
    let packed = isPacked ? Zstd.packStream(rounds.map { $0.reduce(Data()) { $0 + $1.record } }) : []
    for (index, round) in rounds.enumerated() {
      if isPacked {
        builder.records.append(builder.record(83, builder.bytes(UInt64(packed[index].count)) + packed[index]))
      } else {
        builder.records += round.map(\.record)
      }
      builder.records.append(builder.finishedRound)
    }
    let (file, ranges) = builder.layOut()
    var records: [(range: Range<Int>, cpu: Int, time: UInt64, round: Int)] = []
    var next = 0
    for (number, round) in rounds.enumerated() {
      for sample in round {
        records.append((ranges[next], sample.cpu, sample.time, number))
        if !isPacked { next += 1 }
      }
      // The packed record, and the end of the round.
      next += isPacked ? 2 : 1
    }
    return (file, records)
  }
}
