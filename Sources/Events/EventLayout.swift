internal import Bytes
internal import Decoding

/// What is read of an event of up to five numbers and a name, side by side for the loop over records.
struct EventLayout {
  /// How to read a number in the same steps whatever its size: eight bytes are loaded, the bits of others shifted out.
  struct Number {
    /// The bits that belong to it when it is widened; zero for a field that the kernel does not have.
    var mask: UInt64 = 0
    /// Where the eight bytes begin that end with it.
    var start: UInt16 = 0
    var shift: UInt8 = 0

    init() {}

    init(_ field: Schema.Field) {
      // The common fields stand before any other, so that the bytes up to its end are the entry's, too.
      let end = Int(field.offset) + Int(field.size)
      guard [1, 2, 4, 8].contains(field.size), end >= 8, let start = UInt16(exactly: end - 8) else { return }
      self.start = start
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

  /// What is put into an event once its plain fields are read.
  enum Composition {
    /// The two ends of a connection, of the fields from `first` on.
    case inetFlow(first: Int, Slot)
    case socketFlow(first: Int, Slot)
    case header(PacketHeader.Copy)
    case line(Int)
    /// What stands for a field that this kernel does not have.
    case absent(Slot, Int64)

    typealias Slot = EventBody.Slot
  }

  let kind: EventBody.Kind
  /// What there is besides plain fields; nil for most events.
  private(set) var composition: Composition?
  /// Whether its fields are the values of an event's body, and no more than this layout holds.
  private(set) var isPlain = true
  private(set) var hasName = false
  /// Whether it has more than three numbers.
  private(set) var isLong = false
  /// Entries shorter than this are damaged.
  let size: Int32
  /// Where the name lies, if there is one.
  private(set) var name = Schema.Field()
  private var numbers = (Number(), Number(), Number(), Number(), Number())

  init(_ schema: Schema) {
    let tracepoint = schema.kind.tracepoint
    kind = tracepoint.kind
    size = Int32(truncatingIfNeeded: schema.size)
    var place = 0
    for field in tracepoint.fields {
      add(field, schema, place)
      place += field.kernelFields.count
    }
    isPlain = composition == nil
  }

  private mutating func add(_ field: Tracepoint.Field, _ schema: Schema, _ place: Int) {
    switch (field.form, field.slot) {
    case (.plain, .name?):
      hasName = true
      name = schema.field(place)
    case (.plain, let slot?):
      if field.absent != 0, !schema.has(place) { composition = .absent(slot, field.absent) }
      set(slot, Number(schema.field(place)))
    case (.inetAddresses, let slot?): composition = .inetFlow(first: place, slot)
    case (.socketAddresses, let slot?): composition = .socketFlow(first: place, slot)
    case (.header(let copy), _): composition = .header(copy)
    case (.line, _): composition = .line(place)
    case (_, nil): break
    }
    if field.slot == .fourth || field.slot == .fifth { isLong = true }
  }

  private mutating func set(_ slot: EventBody.Slot, _ number: Number) {
    switch slot {
    case .first: numbers.0 = number
    case .second: numbers.1 = number
    case .third: numbers.2 = number
    case .fourth: numbers.3 = number
    case .fifth: numbers.4 = number
    case .name: break
    }
  }

  /// Puts what `entry` says into `event`, which layout `index` of `layouts` describes. It is looked at where it lies: as a parameter it would be
  /// copied.
  @inline(__always)
  static func read(
    _ entry: RawSpan, _ order: ByteOrder, _ layouts: Span<EventLayout>, _ index: Int, _ names: inout NameTable, into event: inout Event
  ) {
    event.body.kind = layouts[index].kind
    if layouts[index].hasName {
      let place = layouts[index].name.place(entry, order)
      event.body.name = names.intern(entry, place.offset, place.count)
    }
    event.body.numbers.0 = layouts[index].numbers.0.value(entry, order)
    event.body.numbers.1 = layouts[index].numbers.1.value(entry, order)
    event.body.numbers.2 = layouts[index].numbers.2.value(entry, order)
    guard layouts[index].isLong else { return }
    event.body.numbers.3 = layouts[index].numbers.3.value(entry, order)
    event.body.numbers.4 = layouts[index].numbers.4.value(entry, order)
  }
}
