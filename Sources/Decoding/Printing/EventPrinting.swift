internal import Bytes

/// How the events of one format are printed.
final class EventPrinting: Sendable {
  let format: EventFormat
  /// ` name: ` as trace-cmd lays it out, names of fewer than twenty bytes in a column.
  let column: [UInt8]
  /// The print format, or nil where it is not understood: then fields are printed one by one.
  let program: PrintProgram?
  /// What trace-cmd prints otherwise than the print format says, or nil.
  let special: SpecialEvent?
  /// Whether this is the call of a function that function_graph traced.
  let isCall: Bool
  let rawFields: RawFields

  /// The printing of the event that `text`, its format file, describes.
  init(_ format: EventFormat, _ text: [UInt8], _ catalog: FormatCatalog) {
    self.format = format
    let order: ByteOrder = catalog.isBigEndian ? .big : .little
    var column = TextBuffer(capacity: 64)
    column.append(32)
    column.appendEscaped(Array(format.name.utf8).view, keepsLines: false)
    column.append(": ")
    column.append(32, times: 20 - format.name.utf8.count)
    self.column = column.bytes.array
    program = try? PrintProgram(text, of: format, order: order, longSize: catalog.longSize)
    special = SpecialEvent(format, usesPlugins: catalog.usesPlugins)
    isCall = special?.kind == .graphEntry
    rawFields = RawFields(format, order: order, longSize: catalog.longSize)
  }
}
