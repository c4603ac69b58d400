public import Bytes

/// A type of one kernel, by the number BTF gives it.
public struct TypeID: Hashable, Sendable {
  public let number: UInt32

  public init(number: UInt32) { self.number = number }

  /// `void`.
  public static let void = TypeID(number: 0)
}

/// The types of a kernel or of one of its modules, from BTF (Documentation/bpf/btf.rst in the kernel's source). Opening it notes where each
/// type begins; everything else is read when it is asked for.
public final class BTF: Sendable {
  let path: String
  let content: ByteBuffer
  let header: BTFHeader
  /// What a module's types build upon: the kernel's.
  let base: BTF?
  /// Where each type begins, in bytes; the first has the number `firstNumber`.
  private let offsets: [UInt32]
  private let firstNumber: UInt32
  /// Strings of a module count on behind those of the kernel.
  private let firstString: UInt32

  /// Types in `content`, which came from `path`; those of a module need the kernel's as `base`.
  public init(_ content: ByteBuffer, path: String, base: BTF? = nil) throws(LayoutError) {
    self.path = path
    self.content = content
    self.base = base
    header = try BTFHeader(content.bytes, path: path)
    firstNumber = base?.endNumber ?? 1
    firstString = base?.endString ?? 0
    offsets = try Self.index(content.bytes, header, path)
  }

  /// Where each record begins.
  private static func index(_ bytes: RawSpan, _ header: BTFHeader, _ path: String) throws(LayoutError) -> [UInt32] {
    var offsets: [UInt32] = []
    offsets.reserveCapacity(header.types.count / 24)
    var offset = header.types.lowerBound
    let end = header.types.upperBound
    while offset < end {
      guard let record = BTFRecord(bytes, at: offset, header.order), end - offset >= BTFRecord.size else {
        throw LayoutError(path, at: offset, "type \(offsets.count + 1) is cut off or of a kind that is not known")
      }
      guard record.byteCount <= end - offset else {
        throw LayoutError(path, at: offset, "type \(offsets.count + 1) has \(record.byteCount) bytes, \(end - offset) are left")
      }
      offsets.append(UInt32(truncatingIfNeeded: offset))
      offset += record.byteCount
    }
    return offsets
  }

  private var endNumber: UInt32 { firstNumber + UInt32(truncatingIfNeeded: offsets.count) }
  private var endString: UInt32 { firstString &+ UInt32(truncatingIfNeeded: header.strings.count) }

  /// How many types there are, those of the base included, and `void`.
  public var count: Int { Int(endNumber) }

  /// The numbers of the types that are this file's own.
  var ownNumbers: Range<UInt32> { firstNumber..<endNumber }

  // MARK: records

  /// The record of `id` and whose it is; an error if there is no such type.
  func record(_ id: TypeID) throws(LayoutError) -> (record: BTFRecord, owner: BTF) {
    if let base, id.number < firstNumber { return try base.record(id) }
    guard id.number >= firstNumber, id.number < endNumber else { throw LayoutError(path, "there is no type number \(id.number)") }
    return (try ownRecord(id.number), self)
  }

  func ownRecord(_ number: UInt32) throws(LayoutError) -> BTFRecord {
    let offset = Int(offsets[Int(number - firstNumber)])
    let content = content
    guard let record = BTFRecord(content.bytes, at: offset, header.order) else {
      throw LayoutError(path, at: offset, "type \(number) is cut off")
    }
    return record
  }

  /// The 32-bit word at `offset` of the file.
  func word(at offset: Int) throws(LayoutError) -> UInt32 {
    let content = content
    guard let word = content.bytes.integer(UInt32.self, at: offset, header.order) else { throw LayoutError(path, at: offset, "a type is cut off") }
    return word
  }

  // MARK: strings

  /// The string that begins at `name` among the strings; empty for things without a name.
  func string(_ name: UInt32) throws(LayoutError) -> String {
    if let base, name < firstString { return try base.string(name) }
    let offset = Int(name &- firstString)
    guard name >= firstString, offset < header.strings.count || name == 0 else {
      throw LayoutError(path, "a name would begin at byte \(name) of the strings, of which there are \(endString)")
    }
    let content = content
    let bytes = content.bytes.slice(header.strings).slice(offset, header.strings.count - offset)
    return bytes.slice(0, bytes.lengthToZero).text
  }

  /// Whether the string that begins at `name` is `wanted`, which ends in a zero byte.
  func string(_ name: UInt32, is wanted: [UInt8]) -> Bool {
    if let base, name < firstString { return base.string(name, is: wanted) }
    let start = header.strings.lowerBound + Int(name &- firstString)
    let content = content
    let bytes = content.bytes
    guard name >= firstString, wanted.count <= header.strings.upperBound - start else { return false }
    for index in wanted.indices where bytes.byte(at: start + index) != wanted[index] { return false }
    return true
  }
}
