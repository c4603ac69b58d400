internal import Bytes

/// A small integer that stands for a string of one recording: a device, an interrupt, a task.
public struct NameID: Hashable, Sendable {
  public let index: Int32
  /// The kernel thread that a task of this name is, which decides whose work it does.
  public let kernelThread: KernelThread
  /// The empty string.
  public static let none = NameID(index: 0, kernelThread: .none)
}

/// The kernel threads that process packets, told by their names.
public enum KernelThread: UInt8, Sendable {
  /// A task of another kind.
  case none
  /// `ksoftirqd/N` (kernel/softirq.c).
  case ksoftirqd
  /// `napi/DEVICE-ID`: threaded NAPI (`napi_kthread_create` in net/core/dev.c).
  case napi
  /// `backlog_napi/N`: the backlog of PREEMPT_RT and thread_backlog_napi (net/core/dev.c).
  case backlog
  /// `irq/N-NAME`: a threaded interrupt handler (kernel/irq/manage.c).
  case interrupt

  init(_ name: String) {
    self = name.hasPrefix("ksoftirqd/") ? .ksoftirqd : name.hasPrefix("napi/") ? .napi
      : name.hasPrefix("backlog_napi/") ? .backlog : name.hasPrefix("irq/") ? .interrupt : .none
  }
}

/// The strings of one recording, each kept once. Names of up to 16 bytes (devices and tasks; `IFNAMSIZ`, `TASK_COMM_LEN`) are looked up
/// as two words and never become a `String` on the way.
public struct NameTable: Sendable {
  private struct ShortName: Hashable {
    var low: UInt64 = 0
    var high: UInt64 = 0

    /// The empty name.
    init() {}

    /// The bytes `offset ..< offset + count` of `entry` that are there, up to the first zero byte; nil if they are more than 16.
    @inline(__always)
    init?(_ entry: RawSpan, _ offset: Int, _ size: Int) {
      // An interrupt's name may fill 16 bytes and have its zero behind them.
      let count = size == 17 && entry.byte(at: offset &+ 16) == 0 ? 16 : size
      // The common fields stand before any name, so that the eight bytes up to its end are the entry's, too.
      let end = offset &+ count
      if count > 0, count <= 16, end <= entry.byteCount, let last = entry.integer(UInt64.self, at: end &- 8) {
        if count <= 8 {
          low = Self.beforeZero(last >> UInt64(64 &- 8 &* count))
          return
        }
        if let first = entry.integer(UInt64.self, at: offset) {
          low = Self.beforeZero(first)
          if !Self.hasZero(first) { high = Self.beforeZero(last >> UInt64(128 &- 8 &* count)) }
          return
        }
      }
      guard readSlowly(entry.slice(offset, count)) else { return nil }
    }

    /// Takes the bytes before the first zero byte; false if they are more than 16.
    @inline(never)
    private mutating func readSlowly(_ bytes: RawSpan) -> Bool {
      let length = bytes.lengthToZero
      guard length <= 16 else { return false }
      self = ShortName()
      for index in 0..<length {
        let byte = UInt64(bytes.byte(at: index) ?? 0)
        if index < 8 { low |= byte << (8 &* index) } else { high |= byte << (8 &* (index &- 8)) }
      }
      return true
    }

    /// Where among the 64 recent names it is kept.
    var place: Int { Int(truncatingIfNeeded: ((low ^ high) &* 0x9e37_79b9_7f4a_7c15) >> 58) }

    /// The top bit of the first zero byte of `word`, and perhaps of some behind it.
    private static func zeroes(_ word: UInt64) -> UInt64 { (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080 }

    private static func hasZero(_ word: UInt64) -> Bool { zeroes(word) != 0 }

    /// The bytes of `word` before its first zero byte.
    private static func beforeZero(_ word: UInt64) -> UInt64 {
      let zeroes = zeroes(word)
      return zeroes == 0 ? word : word & ((1 << UInt64(zeroes.trailingZeroBitCount & ~7)) &- 1)
    }
  }

  private var names: [String] = [""]
  private var short: [ShortName: NameID] = [ShortName(): .none]
  private var long: [String: NameID] = [:]
  /// The names met last, each at the place its bytes choose.
  private var recent = [(name: ShortName, id: NameID)](repeating: (ShortName(), .none), count: 64)

  public init() {}

  /// The string that `id` stands for.
  public subscript(id: NameID) -> String { names[Int(id.index)] }

  /// The string whose id has `number`, for names that stand for the numbers text does not print; nil if there is none.
  subscript(number number: Int32) -> String? { number > 0 && Int(number) < names.count ? names[Int(number)] : nil }

  /// The id of the name in `bytes`, which ends at the first zero byte.
  public mutating func intern(_ bytes: RawSpan) -> NameID { intern(bytes, 0, bytes.byteCount) }

  /// The id of the name in the bytes `offset ..< offset + count` of `entry`, which ends at the first zero byte.
  mutating func intern(_ entry: RawSpan, _ offset: Int, _ count: Int) -> NameID {
    guard let key = ShortName(entry, offset, count) else {
      let bytes = entry.slice(offset, count)
      return internLong(bytes.slice(0, bytes.lengthToZero).text)
    }
    // An empty place has the empty name and its id.
    let found = recent[key.place]
    return found.name == key ? found.id : internAnew(key, entry.slice(offset, count))
  }

  @inline(never)
  private mutating func internAnew(_ key: ShortName, _ bytes: RawSpan) -> NameID {
    let id = internShort(key, bytes.slice(0, bytes.lengthToZero))
    recent[key.place] = (key, id)
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
    return NameID(index: Int32(truncatingIfNeeded: names.count - 1), kernelThread: KernelThread(name))
  }
}
