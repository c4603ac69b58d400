import Testing

@testable import Journeys

/// The arithmetic of TCP's receive queue, on all small cases, against one byte after the other.
@Suite("A stream's queue") struct StreamQueueTests {
  private static func packet(_ number: Int) -> PacketRef { PacketRef(slot: Int32(number), generation: 1) }

  /// TCP, byte by byte: which bytes have come, and which packet brought each first, of those whose bytes are accepted.
  private struct Bytes {
    var accepted = 0
    var waiting: [(packet: Int, bytes: Range<Int>)] = []
    var queue: [Int] = []

    mutating func arrive(_ packet: Int, _ bytes: Range<Int>) {
      if bytes.upperBound <= accepted { return }
      if bytes.lowerBound > accepted, waiting.contains(where: { Set(bytes).isSubset(of: Set($0.bytes)) }) { return }
      waiting.append((packet, bytes))
      while let next = waiting.filter({ $0.bytes.contains(accepted) || $0.bytes.upperBound <= accepted }).min(by: Self.order) {
        waiting.removeAll { $0.packet == next.packet }
        guard next.bytes.contains(accepted) else { continue }
        queue.append(next.packet)
        accepted = next.bytes.upperBound
      }
    }

    private static func order(_ a: (packet: Int, bytes: Range<Int>), _ b: (packet: Int, bytes: Range<Int>)) -> Bool {
      a.bytes.lowerBound < b.bytes.lowerBound
    }
  }

  private static func permutations<T>(_ items: [T]) -> [[T]] {
    if items.count < 2 { return [items] }
    return items.indices.flatMap { first in
      var rest = items
      let item = rest.remove(at: first)
      return permutations(rest).map { [item] + $0 }
    }
  }

  /// Where the stream begins, so that TCP's numbers wrap inside it.
  private static let origin: UInt32 = 0xffff_fffe

  @Test("puts segments in order, whatever order they come in, also over one another and over the wrap of numbers")
  func order() {
    let ranges = (0..<4).flatMap { from in (from + 1...4).map { from..<$0 } }
    for first in ranges {
      for second in ranges {
        for third in ranges {
          for order in Self.permutations(Array([first, second, third].enumerated())) { check(order.map { ($0.offset, $0.element) }) }
        }
      }
    }
  }

  private func check(_ segments: [(Int, Range<Int>)]) {
    var queue = StreamQueue(isSynchronised: true)
    queue.begin(at: Self.origin)
    var bytes = Bytes()
    for (number, range) in segments {
      bytes.arrive(number, range)
      let placed = queue.place(Self.packet(number), sequence: Self.origin &+ UInt32(range.lowerBound), length: UInt32(range.count))
      while queue.releaseNext() != nil {}
      if case .inOrder(let placed) = placed { #expect(placed == Int64(range.lowerBound)..<Int64(range.upperBound)) }
    }
    #expect(queue.accepted == Int64(bytes.accepted), "\(segments)")
    #expect(queue.entries.map { Int($0.packet.slot) } == bytes.queue, "\(segments)")
    #expect(zip(queue.entries, queue.entries.dropFirst()).allSatisfy { $0.bytes.upperBound < $1.bytes.upperBound }, "\(segments)")
  }

  @Test("gives each packet to the call that reads its last byte, however reads fall", arguments: 1...6)
  func reads(total: Int) {
    // Every way to cut the stream into packets, and into reads: a bit says that a cut is behind that byte.
    for packets in 0..<1 << (total - 1) {
      for reads in 0..<1 << (total - 1) {
        var queue = StreamQueue(isSynchronised: true)
        let ends = cuts(packets, total)
        for (number, end) in ends.enumerated() {
          let begin = number == 0 ? 0 : ends[number - 1]
          #expect(queue.append(Self.packet(number), length: UInt32(end - begin)) == Int64(begin)..<Int64(end))
        }
        var read = 0
        for end in cuts(reads, total) {
          queue.read(Int64(end - read))
          var found: [Int] = []
          while let entry = queue.popRead() { found.append(Int(entry.packet.slot)) }
          queue.endRead()
          #expect(found == ends.indices.filter { ends[$0] > read && ends[$0] <= end })
          read = end
        }
        #expect(queue.entries.isEmpty && queue.accepted == Int64(total) && queue.readPosition == Int64(total))
      }
    }
  }

  private func cuts(_ bits: Int, _ total: Int) -> [Int] { (1...total).filter { $0 == total || bits & 1 << ($0 - 1) != 0 } }

  @Test("takes a dropped packet's bytes back, so that they can come again", arguments: 0..<4)
  func withdrawn(dropped: Int) {
    var queue = StreamQueue(isSynchronised: true)
    queue.begin(at: Self.origin)
    for number in 0..<4 { _ = queue.place(Self.packet(number), sequence: Self.origin &+ UInt32(number), length: 1) }
    queue.withdraw(Self.packet(dropped), isInHand: true)
    #expect(queue.accepted == Int64(dropped))
    _ = queue.place(Self.packet(9), sequence: Self.origin &+ UInt32(dropped), length: 1)
    while queue.releaseNext() != nil {}
    #expect(queue.accepted == 4 && queue.outOfOrder.isEmpty)
    #expect(queue.entries.map { Int($0.packet.slot) } == (0..<4).map { $0 == dropped ? 9 : $0 })
  }

  @Test("closes up where a packet without a number is dropped", arguments: 0..<4)
  func removed(dropped: Int) {
    var queue = StreamQueue(isSynchronised: true)
    for number in 0..<4 { _ = queue.append(Self.packet(number), length: 2) }
    let isRemoved = queue.remove(Self.packet(dropped), isInHand: true)
    #expect(isRemoved)
    #expect(queue.accepted == 6)
    #expect(queue.entries.map(\.bytes) == [0..<2, 2..<4, 4..<6])
    let isRemovedAgain = queue.remove(Self.packet(dropped), isInHand: true)
    #expect(!isRemovedAgain)
  }

  @Test("keeps of coalesced segments that others cover only those with something new beside them")
  func coalesced() {
    var queue = StreamQueue(isSynchronised: true)
    queue.begin(at: 0)
    #expect(queue.place(Self.packet(1), sequence: 2, length: 2, isCoalesced: true) == .outOfOrder(2..<4))
    #expect(queue.place(Self.packet(2), sequence: 4, length: 2, isCoalesced: true) == .outOfOrder(4..<6))
    #expect(queue.place(Self.packet(3), sequence: 0, length: 4) == .inOrder(0..<4))
    #expect(queue.releaseNext() == .isCovered(Self.packet(1)))
    #expect(queue.releaseNext() == .joins(Self.packet(2), 4..<6))
    #expect(queue.releaseNext() == nil && queue.accepted == 6)
  }

  @Test("is put in the order that a call's copies name", arguments: permutations([0, 1, 2, 3]))
  func reordered(order: [Int]) {
    var queue = StreamQueue(isSynchronised: true)
    let lengths = [1, 2, 3, 4]
    for number in 0..<4 {
      _ = queue.append(Self.packet(number), length: UInt32(lengths[number]))
      queue.noteArrival(Self.packet(number), isBehindUnannounced: number > 0)
    }
    let copies = order.map { Copy(time: 0, cpu: 0, skb: 0, packet: Self.packet($0), length: Int32(lengths[$0])) }
    let isReordered = queue.reorder(by: copies)
    #expect(isReordered)
    #expect(queue.entries.map { Int($0.packet.slot) } == order && queue.entries.allSatisfy(\.isPlaced))
    var end: Int64 = 0
    for entry in queue.entries {
      #expect(entry.bytes == end..<end + Int64(lengths[Int(entry.packet.slot)]))
      end = entry.bytes.upperBound
    }
  }
}

@Suite("A socket's datagrams") struct DatagramQueueTests {
  private static func packet(_ number: Int) -> PacketRef { PacketRef(slot: Int32(number), generation: 1) }

  @Test("are read from the front, but for one of the very size close by", arguments: 1...4, 1...4)
  func pop(size: Int64, other: Int64) {
    for bytes in Int64(1)...4 {
      var queue = DatagramQueue()
      queue.append(Self.packet(1), size: size)
      queue.append(Self.packet(2), size: other)
      let isOvertaking = size != bytes && other == bytes
      let popped = queue.pop(reading: bytes)
      #expect(popped?.entry.packet == Self.packet(isOvertaking ? 2 : 1) && popped?.isOvertaking == isOvertaking)
      #expect(queue.entries.map(\.packet) == [Self.packet(isOvertaking ? 1 : 2)])
    }
  }

  @Test("do not overtake more than a few")
  func overtaking() {
    for ahead in 14...17 {
      var queue = DatagramQueue()
      for number in 0..<ahead { queue.append(Self.packet(number), size: 9) }
      queue.append(Self.packet(99), size: 3)
      #expect(queue.pop(reading: 3)?.isOvertaking == (ahead < 16))
    }
  }
}
