/// Writes BTF (include/uapi/linux/btf.h) type by type, in either byte order.
public struct BTFBuilder {
  private let isBigEndian: Bool
  private var types: [UInt8] = []
  private var strings: [UInt8]
  private let firstString: Int
  /// The number of the type written last.
  public private(set) var last: UInt32
  /// Where each type begins, counted from the start of the types, in bytes.
  public private(set) var starts: [Int] = []

  /// A kernel's types, or, with `base`, those of a module that go on behind them.
  public init(isBigEndian: Bool = false, after base: BTFBuilder? = nil) {
    self.isBigEndian = isBigEndian
    last = base?.last ?? 0
    firstString = base.map { $0.firstString + $0.strings.count } ?? 0
    strings = base == nil ? [0] : []
  }

  /// One member of a structure.
  public struct Member {
    var name: String
    var type: UInt32
    var bit: UInt32
    var width: UInt32

    public init(_ name: String, _ type: UInt32, bit: UInt32, width: UInt32 = 0) {
      self.name = name
      self.type = type
      self.bit = bit
      self.width = width
    }
  }

  public mutating func integer(_ name: String, bytes: UInt32, isSigned: Bool = false) -> UInt32 {
    type(1, name, 0, bytes, [(isSigned ? 1 << 24 : 0) | bytes * 8])
  }

  /// A pointer (2), `typedef` (8), `volatile` (9), `const` (10) and so on: a kind without elements.
  public mutating func reference(kind: UInt32, _ name: String = "", to target: UInt32) -> UInt32 { type(kind, name, 0, target, []) }

  public mutating func pointer(to target: UInt32) -> UInt32 { reference(kind: 2, to: target) }

  public mutating func array(of element: UInt32, index: UInt32, count: UInt32) -> UInt32 { type(3, "", 0, 0, [element, index, count]) }

  /// A structure or, with `isUnion`, a union. Positions carry widths where a member has one (`kind_flag`).
  public mutating func structure(_ name: String, bytes: UInt32, isUnion: Bool = false, _ members: [Member]) -> UInt32 {
    let hasWidths = members.contains { $0.width > 0 }
    let words = members.flatMap { [string($0.name), $0.type, hasWidths ? $0.width << 24 | $0.bit : $0.bit] }
    return type(isUnion ? 5 : 4, name, UInt32(members.count) | (hasWidths ? 1 << 31 : 0), bytes, words)
  }

  public mutating func enumeration(_ name: String, isSigned: Bool = false, _ values: [(String, Int64)]) -> UInt32 {
    let words = values.flatMap { [string($0.0), UInt32(truncatingIfNeeded: $0.1)] }
    return type(6, name, UInt32(values.count) | (isSigned ? 1 << 31 : 0), 4, words)
  }

  public mutating func enumeration64(_ name: String, _ values: [(String, UInt64)]) -> UInt32 {
    let words = values.flatMap { [string($0.0), UInt32(truncatingIfNeeded: $0.1), UInt32(truncatingIfNeeded: $0.1 >> 32)] }
    return type(19, name, UInt32(values.count), 8, words)
  }

  public mutating func function(_ name: String, result: UInt32, _ parameters: [(String, UInt32)]) -> UInt32 {
    let words = parameters.flatMap { [string($0.0), $0.1] }
    let prototype = type(13, "", UInt32(parameters.count), result, words)
    return reference(kind: 12, name, to: prototype)
  }

  private mutating func type(_ kind: UInt32, _ name: String, _ info: UInt32, _ word: UInt32, _ rest: [UInt32]) -> UInt32 {
    starts.append(types.count)
    for value in [string(name), kind << 24 | info, word] + rest { Self.append(value, to: &types, isBigEndian) }
    last += 1
    return last
  }

  private mutating func string(_ text: String) -> UInt32 {
    if text.isEmpty { return 0 }
    strings += Array(text.utf8) + [0]
    return UInt32(firstString + strings.count - text.utf8.count - 1)
  }

  private static func append(_ value: UInt32, to bytes: inout [UInt8], _ isBigEndian: Bool) {
    for index in 0..<4 { bytes.append(UInt8(truncatingIfNeeded: value >> UInt32(8 * (isBigEndian ? 3 - index : index)))) }
  }

  /// The finished BTF.
  public var bytes: [UInt8] {
    var bytes: [UInt8] = isBigEndian ? [0xeb, 0x9f, 1, 0] : [0x9f, 0xeb, 1, 0]
    for value in [24, 0, types.count, types.count, strings.count] { Self.append(UInt32(value), to: &bytes, isBigEndian) }
    return bytes + types + strings
  }
}
