import Testing

@testable import Events
@testable import Journeys

/// More of everything than is kept: what a new one costs does not depend on how many there are, or these would take hours.
@Suite("In a flood", .timeLimit(.minutes(1))) struct FloodTests {
  private static let kept = 262_144
  private static let more = 20_000

  @Test("the oldest received packets are given up, in their order")
  func received() {
    let k = Script()
    for number in 1...Self.kept + Self.more { k.netifRx(UInt64(number) << 8, 60) }
    #expect(k.journeys.map(\.id) == Array(1...Self.more))
    #expect(k.journeys.allSatisfy { $0.completeness == .ambiguous && $0.outcome == .unknown })
    #expect(k.engine.inFlight == Self.kept && k.engine.oldestInFlight == Self.more + 1)
    #expect(k.engine.statistics.evicted == Self.more && k.engine.statistics.frames == Self.kept + Self.more)
  }

  @Test("the oldest sent packets are given up, in their order")
  func sent() {
    let k = Script()
    for number in 1...Self.kept + Self.more { k.queue(UInt64(number) << 8) }
    #expect(k.journeys.map(\.id) == Array(1...Self.more))
    #expect(k.engine.oldestInFlight == Self.more + 1 && k.engine.statistics.evicted == Self.more)
  }

  @Test("sockets with something queued are kept, and those without are forgotten")
  func sockets() {
    var sockets = SocketTable()
    for address in 1...UInt64(150_000) {
      let index = sockets.findOrAdd(address)
      if address % 8 != 0 { sockets[index].datagrams.append(PacketRef(slot: 1, generation: 1), size: 1) }
    }
    for address in 1...UInt64(150_000) where address % 8 != 0 { #expect(sockets.known(address) != nil) }
    #expect(sockets.known(8) == nil)
  }

  @Test("tasks in the middle of a call are kept, and those without are forgotten")
  func tasks() {
    var tasks = TaskTracker()
    for pid in 1...Int32(150_000) {
      let task = tasks.findOrAdd(pid)
      if pid % 8 != 0 { tasks.noteCopy(task, Copy(time: UInt64(pid), cpu: 0, skb: 0, packet: .none, length: 1)) }
    }
    for pid in 1...Int32(150_000) where pid % 8 != 0 {
      #expect(tasks.known(pid).map { tasks.copies(of: $0).map(\.time) } == [UInt64(pid)])
    }
    #expect(tasks.known(8) == nil)
  }
}
