internal import Bytes

/// A directory that holds a copy of tracefs, or of what of it is needed:
///
///     per_cpu/cpu0/trace_pipe_raw …       or any files named after their CPU, such as trace.dat.cpu0
///     events/header_page
///     events/net/netif_receive_skb/format …
///     saved_cmdlines, printk_formats, trace_clock, kallsyms      if they are there
///     trace or snapshot                   the text, if there are no pages
///
/// or what a `wakepath record` that was killed has left: pages, a trace.dat `head.dat` that says what they mean, and perhaps `until`, the time up to
/// which those of all CPUs are complete (`RecordingFolder` in Capture);
/// or, of `perf record --threads`, the file `data` and beside it those that it tells of.
struct TraceFolder {
  /// The files of pages, and whose they are.
  private(set) var pages: [(path: String, cpu: Int32)] = []
  /// The text of the trace, or the perf.data, if it is there.
  private(set) var text: String?
  /// Whether formats of events are there, too.
  let hasFormats: Bool
  /// The trace.dat that says what the pages mean, if it is there.
  let head: String?
  /// The time up to which the pages are complete, in nanoseconds, if that is said.
  let until: UInt64?

  init(_ path: String) {
    let names = Directory.names(in: path).filter { Directory.exists("\(path)/\($0)") || Directory.isFile("\(path)/\($0)") }
    hasFormats = names.contains("events")
    head = names.contains("head.dat") ? "\(path)/head.dat" : nil
    until = head == nil ? nil : VirtualFile.contents(of: "\(path)/until").flatMap { UInt64($0.bytes.text.prefix(while: \.isNumber)) }
    for name in names {
      if name == "per_cpu" {
        for cpu in Directory.names(in: "\(path)/per_cpu") { addPages(in: "\(path)/per_cpu/\(cpu)") }
      } else if Directory.exists("\(path)/\(name)") {
        if name.hasPrefix("cpu") { addPages(in: "\(path)/\(name)") }
      } else if let cpu = PageFile.cpu(inPath: name) {
        pages.append(("\(path)/\(name)", cpu))
      }
    }
    pages.sort { $0.cpu < $1.cpu }
    if pages.isEmpty { text = ["trace", "snapshot", "data"].first { names.contains($0) }.map { "\(path)/\($0)" } }
  }

  private mutating func addPages(in folder: String) {
    guard let cpu = PageFile.cpu(inPath: folder) else { return }
    for name in Directory.names(in: folder) where name.hasSuffix("raw") && Directory.isFile("\(folder)/\(name)") {
      pages.append(("\(folder)/\(name)", cpu))
    }
  }
}

/// The formats of events as tracefs has them: a directory for each system, in it one for each event, in it `format`.
struct FormatFolder {
  private let events: String
  private let root: String

  /// The formats under `path`, which is `events` or the directory that holds it.
  init(_ path: String) {
    let path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    let isRoot = Directory.exists("\(path)/events")
    events = isRoot ? "\(path)/events" : path
    root = isRoot ? path : path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
  }

  /// What a trace.dat would say in its head.
  func header() throws(ReadingError) -> TraceDatHeader {
    var header = TraceDatHeader()
    header.headerPage = Self.contents("\(events)/header_page")
    for system in Directory.names(in: events) {
      for event in Directory.names(in: "\(events)/\(system)") {
        let format = Self.contents("\(events)/\(system)/\(event)/format")
        guard !format.isEmpty else { continue }
        if system == "ftrace" { header.ftraceFormats.append(format) } else { header.eventFormats.append((system, format, nil)) }
      }
    }
    guard !header.eventFormats.isEmpty || !header.ftraceFormats.isEmpty else {
      throw ReadingError(
        .unexplained, path: events, "holds no formats of events; they are expected as SYSTEM/EVENT/format, as in /sys/kernel/tracing/events")
    }
    header.kallsyms = Self.contents("\(root)/kallsyms")
    header.printkFormats = Self.contents("\(root)/printk_formats")
    header.commandLines = Self.contents("\(root)/saved_cmdlines")
    let layout = PageLayout(headerPage: header.headerPage, order: .little, pageSize: header.pageSize, longSize: 8)
    header.longSize = layout.commitSize
    header.pageSize = PageLayout.pageSize(headerPage: header.headerPage) ?? header.pageSize
    return header
  }

  /// What in directory `path` belongs to one recording and not to the kernel: the clock, if it is said, and the names of tasks.
  static func recording(in path: String) -> (clock: String?, commandLines: [UInt8]) {
    let clock = String(decoding: contents("\(path)/trace_clock"), as: UTF8.self)
    return (clock.isEmpty ? nil : TraceDatReader.chosenClock(clock), contents("\(path)/saved_cmdlines"))
  }

  private static func contents(_ path: String) -> [UInt8] {
    guard Directory.isFile(path), let buffer = VirtualFile.contents(of: path) else { return [] }
    return buffer.bytes.array
  }
}
