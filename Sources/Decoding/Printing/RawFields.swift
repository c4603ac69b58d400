internal import Bytes

/// Prints the fields of an event one by one, ` name=value`, as libtraceevent does where it does not understand a print format.
struct RawFields: Sendable {
  private let fields: [(label: [UInt8], field: PrintField, format: EventFormat.Field)]
  private let order: ByteOrder
  private let longSize: Int

  init(_ format: EventFormat, order: ByteOrder, longSize: Int) {
    fields = format.fields.map { field in
      var label = TextBuffer(capacity: 64)
      label.appendEscaped(Array(" \(field.name)=".utf8).view, keepsLines: false)
      return (label.bytes.array, PrintField(field), field)
    }
    self.order = order
    self.longSize = longSize
  }

  /// Appends all fields of `entry` to `line`.
  func print(_ entry: RawSpan, into line: inout TextBuffer) {
    let limit = line.count + PrintProgram.longestLine
    for (label, field, format) in fields where line.count < limit {
      line.append(label)
      if field.isArray { array(field, format, entry, limit, &line) } else { number(field, format, entry, &line) }
    }
  }

  private func array(_ field: PrintField, _ format: EventFormat.Field, _ entry: RawSpan, _ limit: Int, _ line: inout TextBuffer) {
    let place = PrintProgram.place(ofField: field, entry, order)
    // Of a field without a size libtraceevent prints no bytes, but takes it for a string.
    let bytes = entry.slice(place.offset, field.size == 0 && !field.isDynamic ? 0 : place.count)
    if format.isString, Self.isPrintable(bytes) {
      return line.append(string: entry.slice(place.offset, max(entry.byteCount - place.offset, 0)), StringLayout())
    }
    line.append("ARRAY[")
    for index in 0..<bytes.byteCount where line.count < limit {
      if index > 0 { line.append(", ") }
      line.appendDigits(UInt64(bytes.byte(at: index) ?? 0), bits: 4, digits: 2)
    }
    line.append(UInt8(ascii: "]"))
  }

  private static func isPrintable(_ bytes: RawSpan) -> Bool {
    let text = bytes.slice(0, bytes.lengthToZero)
    for index in 0..<text.byteCount {
      guard let byte = text.byte(at: index), (32..<127).contains(byte) || (9..<14).contains(byte) else { return false }
    }
    return true
  }

  private func number(_ field: PrintField, _ format: EventFormat.Field, _ entry: RawSpan, _ line: inout TextBuffer) {
    let value = entry.unsigned(at: field.offset, size: field.size, order) ?? 0
    let isLong = format.type.contains("long")
    if format.isPointer || isLong && (!format.isSigned || field.size == 4) {
      line.append("0x")
      return line.appendDigits(value, bits: 4)
    }
    guard format.isSigned else { return line.appendDecimal(value) }
    let sizes: [Int: Int8] = [1: -2, 2: -1, 4: 0]
    var conversion = Conversion(size: sizes[field.size] ?? 2, letter: UInt8(ascii: "d"))
    if field.size == 2 { conversion.width = 2 }
    line.append(number: value, conversion, count: 0)
  }
}
