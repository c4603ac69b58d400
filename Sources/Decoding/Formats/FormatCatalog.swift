public import Bytes

/// The events a recording describes, each parsed when it is first asked for: a trace.dat carries the formats of every event the kernel has,
/// and uses a few.
public final class FormatCatalog {
  private struct Source {
    let system: String
    let text: [UInt8]
    /// Where the text begins in the file, in bytes, if it is one of a file.
    let offset: Int?
    var format: EventFormat?
    var isParsed = false
  }

  private let library: TraceEventLibrary
  private var sources: [Int: Source] = [:]
  private var idsByName: [String: Int] = [:]
  private var symbolText: [UInt8]?
  private var kernel: KernelIdentity?
  private var commandLines: [UInt8] = []
  private var printkFormats: [UInt8] = []
  private lazy var printer = EntryPrinter(
    PrintNames(symbols: { [symbolText, kernel] in symbolText ?? kernel?.symbols ?? [] }, printkFormats: printkFormats), commandLines: commandLines,
    order: isBigEndian ? .big : .little, longSize: longSize)
  /// Whether some events are printed as trace-cmd has them and not by their own print format.
  let usesPlugins: Bool
  /// Integers in the recording's entries have this byte order.
  public let isBigEndian: Bool
  /// The size of the kernel's `long` in bytes.
  public let longSize: Int

  /// What the recorder ends its own lines with; nil where it does not say.
  public internal(set) var lineSignature: LineSignature?

  /// What was wrong with the formats that were asked for.
  private(set) var diagnostics = Diagnostics()
  /// The file they are of.
  private let path: String

  /// With `usesPlugins`, some events are printed as trace-cmd has them and not by their own print format.
  init?(path: String, isBigEndian: Bool, longSize: Int, pageSize: Int, usesPlugins: Bool = true) {
    guard let library = TraceEventLibrary(isBigEndian: isBigEndian, longSize: longSize, pageSize: pageSize) else { return nil }
    self.library = library
    self.usesPlugins = usesPlugins
    self.path = path
    self.isBigEndian = isBigEndian
    self.longSize = longSize
  }

  /// The catalog of one event of a little-endian machine of 64 bits, whose format file says `format`.
  public convenience init?(describing format: [UInt8], system: String) {
    self.init(path: "", isBigEndian: false, longSize: 8, pageSize: 4096)
    add(format: format, system: system)
  }

  /// Takes in the text of `events/<system>/<event>/format`, which begins at byte `offset` of the file.
  func add(format text: [UInt8], system: String, offset: Int? = nil) {
    guard let id = FormatText.id(in: text), let name = FormatText.name(in: text) else {
      return diagnostics.add(.formatDamaged, path: path, offset: offset, "a format of \(system) says no name and id")
    }
    sources[id] = Source(system: system, text: text, offset: offset)
    idsByName["\(system):\(name)"] = id
  }

  func parseHeaderPage(_ text: [UInt8]) { _ = library.parseHeaderPage(text, longSize: longSize) }
  func add(commandLines text: [UInt8]) { commandLines = text }
  func add(printkFormats text: [UInt8]) { printkFormats = text }
  func add(kallsyms text: [UInt8]) { if !text.isEmpty { symbolText = text } }
  /// Symbols are those of `kernel`, if it is the one that runs here.
  func add(symbolsOf kernel: KernelIdentity) { self.kernel = kernel }

  /// The format of event `id`, or nil if the recording does not describe it.
  public func format(id: Int) -> EventFormat? {
    guard let source = sources[id] else { return nil }
    if source.isParsed { return source.format }
    let (format, isWhole) = library.parseFormat(source.text, system: source.system)
    sources[id]?.format = format
    sources[id]?.isParsed = true
    if !isWhole {
      let name = "\(source.system):\(FormatText.name(in: source.text) ?? "")"
      diagnostics.add(format == nil ? .formatDamaged : .printFormatDamaged, path: path, offset: source.offset, name)
    }
    return format
  }

  /// The format of `system:name`, or nil if the recording does not describe it.
  public func format(system: String, name: String) -> EventFormat? {
    idsByName["\(system):\(name)"].flatMap { format(id: $0) }
  }

  /// Whether an entry of `size` bytes may be event `id`: that is described, and its fields fit. Nothing is parsed.
  func describes(_ id: Int, size: Int) -> Bool { sources[id].map { FormatText.extent(in: $0.text) <= size } ?? false }

  /// The ids of every event the recording describes.
  public var ids: [Int] { sources.keys.sorted() }

  /// The formats of kprobes and fprobes on functions' entries, whatever their names: their first own field is the probe's address.
  public var probes: [EventFormat] {
    ids.filter { id in sources[id].map { Self.isProbe($0.text) } ?? false }.compactMap { format(id: $0) }
  }

  private static func isProbe(_ text: [UInt8]) -> Bool { text.view.slice(0, min(text.count, 1024)).firstIndex(of: " __probe_ip;") != nil }

  /// The address of kernel symbol `name`, or nil if the recording does not name it: `ffffffff81e32fe0 T sock_def_readable`, with the module
  /// in brackets behind a tab if there is one.
  public func address(ofSymbol name: String) -> UInt64? {
    guard let text = symbolText ?? kernel?.symbols else { return nil }
    let buffer = ByteBuffer(text)
    return Self.address(of: Array(" \(name)".utf8), in: buffer.bytes)
  }

  /// The address in the line of `table` whose symbol is `needle`, which begins with a space.
  static func address(of needle: [UInt8], in table: RawSpan) -> UInt64? {
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
    guard let wanted = format.field(field),
      let read = try? PrintParser.parse(text(ofFormat: format.id), of: format, longSize: longSize)
    else { return [:] }
    return read.parts.symbols(ofFieldAt: wanted.offset)
  }

  /// The text of format `id`; empty if the recording does not describe it.
  func text(ofFormat id: Int) -> [UInt8] { sources[id]?.text ?? [] }

  /// The name the recording knows for task `pid`.
  public func comm(_ pid: Int32) -> String {
    let name = printer.tasks.knownName(pid) ?? CommandLines.unknown
    return name.view.text
  }

  /// The kernel symbol at `address` and the offset into it, or nil.
  public func symbol(at address: UInt64) -> (name: String, offset: UInt64)? {
    let symbols = printer.names.symbols
    return symbols.index(at: address).map { (symbols.name($0).text, address &- symbols.address($0)) }
  }
}

// MARK: printing

extension FormatCatalog {
  /// Appends what the event says of `entry`, as `trace-cmd report` prints it.
  public func describe(_ entry: RawSpan, time: UInt64, cpu: Int32, into line: inout [UInt8]) {
    var buffer = TextBuffer(capacity: 256)
    describe(entry, time: time, cpu: cpu, into: &buffer)
    line.append(buffer)
  }

  /// Appends what the event says of `entry`, as `trace-cmd report` prints it; nothing for an event that the recording does not describe.
  public func describe(_ entry: RawSpan, time: UInt64, cpu: Int32, into line: inout TextBuffer) {
    guard let type = entry.integer(UInt16.self, at: 0, order), let event = printer.event(type, self) else { return }
    printer.describe(event, entry, time: time, cpu: cpu, into: &line)
  }

  private var order: ByteOrder { isBigEndian ? .big : .little }

  /// Appends the line of `entry` as `trace-cmd report` has it, without its end. False where all of it is there but what the event says, which
  /// depends on the event behind it: `entry` is the call of a function that function_graph traced, and `appendCall` goes on.
  public func appendLine(of entry: RawSpan, time: UInt64, cpu: Int32, isInSeconds: Bool, to line: inout TextBuffer) -> Bool {
    let printer = printer
    let type = entry.integer(UInt16.self, at: 0, order) ?? 0
    printer.appendTask(entry.integer(Int32.self, at: 4, order) ?? 0, to: &line)
    line.append(cpu: cpu)
    if isInSeconds {
      line.append(32)
      line.append(microseconds: time)
    } else {
      line.append(ticks: time)
    }
    line.append(UInt8(ascii: ":"))
    guard let event = printer.event(type, self) else {
      line.append(" [UNKNOWN EVENT type ")
      line.appendDecimal(UInt64(type))
      line.append(UInt8(ascii: "]"))
      return true
    }
    line.append(event.column)
    if event.isCall { return false }
    printer.describe(event, entry, time: time, cpu: cpu, into: &line)
    return true
  }

  /// Appends what `call` says, and answers whether `exit` belongs to it: that it ended the call before anything else was traced.
  public func appendCall(_ call: RawSpan, before exit: RawSpan?, to line: inout TextBuffer) -> Bool {
    let printer = printer
    guard let type = call.integer(UInt16.self, at: 0, order), let special = printer.event(type, self)?.special else { return false }
    if let exit, let exitType = exit.integer(UInt16.self, at: 0, order), let exitSpecial = printer.event(exitType, self)?.special,
      printer.isLeaf(special, call, exitSpecial, exit)
    {
      printer.graphLeaf(special, call, exitSpecial, exit, &line)
      return true
    }
    printer.graphEntry(special, call, &line)
    return false
  }
}
