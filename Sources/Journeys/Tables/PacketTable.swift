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
    /// The slots of the packets that were added before and after it, or -1.
    var older: Int32 = -1
    var newer: Int32 = -1
  }

  private var slots = UniqueArray<Entry>()
  private var heads = UniqueArray<Head>()
  private var free: [Int32] = []
  /// The ends of the list of packets by age, or -1.
  private var first: Int32 = -1
  private var last: Int32 = -1
  private var byAddress = AddressTable<PacketRef>()
  /// How many packets are in flight.
  private(set) var count = 0
  /// Slots of packets that have ended and whose journeys wait to be taken out, in the order in which they ended.
  private var ended: [Int32] = []
  /// Whether there are any, asked after each event.
  private(set) var hasEnded = false

  /// The packet in `slot`.
  subscript(slot: Int) -> Entry {
    @inline(__always) _read { yield slots[slot] }
    @inline(__always) _modify { yield &slots[slot] }
  }

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

  /// The packet that has been in the table longest, or nil.
  var oldest: Int? { first >= 0 ? Int(first) : nil }

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
    heads[slot] = Head(address: address, generation: generation, ownsAddress: true, older: last)
    if last >= 0 { heads[Int(last)].newer = Int32(truncatingIfNeeded: slot) } else { first = Int32(truncatingIfNeeded: slot) }
    last = Int32(truncatingIfNeeded: slot)
    byAddress[address] = ref(slot)
    count += 1
    return slot
  }

  /// A new packet whose address is not known.
  mutating func insertUnaddressed() -> Int {
    let slot = insert(0)
    forgetAddress(of: slot)
    return slot
  }

  /// The packet in `slot` lives at the address of the one in `old` from here.
  mutating func moveAddress(from old: Int, to slot: Int) {
    guard heads[old].ownsAddress else { return }
    heads[old].ownsAddress = false
    heads[slot].address = heads[old].address
    heads[slot].ownsAddress = true
    byAddress[heads[slot].address] = ref(slot)
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

  /// The packet in `slot` is over, and its journey waits to be taken out; references to it are void from here.
  mutating func end(_ slot: Int) {
    leave(slot)
    ended.append(Int32(truncatingIfNeeded: slot))
    hasEnded = true
  }

  /// The packet in `slot` is part of another and has no journey of its own.
  mutating func drop(_ slot: Int) {
    leave(slot)
    free.append(Int32(truncatingIfNeeded: slot))
  }

  /// Calls `body` with each packet that has ended and frees its slot.
  @inline(__always)
  mutating func removeEnded(_ body: (borrowing Entry) -> Void) {
    for slot in ended {
      body(slots[Int(slot)])
      free.append(slot)
    }
    ended.removeFew()
    hasEnded = false
  }

  private mutating func leave(_ slot: Int) {
    if heads[slot].ownsAddress { byAddress[heads[slot].address] = nil }
    slots[slot].end()
    let (older, newer) = (heads[slot].older, heads[slot].newer)
    if older >= 0 { heads[Int(older)].newer = newer } else { first = newer }
    if newer >= 0 { heads[Int(newer)].older = older } else { last = older }
    heads[slot].generation &+= 1
    count -= 1
  }

  /// The packet that was added behind the one in `slot`, or nil; with `oldest` it leads through all of them.
  func next(behind slot: Int) -> Int? { heads[slot].newer >= 0 ? Int(heads[slot].newer) : nil }
}
