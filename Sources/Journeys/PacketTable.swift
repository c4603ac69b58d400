internal import Events

/// What a table of packets needs to know of each.
protocol AddressedPacket: Sendable {
  init()
  /// The address of its sk_buff.
  var address: UInt64 { get set }
  /// Counts the packets that have used this slot.
  var generation: UInt32 { get set }
  /// Whether the table still maps its address to it.
  var ownsAddress: Bool { get set }
  var isFree: Bool { get set }
}

/// The packets in flight, in slots that are used again, and the addresses they live at.
struct PacketTable<Entry: AddressedPacket> {
  var slots: [Entry] = []
  private var free: [Int32] = []
  private var byAddress = AddressTable<PacketRef>()
  /// How many packets are in flight.
  private(set) var count = 0

  /// The slot `ref` stands for, or nil if its packet is gone.
  @inline(__always)
  func slot(_ ref: PacketRef) -> Int? {
    guard ref.slot >= 0, slots[Int(ref.slot)].generation == ref.generation else { return nil }
    return Int(ref.slot)
  }

  /// A reference to the packet in `slot`.
  func ref(_ slot: Int) -> PacketRef { PacketRef(slot: Int32(truncatingIfNeeded: slot), generation: slots[slot].generation) }

  /// The packet that lives at `address`, or nil.
  func find(_ address: UInt64) -> Int? { byAddress[address].flatMap { slot($0) } }

  /// A new packet at `address`. Whatever lived there before has lost its address.
  mutating func insert(_ address: UInt64) -> Int {
    forget(address)
    let slot: Int
    if let used = free.popLast() {
      slot = Int(used)
      let generation = slots[slot].generation
      slots[slot] = Entry()
      slots[slot].generation = generation
    } else {
      slot = slots.count
      slots.append(Entry())
    }
    slots[slot].address = address
    slots[slot].isFree = false
    slots[slot].ownsAddress = true
    byAddress[address] = ref(slot)
    count += 1
    return slot
  }

  /// The address is in use for something else from here.
  mutating func forget(_ address: UInt64) {
    guard let old = byAddress.removeValue(forKey: address), let slot = slot(old) else { return }
    slots[slot].ownsAddress = false
  }

  /// Frees `slot`; references to it are void from here.
  mutating func remove(_ slot: Int) {
    if slots[slot].ownsAddress { byAddress[slots[slot].address] = nil }
    slots[slot].isFree = true
    slots[slot].generation &+= 1
    free.append(Int32(truncatingIfNeeded: slot))
    count -= 1
  }
}
