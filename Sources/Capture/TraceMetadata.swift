internal import Bytes
internal import Linux
internal import SystemPackage

/// What a trace.dat says about the kernel besides the events themselves.
struct TraceMetadata {
  var pageSize = 4096
  var headerPage: [UInt8] = []
  var headerEvent: [UInt8] = []
  /// The formats of the tracers' own entries (`events/ftrace`).
  var ftraceFormats: [[UInt8]] = []
  /// The formats of the recorded events, by system.
  var eventFormats: [(system: String, formats: [[UInt8]])] = []
  var symbols: [UInt8] = []
  var printkFormats: [UInt8] = []
  /// `saved_cmdlines`: lines of a task's number and its name.
  var commandLines: [UInt8] = []
  /// The content of `trace_clock`.
  var clock: [UInt8] = []
  var uname = ""
  /// What lines of ours in the recording end with; nil if there are none.
  var lineSignature: LineSignature?
  /// What the kernel counted for each CPU, as text.
  var statistics: [(cpu: Int, text: [UInt8])] = []

  /// Of a recording that was not made here.
  init() {}

  /// Reads what does not change while `events` are recorded in `instance`, of which each may have pages of its own size.
  init(tracing directory: String, instance: String, events: [RecordedEvent]) throws(CaptureError) {
    headerPage = try Self.read("\(instance)/events/header_page")
    headerEvent = try Self.read("\(directory)/events/header_event")
    pageSize = Self.pageSize(headerPage) ?? 4096
    let ftrace = "\(directory)/events/ftrace"
    for name in (try? Files.names(in: ftrace)) ?? [] {
      if let format = try? Files.contents(of: "\(ftrace)/\(name)/format") { ftraceFormats.append(format) }
    }
    for event in events {
      var format = try Self.read("\(directory)/events/\(event.system)/\(event.name)/format")
      if event.isProbe { format = Self.countingElements(format) }
      if let index = eventFormats.firstIndex(where: { $0.system == event.recordedSystem }) {
        eventFormats[index].formats.append(format)
      } else {
        eventFormats.append((event.recordedSystem, [format]))
      }
    }
    printkFormats = (try? Files.contents(of: "\(directory)/printk_formats")) ?? []
    uname = Self.uname
  }

  /// Formats of probes call arrays `u64 head[]` and leave their length to the size in bytes; libtraceevent prints such arrays as zeros.
  static func countingElements(_ format: [UInt8]) -> [UInt8] {
    let lines = String(decoding: format, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).map { line -> String in
      guard line.contains("u64 "), let brackets = line.firstRange(of: "[];"), let size = line.firstRange(of: "size:"),
        let bytes = Int(line[size.upperBound...].prefix(while: \.isNumber))
      else { return String(line) }
      return "\(line[..<brackets.lowerBound])[\(bytes / 8)];\(line[brackets.upperBound...])"
    }
    return Array(lines.joined(separator: "\n").utf8)
  }

  private static func read(_ path: String) throws(CaptureError) -> [UInt8] {
    do {
      return try Files.contents(of: path)
    } catch {
      throw CaptureError("\(path) cannot be read", error)
    }
  }

  /// The size of a page of the ring buffer: where `data` begins and how long it is, of the text of `header_page`.
  static func pageSize(_ headerPage: [UInt8]) -> Int? {
    let text = String(decoding: headerPage, as: UTF8.self)
    guard let line = text.split(separator: "\n").first(where: { $0.contains("char data;") }) else { return nil }
    func number(after label: String) -> Int? {
      line.split(separator: ";").map { $0.drop(while: \.isWhitespace) }.first { $0.hasPrefix(label) }
        .flatMap { Int($0.dropFirst(label.count)) }
    }
    guard let offset = number(after: "offset:"), let size = number(after: "size:") else { return nil }
    return offset + size
  }

  /// As uname(2), but with no name of the machine, which is nobody's business.
  private static var uname: String {
    func value(_ name: String) -> String {
      let content = (try? Files.contents(of: "/proc/sys/kernel/\(name)")) ?? []
      return String(decoding: content.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
    #if arch(arm64)
      let machine = "aarch64"
    #else
      let machine = "x86_64"
    #endif
    return "\(value("ostype")) localhost \(value("osrelease")) \(machine)"
  }
}
