/// What an event says: what happened, up to five numbers and a name. `Declarations/` has the meaning of each, and a view that reads it.
///
/// It lies flat, so that a decoder fills it in the same steps whatever happened, and a reader takes the numbers it needs.
public struct EventBody: Sendable {
  /// The values, each in the slot that its declaration gives; signed ones are widened with their sign. Further ones mean nothing, for an event
  /// in a batch keeps what another had there.
  public package(set) var numbers: (UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0)
  /// What is no number of its own in a packet's header, and whether a gap says how many events were lost.
  var detail: UInt32 = 0
  /// The device, interrupt or task that it names, if it has a name.
  public package(set) var name = NameID.none
  /// What happened.
  public package(set) var kind: Kind

  /// An event of `kind` whose numbers are 0.
  package init(_ kind: Kind, _ name: NameID = .none) {
    self.kind = kind
    self.name = name
  }

  /// Where a value lies.
  public enum Slot: UInt8, Sendable {
    case first, second, third, fourth, fifth
    case name
  }
}

/// Where a value lies in the body of an event.
@usableFromInline typealias Slot = EventBody.Slot

/// What names the values of an event.
public protocol EventView: Sendable {
  init(_ body: EventBody)
}

/// A value that fits the slot of a number.
public protocol SlotValue {
  init(slotBits: UInt64)
  var slotBits: UInt64 { get }
}

extension SlotValue where Self: FixedWidthInteger {
  @inlinable @inline(__always)
  public init(slotBits: UInt64) { self.init(truncatingIfNeeded: slotBits) }
  /// The number, widened with its sign.
  @inlinable @inline(__always)
  public var slotBits: UInt64 { UInt64(truncatingIfNeeded: self) }
}

extension UInt64: SlotValue {}
extension Int64: SlotValue {}
extension UInt32: SlotValue {}
extension Int32: SlotValue {}
extension UInt16: SlotValue {}

extension FlowID: SlotValue {
  @inlinable @inline(__always)
  public init(slotBits: UInt64) { self.init(index: Int32(slotBits: slotBits)) }
  @inlinable @inline(__always)
  public var slotBits: UInt64 { index.slotBits }
}

extension EventBody {
  /// The bits of the number in `slot`; that of the name has none.
  @inlinable
  public subscript(bits slot: Slot) -> UInt64 {
    @inline(__always) get {
      switch slot {
      case .first: numbers.0
      case .second: numbers.1
      case .third: numbers.2
      case .fourth: numbers.3
      case .fifth: numbers.4
      case .name: 0
      }
    }
  }

  package mutating func set(_ slot: Slot, _ bits: UInt64) {
    switch slot {
    case .first: numbers.0 = bits
    case .second: numbers.1 = bits
    case .third: numbers.2 = bits
    case .fourth: numbers.3 = bits
    case .fifth: numbers.4 = bits
    case .name: break
    }
  }

  /// The number in `slot`.
  @inlinable
  subscript<Value: SlotValue>(slot: Slot) -> Value {
    @inline(__always) get { Value(slotBits: self[bits: slot]) }
  }

  /// The same event with `value` in `slot`.
  func with<Value: SlotValue>(_ slot: Slot, _ value: Value) -> EventBody {
    var body = self
    body.set(slot, value.slotBits)
    return body
  }
}

extension EventBody: CustomStringConvertible {
  /// The kind, and the values by the kernel's names.
  public var description: String {
    let values = declared.compactMap { field -> String? in
      guard let slot = field.slot else { return nil }
      return "\(field.name): \(slot == .name ? "name \(name.index)" : "\(Int64(slotBits: self[bits: slot]))")"
    }
    return values.isEmpty ? "\(kind)" : "\(kind)(\(values.joined(separator: ", ")))"
  }

  /// What it holds, as the declaration has it.
  private var declared: [Field] {
    switch kind {
    case .sockDefReadable: Tracepoint.sockDefReadable.fields
    case .taskChosen: [Field("comm", .name)]
    case .gap: [Field("before", .first), Field("events", .second)]
    default: kind.tracepoint?.tracepoint.fields ?? []
    }
  }
}
