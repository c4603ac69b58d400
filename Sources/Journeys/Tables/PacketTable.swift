internal import BasicContainers
internal import Events

/// What a table of packets needs of each.
protocol AddressedPacket: Sendable {
  init()
  /// A packet begins at `address`, that of its sk_buff; nothing is left of the one before.
  mutating func begin(at address: UInt64)
  /// It is over.
  mutating func end()
}

/// The packets in flight, in slots that are used again, and the addresses they live at.
struct PacketTable<Entry: AddressedPacket>: ~Copyable, Sendable {
  /// What tells packets apart, beside the slots, which are too large to be looked at for that. It is not private, for the compiler (Swift 6.3.1)
  /// fails where another module destroys a table of private things.
  struct Head {
    /// The address of its sk_buff.
    var address: UInt64 = 0
    /// Counts the packets that have used this slot.
    var generation: UInt32 = 0
    /// Whether the table still maps its address to it.
    var ownsAddress = false
    var isFree = true
  }

  var slots = UniqueArray<Entry>()
  private var heads = UniqueArray<Head>()
  private var free: [Int32] = []
  private var byAddress = AddressTable<PacketRef>()
  /// How many packets are in flight.
  private(set) var count = 0

  /// The slot `ref` stands for, or nil if its packet is gone.
  @inline(__always)
  func slot(_ ref: PacketRef) -> Int? {
    guard ref.slot >= 0, heads[Int(ref.slot)].generation == ref.generation else { return nil }
    return Int(ref.slot)
  }

  /// A reference to the packet in `slot`.
  @inline(__always)
  func ref(_ slot: Int) -> PacketRef { PacketRef(slot: Int32(truncatingIfNeeded: slot), generation: heads[slot].generation) }

  /// The packet that lives at `address`, or nil.
  @inline(__always)
  func find(_ address: UInt64) -> Int? { byAddress[address].flatMap { slot($0) } }

  /// Whether there is no packet in `slot`.
  func isFree(_ slot: Int) -> Bool { heads[slot].isFree }

  /// A new packet at `address`. Whatever lived there before has lost its address.
  mutating func insert(_ address: UInt64) -> Int {
    forget(address)
    let slot: Int
    if let used = free.popLast() {
      slot = Int(used)
    } else {
      slot = slots.count
      slots.append(Entry())
      heads.append(Head())
    }
    slots[slot].begin(at: address)
    let generation = heads[slot].generation
    heads[slot] = Head(address: address, generation: generation, ownsAddress: true, isFree: false)
    byAddress[address] = ref(slot)
    count += 1
    return slot
  }

  /// The address is in use for something else from here.
  mutating func forget(_ address: UInt64) {
    guard let old = byAddress.removeValue(forKey: address), let slot = slot(old) else { return }
    heads[slot].ownsAddress = false
  }

  /// The packet in `slot` does not live at its address any more.
  mutating func forgetAddress(of slot: Int) {
    if heads[slot].ownsAddress { forget(heads[slot].address) }
  }

  /// Frees `slot`; references to it are void from here.
  mutating func remove(_ slot: Int) {
    if heads[slot].ownsAddress { byAddress[heads[slot].address] = nil }
    slots[slot].end()
    heads[slot].isFree = true
    heads[slot].generation &+= 1
    free.append(Int32(truncatingIfNeeded: slot))
    count -= 1
  }
}
