internal import Bytes
internal import Decoding

/// What is read of an event of up to five numbers and a name, side by side for the loop over records.
struct EventLayout {
  /// How to read a number in the same steps whatever its size: eight bytes are loaded, the bits of others shifted out.
  struct Number {
    /// The bits that belong to it when it is widened; zero for a field that the kernel does not have.
    var mask: UInt64 = 0
    /// Where the eight bytes begin that end with it.
    var start: Int32 = 0
    var shift: UInt8 = 0

    init() {}

    init(_ field: Schema.Field) {
      // The common fields stand before any other, so that the bytes up to its end are the entry's, too.
      let end = Int32(field.offset) + Int32(field.size)
      guard [1, 2, 4, 8].contains(field.size), end >= 8 else { return }
      start = end - 8
      shift = 64 - 8 * field.size
      mask = field.isSigned ? .max : .max >> UInt64(shift)
    }

    @inline(__always)
    func value(_ entry: RawSpan, _ order: ByteOrder) -> UInt64 {
      var word = entry.integer(UInt64.self, at: Int(start), order) ?? 0
      if order == .big { word = word &<< UInt64(shift) }
      return UInt64(bitPattern: Int64(bitPattern: word) &>> Int64(shift)) & mask
    }
  }

  var kind: EventKind
  var hasName = false
  /// Where the name lies, if there is one.
  var name = Schema.Field()
  /// Entries shorter than this are damaged.
  var size: Int32
  var numbers = [5 of Number](repeating: Number())

  init(_ schema: Schema) {
    kind = schema.kind
    size = Int32(truncatingIfNeeded: schema.size)
    guard !kind.isRare else { return }
    let names = kind.definition.fields
    if let index = names.firstIndex(where: { $0 == "name" || $0 == "dev_name" || $0.hasSuffix("comm") }) {
      hasName = true
      name = schema.field(index)
    }
    for index in 0..<min(names.count, 5) { numbers[index] = Number(schema.field(index)) }
  }
}

extension EventKind {
  /// Whether it is read field by field: a packet has few of them, and they hold more than five numbers and a name.
  fileprivate var isRare: Bool {
    switch self {
    case .inetSockSetState, .tcpProbe, .tcpRcvSpaceAdjust, .print, .dmaMapPage, .dmaMapPhys, .dmaUnmapPage, .dmaUnmapPhys, .dmaSyncForCPU,
      .flow, .flowSent, .flowUDP:
      true
    default: false
    }
  }
}
