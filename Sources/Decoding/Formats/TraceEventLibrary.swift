internal import Bytes
internal import CTraceEvent

/// libtraceevent, which parses the fields of `format` texts: one handle for one file's metadata. Everything here is cold; print formats are read,
/// and events printed, by code of our own (Printing).
@safe final class TraceEventLibrary: @unchecked Sendable {
  private let handle: OpaquePointer

  /// A handle for files with integers of `order` and kernels with `long`s of `longSize` bytes and pages of `pageSize` bytes.
  init?(isBigEndian: Bool, longSize: Int, pageSize: Int) {
    tep_set_loglevel(TEP_LOG_NONE)
    guard let handle = unsafe tep_alloc() else { return nil }
    unsafe self.handle = handle
    unsafe tep_set_file_bigendian(handle, isBigEndian ? TEP_BIG_ENDIAN : TEP_LITTLE_ENDIAN)
    unsafe tep_set_local_bigendian(handle, tep_is_bigendian() != 0 ? TEP_BIG_ENDIAN : TEP_LITTLE_ENDIAN)
    unsafe tep_set_long_size(handle, Int32(clamping: longSize))
    unsafe tep_set_page_size(handle, Int32(clamping: pageSize))
  }

  deinit { unsafe tep_free(handle) }

  /// Parses the text of `events/header_page`; false if it makes no sense.
  func parseHeaderPage(_ text: [UInt8], longSize: Int) -> Bool {
    unsafe withCString(text) { start, count in
      unsafe tep_parse_header_page(handle, start, UInt(count), Int32(clamping: longSize)) == 0
    }
  }

  /// Parses the fields of a `format` text; `isWhole` says whether its print format is what a kernel writes.
  func parseFormat(_ text: [UInt8], system: String) -> (format: EventFormat?, isWhole: Bool) {
    guard let id = FormatText.id(in: text) else { return (nil, false) }
    let (found, isWhole) = FormatText.trusted(text)
    guard let trusted = found else { return (nil, false) }
    // Print formats are not for it: it calls itself once for each operator.
    let fields = Array(trusted.prefix(trusted.view.firstIndex(of: "print fmt:") ?? trusted.count))
    unsafe withCString(fields) { start, count in _ = unsafe tep_parse_event(handle, start, UInt(count), system) }
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

  /// libtraceevent wants text that ends in a zero byte.
  @unsafe private func withCString<R>(_ text: [UInt8], _ body: (UnsafeMutablePointer<CChar>?, Int) -> R) -> R {
    var terminated = text.map { CChar(bitPattern: $0) }
    terminated.append(0)
    return unsafe terminated.withUnsafeMutableBufferPointer { unsafe body($0.baseAddress, text.count) }
  }
}
