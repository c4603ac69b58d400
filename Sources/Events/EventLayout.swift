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

  let kind: Event.Kind
  /// Whether its fields are the values of an event's body, and no more than this layout holds.
  private(set) var isPlain = false
  private(set) var hasName = false
  /// Whether it has more than three numbers.
  private(set) var isLong = false
  /// Entries shorter than this are damaged.
  let size: Int32
  /// Where the name lies, if there is one.
  private(set) var name = Schema.Field()
  private var numbers = (Number(), Number(), Number(), Number(), Number())

  init(_ schema: Schema) {
    kind = schema.kind.event
    size = Int32(truncatingIfNeeded: schema.size)
    // Where the kernel gives no reason, it is not 0.
    guard !schema.kind.isRare, schema.kind != .kfreeSkb || schema.has(2) else { return }
    isPlain = true
    var fields: [Number] = []
    for (index, name) in schema.kind.definition.fields.enumerated() {
      if name == "name" || name == "dev_name" || name.hasSuffix("comm") {
        hasName = true
        self.name = schema.field(index)
      } else {
        fields.append(Number(schema.field(index)))
      }
    }
    isLong = fields.count > 3
    fields += repeatElement(Number(), count: max(5 - fields.count, 0))
    numbers = (fields[0], fields[1], fields[2], fields[3], fields[4])
  }

  /// Puts what `entry` says into `event`, which layout `index` of `layouts` describes. It is looked at where it lies: as a parameter it would be
  /// copied.
  @inline(__always)
  static func read(
    _ entry: RawSpan, _ order: ByteOrder, _ layouts: Span<EventLayout>, _ index: Int, _ names: inout NameTable, into event: inout Event
  ) {
    event.kind = layouts[index].kind
    if layouts[index].hasName {
      let place = layouts[index].name.place(entry, order)
      event.name = names.intern(entry, place.offset, place.count)
    }
    event.numbers.0 = layouts[index].numbers.0.value(entry, order)
    event.numbers.1 = layouts[index].numbers.1.value(entry, order)
    event.numbers.2 = layouts[index].numbers.2.value(entry, order)
    guard layouts[index].isLong else { return }
    event.numbers.3 = layouts[index].numbers.3.value(entry, order)
    event.numbers.4 = layouts[index].numbers.4.value(entry, order)
  }
}

extension EventKind {
  /// Whether it is read field by field: a packet has few of them, and what their fields say is put together.
  fileprivate var isRare: Bool {
    switch self {
    case .inetSockSetState, .tcpProbe, .tcpRcvSpaceAdjust, .print, .dmaMapPage, .dmaMapPhys, .dmaUnmapPage, .dmaUnmapPhys, .dmaSyncForCPU,
      .flow, .flowSent, .flowUDP, .flowPulled:
      true
    default: false
    }
  }

  /// What happened where the kernel writes an event of this kind; of the lines in a recording only those that mark windows are any.
  public var event: Event.Kind {
    switch self {
    case .irqHandlerEntry: .irqHandlerEntry
    case .irqHandlerExit: .irqHandlerExit
    case .softirqRaise: .softirqRaise
    case .softirqEntry: .softirqEntry
    case .softirqExit: .softirqExit
    case .napiPoll: .napiPoll
    case .groReceiveEntry, .groFragsEntry: .groEntry
    case .groReceiveExit, .groFragsExit: .groExit
    case .netifRxEntry: .netifRxEntry
    case .receiveEntry: .receiveEntry
    case .receiveListEntry: .receiveListEntry
    case .netifReceiveSkb: .netifReceiveSkb
    case .netDevQueue: .netDevQueue
    case .netDevStartXmit: .netDevStartXmit
    case .netDevXmit: .netDevXmit
    case .kfreeSkb: .kfreeSkb
    case .consumeSkb: .consumeSkb
    case .skbCopyDatagram: .skbCopyDatagram
    case .skDataReady: .skDataReady
    case .sockRecvLength: .sockRecvLength
    case .sockSendLength: .sockSendLength
    case .inetSockSetState: .inetSockSetState
    case .tcpProbe: .tcpProbe
    case .tcpRcvSpaceAdjust: .tcpRcvSpaceAdjust
    case .tcpDestroySock: .tcpDestroySock
    case .schedWaking: .schedWaking
    case .schedSwitch: .schedSwitch
    case .dmaMapPage, .dmaMapPhys: .dmaMap
    case .dmaUnmapPage, .dmaUnmapPhys: .dmaUnmap
    case .dmaSyncForCPU: .dmaSyncForCPU
    case .flow: .flow
    case .flowUDP, .flowPulled: .flowPulled
    case .flowSent: .flowSent
    case .print: .windowEnds
    }
  }
}
