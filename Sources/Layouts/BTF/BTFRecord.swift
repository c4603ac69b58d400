internal import Bytes

/// `BTF_KIND_*` (include/uapi/linux/btf.h).
enum BTFKind: UInt8 {
  case integer = 1
  case pointer, array, structure, union, enumeration, forward, typedef, volatile, const, restrict
  case function, prototype, variable, section, float, declarationTag, typeTag, enumeration64

  /// The bytes of a record of `count` elements behind its first 12.
  func tail(_ count: Int) -> Int {
    switch self {
    case .integer, .variable, .declarationTag: 4
    case .array: 12
    case .structure, .union, .section, .enumeration64: 12 * count
    case .enumeration, .prototype: 8 * count
    case .pointer, .forward, .typedef, .volatile, .const, .restrict, .function, .float, .typeTag: 0
    }
  }

  /// Whether the type is another one under a name or with a qualifier.
  var isAlias: Bool {
    switch self {
    case .typedef, .volatile, .const, .restrict, .typeTag: true
    default: false
    }
  }
}

/// `struct btf_type`: the first 12 bytes of a type.
struct BTFRecord {
  let kind: BTFKind
  /// Members, enumerators or parameters.
  let count: Int
  /// Bit 31 of `info`: members have bit-field sizes; enumerators are signed; a forward declaration is a union's.
  let flag: Bool
  /// Where the name begins among the strings.
  let name: UInt32
  /// The size in bytes, or the id of another type.
  let word: UInt32
  /// Where the record begins, in bytes.
  let offset: Int

  static let size = 12

  /// The record at `offset`, or nil if it is cut off or of a kind that is not known.
  init?(_ bytes: RawSpan, at offset: Int, _ order: ByteOrder) {
    guard let name = bytes.integer(UInt32.self, at: offset, order), let info = bytes.integer(UInt32.self, at: offset + 4, order),
      let word = bytes.integer(UInt32.self, at: offset + 8, order), let kind = BTFKind(rawValue: UInt8(info >> 24 & 0x1f))
    else { return nil }
    self.kind = kind
    self.name = name
    self.word = word
    self.offset = offset
    count = Int(info & 0xffff)
    flag = info >> 31 == 1
  }

  /// The bytes of the record and its elements.
  var byteCount: Int { Self.size + kind.tail(count) }

  /// Where element `index` of `elementSize` bytes begins.
  func element(_ index: Int, size elementSize: Int) -> Int { offset + Self.size + index * elementSize }
}
