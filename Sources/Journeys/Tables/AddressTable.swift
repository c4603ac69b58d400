internal import BasicContainers

/// Multiplies keys to places, another odd number in each process: whoever writes a recording cannot choose addresses that fall together.
private let processMultiplier = UInt64.random(in: .min ... .max) | 1

/// A table of small values by address (or another number): open addressing in one flat array. A lookup costs a multiplication and, for
/// nearly all keys, one cache line; the dictionary of the standard library takes five times as long.
struct AddressTable<Value: BitwiseCopyable & Sendable>: ~Copyable, Sendable {
  /// Not private for the reason that `PacketTable.Head` is not.
  struct Entry {
    var key: UInt64
    var value: Value?
  }

  private var entries = UniqueArray<Entry>()
  private(set) var count = 0
  /// The upper bits of a product choose the place; this many are left out.
  private var shift: UInt64 = 0
  private let multiplier = processMultiplier

  /// The value of `key`; setting nil removes it.
  @inline(__always)
  subscript(key: UInt64) -> Value? {
    get { entries.isEmpty ? nil : entries[place(of: key)].value }
    set {
      if let newValue { set(key, newValue) } else { removeValue(forKey: key) }
    }
  }

  /// Removes `key`; the value it had, or nil.
  @discardableResult
  mutating func removeValue(forKey key: UInt64) -> Value? {
    guard !entries.isEmpty else { return nil }
    var hole = place(of: key)
    guard let old = entries[hole].value else { return nil }
    count &-= 1
    // Whatever comes behind and cannot be found over the hole moves into it.
    let mask = entries.count &- 1
    var next = (hole &+ 1) & mask
    while entries[next].value != nil {
      let home = home(of: entries[next].key)
      if (next &- home) & mask >= (next &- hole) & mask {
        entries[hole] = entries[next]
        hole = next
      }
      next = (next &+ 1) & mask
    }
    entries[hole].value = nil
    return old
  }

  /// Forgets everything.
  mutating func removeAll() { self = Self() }

  /// Every key and its value, in an order that is another one in each process.
  var all: [(key: UInt64, value: Value)] {
    entries.indices.compactMap { place in entries[place].value.map { (entries[place].key, $0) } }
  }

  private mutating func set(_ key: UInt64, _ value: Value) {
    // At most half full, so that runs stay short.
    if 2 &* (count &+ 1) > entries.count { grow() }
    let place = place(of: key)
    if entries[place].value == nil { count &+= 1 }
    entries[place] = Entry(key: key, value: value)
  }

  /// Where `key` is, or the free place where it would be.
  @inline(__always)
  private func place(of key: UInt64) -> Int {
    var place = home(of: key)
    while entries[place].key != key, entries[place].value != nil { place = (place &+ 1) & (entries.count &- 1) }
    return place
  }

  /// Multiply-shift hashing (Dietzfelbinger and others, "A reliable randomized algorithm for the closest-pair problem", 1997).
  @inline(__always)
  private func home(of key: UInt64) -> Int { Int(truncatingIfNeeded: (key &* multiplier) &>> shift) }

  private mutating func grow() {
    let old = all
    let size = max(2 * entries.count, 64)
    entries = UniqueArray(repeating: Entry(key: 0, value: nil), count: size)
    shift = UInt64(64 - size.trailingZeroBitCount)
    for entry in old { entries[place(of: entry.key)] = Entry(key: entry.key, value: entry.value) }
  }
}
