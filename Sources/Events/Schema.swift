internal import Bytes
internal import Decoding

/// The fields of one event, compiled from its `format` into offsets once, so that decoding looks nothing up.
struct Schema {
  /// Where a field lies in an entry. A field the kernel does not have has size 0 and reads as 0.
  struct Field {
    var offset: UInt16 = 0
    var size: UInt8 = 0
    var isSigned = false
    var isDynamic = false
    var isRelative = false
    /// Bytes that a string or address field occupies.
    var extent: UInt16 = 0
  }

  let kind: EventKind
  /// Entries shorter than this are damaged.
  let size: Int
  /// In the order of `Tracepoint.kernelFields`.
  private var fields = [11 of Field](repeating: Field())

  init(kind: EventKind, format: EventFormat) {
    self.kind = kind
    var end = 0
    let formerNames = Dictionary(uniqueKeysWithValues: kind.tracepoint.fields.compactMap { field in field.formerName.map { (field.name, $0) } })
    for (index, name) in kind.tracepoint.kernelFields.enumerated() {
      let found = format.field(name) ?? formerNames[name].flatMap { format.field($0) }
      guard let field = found, let offset = UInt16(exactly: field.offset) else { continue }
      let isInline = field.isArray && !field.isDynamic
      fields[index] = Field(
        offset: offset, size: isInline ? 1 : UInt8(clamping: field.size), isSigned: field.isSigned, isDynamic: field.isDynamic,
        isRelative: field.isRelative, extent: UInt16(clamping: field.size))
      end = max(end, field.offset + field.size)
    }
    size = end
  }

  /// Whether the kernel has field `index`.
  func has(_ index: Int) -> Bool { fields[index].size != 0 }

  /// Where field `index` lies.
  func field(_ index: Int) -> Field { fields[index] }

  /// The number in field `index`, widened with its sign.
  @inline(__always)
  func number(_ index: Int, _ entry: RawSpan, _ order: ByteOrder) -> UInt64 { fields[index].number(entry, order) }

  /// The number in field `index` as 32 bits.
  @inline(__always)
  func int32(_ index: Int, _ entry: RawSpan, _ order: ByteOrder) -> Int32 {
    Int32(truncatingIfNeeded: number(index, entry, order))
  }

  /// The bytes that field `index` occupies.
  func extent(_ index: Int) -> (offset: Int, count: Int) { (Int(fields[index].offset), Int(fields[index].extent)) }

  // The same for what a probe copies of a packet.

  func number(_ part: PacketHeader.Part, _ entry: RawSpan, _ order: ByteOrder) -> UInt64 { number(part.rawValue, entry, order) }
  func int32(_ part: PacketHeader.Part, _ entry: RawSpan, _ order: ByteOrder) -> Int32 { int32(part.rawValue, entry, order) }
  func extent(_ part: PacketHeader.Part) -> (offset: Int, count: Int) { extent(part.rawValue) }
}

extension Schema.Field {
  /// The number in this field of `entry`, widened with its sign.
  @inline(__always)
  func number(_ entry: RawSpan, _ order: ByteOrder) -> UInt64 {
    if size == 4 {
      let value = entry.integer(UInt32.self, at: Int(offset), order) ?? 0
      return isSigned ? UInt64(bitPattern: Int64(Int32(bitPattern: value))) : UInt64(value)
    }
    return size == 8 ? entry.integer(UInt64.self, at: Int(offset), order) ?? 0 : narrow(entry, order)
  }

  @inline(never)
  private func narrow(_ entry: RawSpan, _ order: ByteOrder) -> UInt64 {
    let value = entry.unsigned(at: Int(offset), size: Int(size), order) ?? 0
    guard isSigned, size < 8 else { return value }
    let shift = 64 &- 8 &* UInt64(size)
    return UInt64(bitPattern: Int64(bitPattern: value << shift) >> Int64(shift))
  }

  /// The bytes of the string in this field, wherever `entry` keeps them.
  @inline(__always)
  func place(_ entry: RawSpan, _ order: ByteOrder) -> (offset: Int, count: Int) {
    guard isDynamic else { return (Int(offset), Int(extent)) }
    // __data_loc: low 16 bits offset, high 16 bits length; __rel_loc counts from the end of the field.
    let word = entry.integer(UInt32.self, at: Int(offset), order) ?? 0
    return (Int(word & 0xffff) + (isRelative ? Int(offset) + 4 : 0), Int(word >> 16))
  }
}
