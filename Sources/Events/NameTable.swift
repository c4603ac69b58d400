internal import Bytes

/// The strings of one recording, each kept once. Names of up to 16 bytes (devices and tasks; `IFNAMSIZ`, `TASK_COMM_LEN`) are looked up
/// as two words and never become a `String` on the way.
public struct NameTable: Sendable {
  private struct ShortName: Hashable {
    var low: UInt64 = 0
    var high: UInt64 = 0

    /// The empty name.
    init() {}

    /// `bytes`; nil if they are more than 16.
    init?(_ bytes: RawSpan) {
      guard bytes.byteCount <= 16 else { return nil }
      for index in 0..<bytes.byteCount {
        let byte = UInt64(bytes.byte(at: index) ?? 0)
        if index < 8 { low |= byte << (8 &* index) } else { high |= byte << (8 &* (index &- 8)) }
      }
    }
  }

  private var names: [String] = [""]
  private var short: [ShortName: NameID] = [ShortName(): .none]
  private var long: [String: NameID] = [:]
  /// The bytes of up to 16 as an entry has them, whatever stands behind the name's zero.
  private struct RawName: Equatable {
    var low: UInt64 = 0
    var high: UInt64 = 0

    /// The empty name.
    init() {}

    /// The bytes `offset ..< offset + count` of `entry`; nil if they are not all there or more than 16.
    @inline(__always)
    init?(_ entry: RawSpan, _ offset: Int, _ size: Int) {
      // An interrupt's name may fill 16 bytes and have its zero behind them.
      let count = size == 17 && entry.byte(at: offset &+ 16) == 0 ? 16 : size
      // The common fields stand before any name, so that the eight bytes up to its end are the entry's, too.
      guard UInt(bitPattern: count &- 1) < 16, let last = entry.integer(UInt64.self, at: offset &+ count &- 8) else { return nil }
      if count <= 8 {
        low = last &>> UInt64(64 &- 8 &* count)
      } else {
        guard let first = entry.integer(UInt64.self, at: offset) else { return nil }
        low = first
        high = last &>> UInt64(128 &- 8 &* count)
      }
    }

    /// Where among the recent names it is kept.
    @inline(__always)
    var place: Int { Int(truncatingIfNeeded: ((low ^ high) &* 0x9e37_79b9_7f4a_7c15) &>> 54) }
  }
  /// The names met last, each at the place its bytes choose; an empty place has the empty name and its id.
  private var recent = [(name: RawName, id: NameID)](repeating: (RawName(), .none), count: 1024)

  public init() {}

  /// The string that `id` stands for.
  public subscript(id: NameID) -> String { names[Int(id.index)] }

  /// The string whose id has `number`, for names that stand for the numbers text does not print; nil if there is none.
  subscript(number number: Int32) -> String? { number > 0 && Int(number) < names.count ? names[Int(number)] : nil }

  /// The id of the name in `bytes`, which ends at the first zero byte.
  public mutating func intern(_ bytes: RawSpan) -> NameID { intern(bytes, 0, bytes.byteCount) }

  /// The id of the name in the bytes `offset ..< offset + count` of `entry`, which ends at the first zero byte.
  @inline(__always)
  mutating func intern(_ entry: RawSpan, _ offset: Int, _ count: Int) -> NameID {
    guard let raw = RawName(entry, offset, count) else { return internAnew(entry, offset, count) }
    let found = recent[raw.place]
    if found.name == raw { return found.id }
    let id = internAnew(entry, offset, count)
    recent[raw.place] = (raw, id)
    return id
  }

  @inline(never)
  private mutating func internAnew(_ entry: RawSpan, _ offset: Int, _ count: Int) -> NameID {
    let bytes = entry.slice(offset, count)
    let name = bytes.slice(0, bytes.lengthToZero)
    guard let key = ShortName(name) else { return internLong(name.text) }
    if let id = short[key] { return id }
    let id = add(name.text)
    short[key] = id
    return id
  }

  /// The id of `name`.
  public mutating func intern(_ name: String) -> NameID {
    let buffer = ByteBuffer(name.keptBytes)
    return intern(buffer.bytes)
  }

  private mutating func internLong(_ name: String) -> NameID {
    if let id = long[name] { return id }
    let id = add(name)
    long[name] = id
    return id
  }

  private mutating func add(_ name: String) -> NameID {
    names.append(name)
    return NameID(index: Int32(truncatingIfNeeded: names.count - 1), kernelThread: KernelThread(name))
  }
}
