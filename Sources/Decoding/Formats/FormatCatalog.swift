internal import Bytes

/// The events a recording describes, each parsed when it is first asked for: a trace.dat carries the formats of every event the kernel has,
/// and uses a few.
public final class FormatCatalog {
  private struct Source {
    let system: String
    let text: [UInt8]
    var format: EventFormat?
    var isParsed = false
  }

  private let library: TraceEventLibrary
  private var sources: [Int: Source] = [:]
  private var idsByName: [String: Int] = [:]
  private var symbolText: [UInt8]?
  private var hasLoadedSymbols = false
  private var kernel: KernelIdentity?
  /// Integers in the recording's entries have this byte order.
  public let isBigEndian: Bool
  /// The size of the kernel's `long` in bytes.
  public let longSize: Int

  /// With `usesPlugins`, some events are printed as trace-cmd has them and not by their own print format.
  init?(isBigEndian: Bool, longSize: Int, pageSize: Int, usesPlugins: Bool = true) {
    guard let library = TraceEventLibrary(isBigEndian: isBigEndian, longSize: longSize, pageSize: pageSize, usesPlugins: usesPlugins) else { return nil }
    self.library = library
    self.isBigEndian = isBigEndian
    self.longSize = longSize
  }

  /// Takes in the text of `events/<system>/<event>/format`; false if it has no id or name.
  func add(format text: [UInt8], system: String) -> Bool {
    guard let id = TraceEventLibrary.id(inFormat: text), let name = Self.name(inFormat: text) else { return false }
    sources[id] = Source(system: system, text: text)
    idsByName["\(system):\(name)"] = id
    return true
  }

  func parseHeaderPage(_ text: [UInt8]) { _ = library.parseHeaderPage(text, longSize: longSize) }
  func add(commandLines text: [UInt8]) { library.parseCommandLines(text) }
  func add(printkFormats text: [UInt8]) { library.parsePrintkFormats(text) }
  func add(kallsyms text: [UInt8]) { symbolText = text }
  /// Symbols are those of `kernel`, if it is the one that runs here.
  func add(symbolsOf kernel: KernelIdentity) { self.kernel = kernel }

  /// The format of event `id`, or nil if the recording does not describe it.
  public func format(id: Int) -> EventFormat? {
    guard let source = sources[id] else { return nil }
    if source.isParsed { return source.format }
    let format = library.parseFormat(source.text, system: source.system)
    sources[id]?.format = format
    sources[id]?.isParsed = true
    return format
  }

  /// The format of `system:name`, or nil if the recording does not describe it.
  public func format(system: String, name: String) -> EventFormat? {
    idsByName["\(system):\(name)"].flatMap { format(id: $0) }
  }

  /// The ids of every event the recording describes.
  public var ids: [Int] { sources.keys.sorted() }

  /// The formats of kprobes and fprobes on functions' entries, whatever their names: their first own field is the probe's address.
  public var probes: [EventFormat] {
    let field = Array(" __probe_ip;".utf8)
    return ids.filter { id in sources[id].flatMap { FormatText.first(field, in: $0.text, upTo: 1024) } != nil }.compactMap { format(id: $0) }
  }

  /// The address of kernel symbol `name`, or nil if the recording does not name it: `ffffffff81e32fe0 T sock_def_readable`, with the module
  /// in brackets behind a tab if there is one.
  public func address(ofSymbol name: String) -> UInt64? {
    guard let text = symbolText ?? kernel?.symbols else { return nil }
    let buffer = ByteBuffer(text)
    return Self.address(of: Array(" \(name)".utf8), in: buffer.bytes)
  }

  private static func address(of needle: [UInt8], in table: RawSpan) -> UInt64? {
    var start = 0
    while start < table.byteCount {
      let end = table.firstNewline(from: start) ?? table.byteCount
      let stop = table.slice(start, end - start).firstIndex(of: 9).map { start + $0 } ?? end
      if stop - start > needle.count, table.slice(stop - needle.count, needle.count).array == needle {
        var place = start
        return table.hexadecimal(at: &place)
      }
      start = end + 1
    }
    return nil
  }

  /// The names the event's print format gives to the numbers of one field.
  public func symbols(ofField field: String, in format: EventFormat) -> [UInt64: String] {
    library.symbols(ofField: field, inEvent: format.id)
  }

  /// Appends what the event's print format says of `entry`, as `trace-cmd report` prints it.
  public func describe(_ entry: RawSpan, time: UInt64, cpu: Int32, into line: inout [UInt8]) {
    loadSymbols()
    library.describe(entry, time: time, cpu: cpu, into: &line)
  }

  /// The name the recording knows for task `pid`.
  public func comm(_ pid: Int32) -> String { library.comm(pid) }

  /// The kernel symbol at `address` and the offset into it, or nil.
  public func symbol(at address: UInt64) -> (name: String, offset: UInt64)? {
    loadSymbols()
    return library.symbol(at: address)
  }

  private func loadSymbols() {
    guard !hasLoadedSymbols else { return }
    hasLoadedSymbols = true
    if let text = symbolText { library.parseSymbols(text) }
    if let text = kernel?.symbols { library.parseSymbols(text) }
  }

  /// The event's name in a `format` text, or nil.
  static func name(inFormat text: [UInt8]) -> String? {
    guard let line = text.prefix(256).split(separator: UInt8(ascii: "\n")).first, line.starts(with: "name:".utf8) else { return nil }
    return String(decoding: line.dropFirst(5).drop { $0 == UInt8(ascii: " ") }, as: UTF8.self)
  }
}
