import Support
import Testing

@testable import Journeys

/// The one place where a packet's state changes.
@Suite("A packet's states") struct PacketStateTests {
  /// The ways of the kernel: GRO, delivery, a protocol, a queue or a backlog; and two corrections, by which a packet that was taken for another goes
  /// back (queued to parked, or the other way).
  private static let steps: Set<[Packet.State]> = [
    [.arrived, .held], [.arrived, .delivered], [.held, .delivered],
    [.delivered, .processing], [.delivered, .parked], [.delivered, .consumed],
    [.processing, .processing], [.processing, .queued], [.processing, .lingering], [.processing, .parked],
    [.parked, .processing], [.parked, .consumed], [.parked, .queued], [.consumed, .processing], [.queued, .queued], [.queued, .parked],
    [.queued, .processing], [.arrived, .processing], [.delivered, .arrived], [.processing, .arrived],
    [.parked, .arrived]
  ]

  @Test("are left by the kernel's ways only", arguments: Packet.State.allCases)
  func steps(from state: Packet.State) {
    for next in Packet.State.allCases { #expect(state.mayBecome(next) == Self.steps.contains([state, next]), "\(state) to \(next)") }
  }

  @Test("can all be reached, and life can end in each")
  func reach() {
    var reached: Set<Packet.State> = [.arrived]
    while let more = Self.steps.first(where: { reached.contains($0[0]) && !reached.contains($0[1]) }) { reached.insert(more[1]) }
    #expect(reached == Set(Packet.State.allCases).subtracting([.free]))
  }
}

@Suite("A table of packets") struct PacketTableTests {
  @Test("knows the oldest, however packets come and go")
  func oldest() {
    var random = SplitMix(state: 7)
    var table = PacketTable<Packet>()
    var expected: [(slot: Int, address: UInt64)] = []
    for step in 0..<20_000 {
      if expected.isEmpty || random.next() % 5 < 3 && expected.count < 200 {
        let address = UInt64(step) + 1
        expected.append((table.insert(address), address))
      } else {
        let gone = expected.remove(at: Int(random.next() % UInt64(expected.count)))
        if random.next() % 2 == 0 { table.drop(gone.slot) } else { table.end(gone.slot) }
        #expect(table.find(gone.address) == nil)
      }
      if step % 3 == 0 { table.removeEnded { _ in } }
      #expect(table.oldest == expected.first?.slot && table.count == expected.count)
    }
    var found: [Int] = []
    var next = table.oldest
    while let slot = next {
      found.append(slot)
      next = table.next(behind: slot)
    }
    #expect(found == expected.map(\.slot))
  }

  @Test("hands out what has ended in order, before a slot is used again")
  func ended() {
    var table = PacketTable<Packet>()
    let slots = (1...4).map { table.insert($0) }
    for slot in [slots[2], slots[0]] { table.end(slot) }
    let later = table.insert(9)
    #expect(!slots.contains(later))
    var addresses: [UInt64] = []
    table.removeEnded { packet in addresses.append(packet.journey.skb) }
    #expect(addresses == [3, 1] && !table.hasEnded)
    #expect(slots.contains(table.insert(10)))
  }
}

@Suite("A table by address") struct AddressTableTests {
  @Test("says what a dictionary says")
  func dictionary() {
    var random = SplitMix(state: 11)
    var table = AddressTable<Int32>()
    var expected: [UInt64: Int32] = [:]
    for _ in 0..<50_000 {
      // Few addresses, spaced as sk_buffs are.
      let key = 0xffff_8880_0000_0000 + random.next() % 700 * 256
      switch random.next() % 3 {
      case 0: #expect(table.removeValue(forKey: key) == expected.removeValue(forKey: key))
      case 1: #expect(table[key] == expected[key])
      default:
        let value = Int32(truncatingIfNeeded: random.next())
        (table[key], expected[key]) = (value, value)
      }
      #expect(table.count == expected.count)
    }
    #expect(Dictionary(uniqueKeysWithValues: table.all.map { ($0.key, $0.value) }) == expected)
  }
}
