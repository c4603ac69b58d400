public import Foundation

/// Builds trace.dat files and ring-buffer pages byte by byte, in either byte order.
public struct TraceDatBuilder: Sendable {
  /// A ring buffer beside the top one.
  public struct Instance: Sendable {
    public var name: String
    public var clock: String
    public var cpus: [[Data]]

    public init(name: String, clock: String, cpus: [[Data]]) {
      self.name = name
      self.clock = clock
      self.cpus = cpus
    }
  }

  public var version = 6
  public var isBigEndian = false
  /// The size of the kernel's `long`: 4 or 8.
  public var longSize = 8
  public var pageSize = 4096
  /// Packs sections and pages with zstd; version 7 only.
  public var isCompressed = false
  /// Options of version 6: id and data.
  public var options: [(UInt16, Data)] = []
  /// Format texts by system.
  public var formats: [(system: String, texts: [String])] = []
  /// Format texts of what is no tracepoint (`events/ftrace`).
  public var ftraceFormats: [String] = []
  /// Pages of each CPU.
  public var cpus: [[Data]] = []
  public var instances: [Instance] = []
  public var kallsyms = ""
  /// Lines of `pid comm`.
  public var commandLines = ""
  /// The clock of the top buffer; version 6 says it in an option.
  public var clock = "local"

  public init() {}

  /// An integer in the file's byte order.
  public func bytes<T: FixedWidthInteger>(_ value: T) -> Data {
    withUnsafeBytes(of: isBigEndian ? value.bigEndian : value.littleEndian) { Data($0) }
  }

  /// A `long` of the kernel.
  public func long(_ value: UInt64) -> Data { longSize == 4 ? bytes(UInt32(truncatingIfNeeded: value)) : bytes(value) }

  /// A ring-buffer page that begins at `time` (ns) and holds `entries`; `flags` go into the commit field.
  public func page(time: UInt64, flags: UInt64 = 0, lengthSays: Int? = nil, missed: UInt64? = nil, _ entries: [Data]) -> Data {
    var page = bytes(time) + long(flags | UInt64(lengthSays ?? entries.reduce(0) { $0 + $1.count }))
    for entry in entries { page += entry }
    if let missed { page += long(missed) }
    return page + Data(count: max(pageSize - page.count, 0))
  }

  /// Pages with the entries of one CPU, each of a time and its data, as `builder` writes them.
  public static func pages(_ entries: [(time: UInt64, payload: Data)], _ builder: TraceDatBuilder) -> [Data] {
    var pages: [Data] = []
    var page: [Data] = []
    var (start, last, room): (UInt64, UInt64, Int) = (0, 0, 0)
    for (time, payload) in entries {
      if page.isEmpty || payload.count + 20 > room || time - last >= 1 << 27 {
        if !page.isEmpty { pages.append(builder.page(time: start, page)) }
        (page, start, last, room) = ([], time, time, builder.pageSize - 8 - builder.longSize)
      }
      page.append(builder.entry(delta: UInt32(time - last), payload))
      room -= page[page.count - 1].count
      last = time
    }
    return pages + (page.isEmpty ? [] : [builder.page(time: start, page)])
  }

  /// The word before an entry: 5 bits of type, 27 bits of time.
  public func word(type: UInt32, delta: UInt32) -> Data {
    bytes(isBigEndian ? type << 27 | delta : delta << 5 | type)
  }

  /// An event of `payload`, padded to four bytes, `delta` ns after the one before.
  public func entry(delta: UInt32, _ payload: Data) -> Data {
    let padded = payload + Data(count: (4 - payload.count % 4) % 4)
    return padded.count <= 112
      ? word(type: UInt32(padded.count / 4), delta: delta) + padded
      : word(type: 0, delta: delta) + bytes(UInt32(padded.count + 4)) + padded
  }

  /// A time extend of `delta` ns.
  public func extend(_ delta: UInt64) -> Data {
    word(type: 30, delta: UInt32(delta & 0x7ff_ffff)) + bytes(UInt32(delta >> 27))
  }

  /// A softirq_raise of vector `vector`.
  public func softirqRaise(delta: UInt32, pid: Int32 = 1, flags: UInt8 = 0, vector: UInt32) -> Data {
    entry(delta: delta, bytes(UInt16(9)) + Data([flags, 0]) + bytes(pid) + bytes(vector))
  }

  /// A format text with the common fields and one number.
  public static let softirqRaiseFormat = """
    name: softirq_raise
    ID: 9
    format:
    \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
    \tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;
    \tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;
    \tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

    \tfield:unsigned int vec;\toffset:8;\tsize:4;\tsigned:0;

    print fmt: "vec=%u", REC->vec

    """

  /// The text of `events/header_page`.
  public var headerPage: String {
    """
    \tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;
    \tfield: local_t commit;\toffset:8;\tsize:\(longSize);\tsigned:1;
    \tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;
    \tfield: char data;\toffset:\(8 + longSize);\tsize:\(pageSize - 8 - longSize);\tsigned:1;

    """
  }

  func text64(_ text: String) -> Data { bytes(UInt64(text.utf8.count)) + Data(text.utf8) }
  func text32(_ text: String) -> Data { bytes(UInt32(text.utf8.count)) + Data(text.utf8) }

  /// What both versions hold, each as its section has it.
  var headerInfo: Data { Data("header_page\0".utf8) + text64(headerPage) + Data("header_event\0".utf8) + text64("") }
  var ftraceEvents: Data { bytes(UInt32(ftraceFormats.count)) + ftraceFormats.reduce(Data()) { $0 + text64($1) } }
  var eventFormats: Data {
    formats.reduce(bytes(UInt32(formats.count))) { all, system in
      all + Data(system.system.utf8) + Data([0]) + bytes(UInt32(system.texts.count)) + system.texts.reduce(Data()) { $0 + text64($1) }
    }
  }

  var magic: Data {
    Data([0x17, 0x08, 0x44]) + Data("tracing\(version)\0".utf8) + Data([isBigEndian ? 1 : 0, UInt8(longSize)]) + bytes(UInt32(pageSize))
  }

  /// The whole file.
  public func build() -> Data { layOut().file }

  /// The whole file, and where in it each page lies, or the packed pages that are unpacked together.
  public func layOut() -> (file: Data, pages: [Range<Int>]) { version == 7 ? layOut7() : layOut6() }

  private func aligned(_ offset: Int) -> Int { (offset + pageSize - 1) / pageSize * pageSize }

  private func layOut6() -> (file: Data, pages: [Range<Int>]) {
    var file = magic + headerInfo + ftraceEvents + eventFormats
    file += text32(kallsyms) + text32("") + text64(commandLines) + bytes(UInt32(cpus.count))
    file += Data("options  \0".utf8)
    var options = options
    if clock != "local" { options.append((4, Data("[\(clock)]\0".utf8))) }
    for (id, data) in options { file += bytes(id) + bytes(UInt32(data.count)) + data }
    // An instance's option: where its own list of CPUs is, and its name. The lists come behind everything of the top buffer.
    var place = file.count + instances.reduce(0) { $0 + 6 + 8 + $1.name.utf8.count + 1 } + 2
    place = aligned(place + 10 + cpus.count * 16 + clockRoom) + size(cpus)
    for instance in instances {
      let name = Data(instance.name.utf8) + Data([0])
      file += bytes(UInt16(3)) + bytes(UInt32(8 + name.count)) + bytes(UInt64(place)) + name
      place = aligned(place + 10 + instance.cpus.count * 16 + clockRoom) + size(instance.cpus)
    }
    file += bytes(UInt16(0))
    var pages: [Range<Int>] = []
    for buffer in [Instance(name: "", clock: clock, cpus: cpus)] + instances { append(buffer, to: &file, &pages) }
    return (file, pages)
  }

  private func size(_ cpus: [[Data]]) -> Int { cpus.reduce(0) { $0 + $1.reduce(0) { $0 + $1.count } } }

  /// Room for the name of a clock behind the list of CPUs.
  private var clockRoom: Int { clock == "local" ? 0 : 32 }

  /// The list of CPUs, the clock if it is not the usual one, and their pages from the next page boundary on.
  private func append(_ buffer: Instance, to file: inout Data, _ pages: inout [Range<Int>]) {
    let cpus = buffer.cpus
    file += Data("flyrecord\0".utf8)
    var offset = aligned(file.count + cpus.count * 16 + clockRoom)
    for pages in cpus {
      let size = pages.reduce(0) { $0 + $1.count }
      file += bytes(UInt64(offset)) + bytes(UInt64(size))
      offset += size
    }
    if clock != "local" { file += text64("[\(buffer.clock)]") }
    file += Data(count: aligned(file.count) - file.count)
    for page in cpus.joined() {
      pages.append(file.count..<file.count + page.count)
      file += page
    }
  }
}
