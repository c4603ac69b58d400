internal import Bytes
internal import CTraceEvent

/// libtraceevent, the only code that parses `format` texts and print formats: one handle for one file's metadata.
/// Everything here is cold but `describe`, which prints one event.
@safe final class TraceEventLibrary: @unchecked Sendable {
  private let handle: OpaquePointer
  private var plugins: OpaquePointer?
  private var needsPlugins: Bool
  /// What is printed is copied here first: libtraceevent believes the offsets and lengths that stand in an event, and whatever these are,
  /// they end inside.
  private let scratch = ByteBuffer(zeroes: largestEntry + 2 * 65_536)
  private var scratchUsed = 0
  private let sequence: UnsafeMutablePointer<trace_seq>

  /// A handle for files with integers of `order` and kernels with `long`s of `longSize` bytes and pages of `pageSize` bytes.
  init?(isBigEndian: Bool, longSize: Int, pageSize: Int, usesPlugins: Bool) {
    tep_set_loglevel(TEP_LOG_NONE)
    guard let handle = unsafe tep_alloc() else { return nil }
    unsafe self.handle = handle
    unsafe tep_set_file_bigendian(handle, isBigEndian ? TEP_BIG_ENDIAN : TEP_LITTLE_ENDIAN)
    unsafe tep_set_local_bigendian(handle, tep_is_bigendian() != 0 ? TEP_BIG_ENDIAN : TEP_LITTLE_ENDIAN)
    unsafe tep_set_long_size(handle, Int32(clamping: longSize))
    unsafe tep_set_page_size(handle, Int32(clamping: pageSize))
    unsafe plugins = nil
    needsPlugins = usesPlugins
    unsafe sequence = .allocate(capacity: 1)
    unsafe trace_seq_init(sequence)
  }

  deinit {
    unsafe trace_seq_destroy(sequence)
    unsafe sequence.deallocate()
    if let plugins = unsafe plugins { unsafe tep_unload_plugins(plugins, handle) }
    unsafe tep_free(handle)
  }

  /// Parses the text of `events/header_page`; false if it makes no sense.
  func parseHeaderPage(_ text: [UInt8], longSize: Int) -> Bool {
    unsafe withCString(text) { start, count in
      unsafe tep_parse_header_page(handle, start, UInt(count), Int32(clamping: longSize)) == 0
    }
  }

  func parseSymbols(_ kallsyms: [UInt8]) { unsafe withCString(kallsyms) { start, _ in _ = unsafe tep_parse_kallsyms(handle, start) } }
  func parsePrintkFormats(_ text: [UInt8]) { unsafe withCString(text) { start, _ in _ = unsafe tep_parse_printk_formats(handle, start) } }
  func parseCommandLines(_ text: [UInt8]) { unsafe withCString(text) { start, _ in _ = unsafe tep_parse_saved_cmdlines(handle, start) } }

  /// Parses a `format` text. An event whose print format libtraceevent does not understand still has its fields; `isWhole` says whether the
  /// print format could be handed on to it.
  func parseFormat(_ text: [UInt8], system: String) -> (format: EventFormat?, isWhole: Bool) {
    guard let id = FormatText.id(in: text) else { return (nil, false) }
    let (found, isWhole) = FormatText.trusted(text)
    guard let trusted = found else { return (nil, false) }
    unsafe withCString(trusted) { start, count in _ = unsafe tep_parse_event(handle, start, UInt(count), system) }
    guard let event = unsafe tep_find_event(handle, Int32(clamping: id)) else { return (nil, false) }
    let format = unsafe EventFormat(
      id: id, system: system, name: String(cString: event.pointee.name),
      commonFields: Self.fields(event.pointee.format.common_fields), fields: Self.fields(event.pointee.format.fields))
    return (format, isWhole)
  }

  private static func fields(_ first: UnsafeMutablePointer<tep_format_field>?) -> [EventFormat.Field] {
    var fields: [EventFormat.Field] = []
    var next = unsafe first
    while let field = unsafe next?.pointee {
      func has(_ flag: tep_format_flags) -> Bool { unsafe field.flags & UInt(flag.rawValue) != 0 }
      unsafe fields.append(
        EventFormat.Field(
          name: String(cString: field.name), type: String(cString: field.type), offset: Int(field.offset), size: Int(field.size),
          elementSize: Int(field.elementsize), isSigned: has(TEP_FIELD_IS_SIGNED), isArray: has(TEP_FIELD_IS_ARRAY),
          isString: has(TEP_FIELD_IS_STRING), isPointer: has(TEP_FIELD_IS_POINTER), isDynamic: has(TEP_FIELD_IS_DYNAMIC),
          isRelative: has(TEP_FIELD_IS_RELATIVE)))
      unsafe next = field.next
    }
    return fields
  }

  /// The names that the print format of event `id` gives to numbers (`__print_symbolic`, `__print_flags`) of field `name`.
  func symbols(ofField name: String, inEvent id: Int) -> [UInt64: String] {
    var symbols: [UInt64: String] = [:]
    guard let event = unsafe tep_find_event(handle, Int32(clamping: id)) else { return symbols }
    var argument = unsafe event.pointee.print_fmt.args
    while let current = unsafe argument?.pointee {
      if unsafe current.type == TEP_PRINT_SYMBOL, unsafe Self.names(current.symbol.field, name) {
        var symbol = unsafe current.symbol.symbols
        while let entry = unsafe symbol?.pointee {
          if let value = unsafe Self.number(String(cString: entry.value)) { unsafe symbols[value] = String(cString: entry.str) }
          unsafe symbol = entry.next
        }
      }
      unsafe argument = current.next
    }
    return symbols
  }

  private static func names(_ argument: UnsafeMutablePointer<tep_print_arg>?, _ field: String) -> Bool {
    guard let argument = unsafe argument?.pointee else { return false }
    switch unsafe argument.type {
    case TEP_PRINT_FIELD: return unsafe String(cString: argument.field.name) == field
    case TEP_PRINT_TYPE: return unsafe names(argument.typecast.item, field)
    default: return false
    }
  }

  private static func number(_ text: String) -> UInt64? {
    text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : UInt64(text) ?? Int64(text).map { UInt64(bitPattern: $0) }
  }

  /// Appends to `line` what the event's print format (or a plugin of libtraceevent) says of `entry`.
  func describe(_ entry: RawSpan, time: UInt64, cpu: Int32, into line: inout [UInt8]) {
    unsafe print(entry, time: time, cpu: cpu, into: &line) { unsafe wakepath_print_info($0, $1, $2) }
  }

  /// No entry is longer: it fits a page, or in perf.data a record.
  private static let largestEntry = 65_536

  /// Plugins are only needed to print.
  private func loadPlugins() {
    guard needsPlugins else { return }
    needsPlugins = false
    unsafe plugins = tep_load_plugins(handle)
  }

  @unsafe private func print(
    _ entry: RawSpan, time: UInt64, cpu: Int32, into line: inout [UInt8],
    _ body: (OpaquePointer, UnsafeMutablePointer<trace_seq>, UnsafeMutablePointer<tep_record>) -> Void
  ) {
    loadPlugins()
    guard entry.byteCount <= Self.largestEntry else { return }
    scratch.overwrite(with: entry, zeroesTo: scratchUsed)
    scratchUsed = entry.byteCount
    let padded = scratch
    unsafe padded.bytes.withUnsafeBytes { bytes in
      var record = unsafe tep_record()
      unsafe record.ts = time
      unsafe record.cpu = cpu
      unsafe record.size = Int32(entry.byteCount)
      unsafe record.record_size = Int32(entry.byteCount)
      unsafe record.data = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
      unsafe trace_seq_reset(sequence)
      unsafe body(handle, sequence, &record)
      let printed = unsafe UnsafeRawBufferPointer(start: sequence.pointee.buffer, count: Int(sequence.pointee.len))
      unsafe line.append(contentsOf: printed)
    }
  }

  /// The name the recording knows for task `pid`.
  func comm(_ pid: Int32) -> String {
    unsafe tep_data_comm_from_pid(handle, pid).map { unsafe String(keeping: $0) } ?? "<...>"
  }

  /// The kernel symbol at `address`, with the offset into it, or nil.
  func symbol(at address: UInt64) -> (name: String, offset: UInt64)? {
    guard let name = unsafe tep_find_function(handle, address) else { return nil }
    return unsafe (String(cString: name), address &- tep_find_function_address(handle, address))
  }

  /// libtraceevent wants text that ends in a zero byte.
  @unsafe private func withCString<R>(_ text: [UInt8], _ body: (UnsafeMutablePointer<CChar>?, Int) -> R) -> R {
    var terminated = text.map { CChar(bitPattern: $0) }
    terminated.append(0)
    return unsafe terminated.withUnsafeMutableBufferPointer { unsafe body($0.baseAddress, text.count) }
  }
}
