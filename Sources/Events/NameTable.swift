internal import Bytes

/// A small integer that stands for a string of one recording: a device, an interrupt, a task.
public struct NameID: Hashable, Sendable {
  public let index: Int32
  /// The empty string.
  public static let none = NameID(index: 0)
}

/// The strings of one recording, each kept once. Names of up to 16 bytes (devices and tasks; `IFNAMSIZ`, `TASK_COMM_LEN`) are looked up
/// as two words and never become a `String` on the way.
public struct NameTable: Sendable {
  private struct ShortName: Hashable {
    var low: UInt64 = 0
    var high: UInt64 = 0
  }

  private var names: [String] = [""]
  private var short: [ShortName: NameID] = [ShortName(): .none]
  private var long: [String: NameID] = [:]
  private var lastShort = ShortName()
  private var lastID = NameID.none

  public init() {}

  /// The string that `id` stands for.
  public subscript(id: NameID) -> String { names[Int(id.index)] }

  /// The string whose id has `number`, for names that stand for the numbers text does not print; nil if there is none.
  subscript(number number: Int32) -> String? { number > 0 && Int(number) < names.count ? names[Int(number)] : nil }

  /// The id of the name in `bytes`, which ends at the first zero byte.
  public mutating func intern(_ bytes: RawSpan) -> NameID {
    let length = bytes.lengthToZero
    guard length <= 16 else { return internLong(bytes.slice(0, length).text) }
    var key = ShortName()
    for index in 0..<length {
      let byte = UInt64(bytes.byte(at: index) ?? 0)
      if index < 8 { key.low |= byte << (8 &* index) } else { key.high |= byte << (8 &* (index &- 8)) }
    }
    if key == lastShort { return lastID }
    let id = internShort(key, bytes.slice(0, length))
    lastShort = key
    lastID = id
    return id
  }

  /// The id of `name`.
  public mutating func intern(_ name: String) -> NameID {
    let buffer = ByteBuffer(Array(name.utf8))
    return intern(buffer.bytes)
  }

  private mutating func internShort(_ key: ShortName, _ bytes: RawSpan) -> NameID {
    if let id = short[key] { return id }
    let id = add(bytes.text)
    short[key] = id
    return id
  }

  private mutating func internLong(_ name: String) -> NameID {
    if let id = long[name] { return id }
    let id = add(name)
    long[name] = id
    return id
  }

  private mutating func add(_ name: String) -> NameID {
    names.append(name)
    return NameID(index: Int32(truncatingIfNeeded: names.count - 1))
  }
}
