internal import Bytes
internal import Decoding

/// The fields that every entry begins with.
struct EntryHead {
  let type: Int
  let flags: UInt8
  let pid: Int32

  init(_ entry: RawSpan, _ catalog: FormatCatalog) {
    let order: ByteOrder = catalog.isBigEndian ? .big : .little
    type = Int(entry.integer(UInt16.self, at: 0, order) ?? 0)
    flags = entry.byte(at: 2) ?? 0
    pid = Int32(bitPattern: entry.integer(UInt32.self, at: 4, order) ?? 0)
  }
}

/// The value of one field of an entry, for printing.
enum FieldValue {
  case signed(Int64)
  case unsigned(UInt64)
  case pointer(UInt64)
  case text(String)
  case bytes([UInt8])
  case missing

  init(_ field: EventFormat.Field, _ entry: RawSpan, _ catalog: FormatCatalog) {
    let order: ByteOrder = catalog.isBigEndian ? .big : .little
    var offset = field.offset
    var count = field.size
    if field.isDynamic {
      guard let word = entry.integer(UInt32.self, at: field.offset, order) else {
        self = .missing
        return
      }
      offset = Int(word & 0xffff) + (field.isRelative ? field.offset + 4 : 0)
      count = Int(word >> 16)
    }
    let bytes = entry.slice(offset, count)
    // libtraceevent takes arrays of u8 (addresses) for strings, too.
    if field.isString && field.type.contains("char") {
      self = .text(bytes.slice(0, bytes.lengthToZero).text)
    } else if field.isArray || field.isDynamic {
      self = .bytes(bytes.array)
    } else if let value = entry.unsigned(at: offset, size: count, order) {
      let shift = UInt64(64 - 8 * count)
      self =
        field.isPointer ? .pointer(value) : field.isSigned ? .signed(Int64(bitPattern: value << shift) >> Int64(shift)) : .unsigned(value)
    } else {
      self = .missing
    }
  }

  func write(_ name: String, _ json: inout JSONWriter) {
    switch self {
    case .signed(let value): json.field(name, value)
    case .unsigned(let value): json.field(name, value)
    case .pointer(let value): json.field(name, "0x" + String(value, radix: 16))
    case .text(let value): json.field(name, value)
    case .bytes(let values): json.array(name, values) { $0.integer($1) }
    case .missing: json.null(name)
    }
  }
}
