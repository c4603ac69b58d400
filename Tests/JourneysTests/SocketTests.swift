import Events
import Testing

@testable import Journeys

/// What happens between a socket's queue and its reader.
@Suite struct SocketTests {
  /// One packet over the NIC to TCP, processed in the soft interrupt.
  private func segment(_ k: Script, _ skb: UInt64, socket: UInt64, _ data: UInt32, ready: Bool = true, wakes pid: Int32? = nil) {
    k.softirq {
      $0.gro(skb, data + 52)
      $0.receive(skb, data + 52)
      $0.probe(skb, socket: socket, data)
      if ready { $0.ready(socket) }
      if let pid { $0.wake(pid) }
      $0.poll()
    }
  }

  /// kernel-facts.md B2: TCP merges the second packet into the first; one copy of both; the second's address is used again at once.
  @Test func aMergedPacketIsReadByPositionAndNotByAddress() {
    let k = Script()
    k.setState(0x50, Event.TCPState.synSent, Event.TCPState.established)
    segment(k, 0xa, socket: 0x50, 6740, wakes: 7)
    segment(k, 0xb, socket: 0x50, 1452)
    k.on(.softirq) { $0.queue(0xb) }
    segment(k, 0xb, socket: 0x60, 10)
    k.run(7)
    k.on(pid: 7, []) {
      $0.copy(0xa, 8192)
      $0.received(0x50, 8192)
    }
    #expect(k.journey(0xa)?.outcome == .delivered)
    #expect(k.journey(0xb)?.outcome == .delivered)
    #expect(k.journey(0xb)?.stream == 6740..<8192)
    #expect(k.journey(0xa)?.stages[.read]?.time == k.journey(0xb)?.stages[.read]?.time)
    k.finish()
    #expect(k.journey(0xb, nth: 1)?.outcome == .queued)
  }

  @Test func aPacketIsReadWhenItsLastByteIs() throws {
    let k = Script()
    k.setState(0x50, Event.TCPState.synSent, Event.TCPState.established)
    segment(k, 0xa, socket: 0x50, 100, wakes: 7)
    k.run(7)
    k.on(pid: 7, []) {
      $0.copy(0xa, 40)
      $0.received(0x50, 40)
    }
    #expect(k.journey(0xa) == nil)
    k.on(pid: 7, []) {
      $0.copy(0xa, 60)
      $0.received(0x50, 60)
    }
    let journey = try #require(k.journey(0xa))
    #expect(journey.stages[.read]?.time == k.time - 1_000)
    #expect(journey.stages[.read]?.link == .exact)
  }

  @Test func peekingReadsNothing() {
    let k = Script()
    segment(k, 0xa, socket: 0x50, 100)
    k.on(pid: 7, []) {
      $0.copy(0xa, 100)
      $0.received(0x50, 100, flags: 0x2)
    }
    #expect(k.journeys.isEmpty)
    k.on(pid: 8, []) {
      $0.copy(0xa, 100)
      $0.received(0x50, 100)
    }
    #expect(k.journey(0xa)?.reader?.pid == 8)
  }

  /// kernel-facts.md B11: SO_RCVLOWAT of 1000: three silent segments, the fourth wakes, one read of all.
  @Test func segmentsBelowTheLowWaterMarkWakeNobody() {
    let k = Script()
    for skb in [0xa, 0xb, 0xc] as [UInt64] { segment(k, skb, socket: 0x50, 300, ready: false) }
    segment(k, 0xd, socket: 0x50, 300, wakes: 7)
    k.run(7)
    k.on(pid: 7, []) {
      $0.copy(0xa, 1200)
      $0.received(0x50, 1200)
    }
    #expect(k.journeys.count == 4)
    #expect(k.journeys.allSatisfy { $0.outcome == .delivered && $0.reader?.pid == 7 })
    #expect(k.journey(0xa)?.stages.has(.ready) == false)
    #expect(k.journey(0xa)?.woke == nil)
    #expect(k.journey(0xd)?.woke?.pid == 7)
  }

  /// A socket in use: the segment waits in its backlog and is taken by the task that holds the lock.
  @Test func aBackloggedSegmentIsProcessedByTheLockHolder() throws {
    let k = Script()
    k.softirq {
      $0.gro(0xa, 152)
      $0.receive(0xa, 152)
      $0.poll()
    }
    k.on(pid: 9, []) {
      $0.probe(0xa, socket: 0x50, 100)
      $0.ready(0x50)
      $0.copy(0xa, 100)
      $0.received(0x50, 100)
    }
    let journey = try #require(k.journey(0xa))
    #expect(journey.stages[.receive]?.context == .softirq)
    #expect(journey.stages[.transport]?.context == .process)
    #expect(journey.outcome == .delivered)
  }

  /// tcp_add_backlog merged the second packet into the first: one tcp_probe with the data of both.
  @Test func packetsMergedInTheBacklogKeepTheirShares() {
    let k = Script()
    segment(k, 0x1, socket: 0x50, 100)
    for skb in [0xa, 0xb] as [UInt64] {
      k.softirq {
        $0.gro(skb, 252)
        $0.receive(skb, 252)
        $0.poll()
      }
    }
    k.on(pid: 9, []) {
      $0.probe(0xa, socket: 0x50, 400)
      $0.ready(0x50)
      $0.copy(0x1, 500)
      $0.received(0x50, 500)
    }
    #expect(k.journey(0xa)?.stream == 100..<300)
    #expect(k.journey(0xb)?.stream == 300..<500)
    #expect(k.journey(0xb)?.stages[.transport]?.link == .inferred)
    #expect(k.journeys.allSatisfy { $0.outcome == .delivered })
  }

  /// IP put three fragments together: the address is the last one's, the first is consumed.
  @Test func fragmentsBecomeOnePacket() throws {
    let k = Script()
    segment(k, 0x1, socket: 0x50, 100)
    k.softirq {
      for (skb, length) in [(0xa, 1468), (0xb, 1468), (0xc, 469)] as [(UInt64, UInt32)] { $0.gro(skb, length) }
      for (skb, length) in [(0xa, 1468), (0xb, 1468), (0xc, 469)] as [(UInt64, UInt32)] { $0.receive(skb, length) }
      $0.emit(.consumeSkb(skb: 0xa, location: 0x77))
      $0.probe(0xc, socket: 0x50, 3313)
      $0.ready(0x50)
      $0.poll(work: 3)
    }
    k.on(pid: 7, []) {
      $0.copy(0x1, 3413)
      $0.received(0x50, 3413)
    }
    let journey = try #require(k.journey(0xc))
    #expect(journey.frames == 3)
    #expect(journey.stream == 100..<3413)
    #expect(k.journey(0xa)?.outcome == .merged)
    #expect(k.journey(0xb)?.outcome == .merged)
    #expect(k.engine.statistics.packets == 2)
  }

  @Test func aDuplicateSegmentIsDroppedAndDoesNotCount() {
    let k = Script()
    segment(k, 0xa, socket: 0x50, 100)
    k.softirq {
      $0.gro(0xb, 152)
      $0.receive(0xb, 152)
      $0.probe(0xb, socket: 0x50, 100)
      $0.emit(.kfreeSkb(skb: 0xb, location: 0, reason: 30))
      $0.poll()
    }
    segment(k, 0xc, socket: 0x50, 50)
    k.on(pid: 7, []) {
      $0.copy(0xa, 150)
      $0.received(0x50, 150)
    }
    #expect(k.journey(0xb)?.outcome == .dropped)
    #expect(k.journey(0xc)?.stream == 100..<150)
    #expect(k.journey(0xc)?.outcome == .delivered)
  }

  /// The recording begins while data are queued: the copy names a packet of ours, which puts the position right.
  @Test func readingIsPutRightByTheCopy() {
    let k = Script()
    segment(k, 0xa, socket: 0x50, 100)
    k.on(pid: 7, []) {
      $0.copy(0xdead, 500)
      $0.received(0x50, 500)
    }
    segment(k, 0xb, socket: 0x50, 100)
    k.on(pid: 7, []) {
      $0.copy(0xb, 100)
      $0.received(0x50, 100)
    }
    #expect(k.journey(0xb)?.outcome == .delivered)
    #expect(k.journey(0xb)?.stages[.read]?.link == .exact)
  }

  @Test func aSocketClosedUnreadDropsItsPackets() {
    let k = Script()
    segment(k, 0xa, socket: 0x50, 100)
    k.on(pid: 7, []) { $0.emit(.tcpDestroySock(socket: 0x50, cookie: 1)) }
    #expect(k.journey(0xa)?.outcome == .dropped)
  }

  /// Data too small for the read that returns them were not the ones that were read; they may be the next.
  @Test func aDatagramMustBeLargeEnough() {
    let k = Script()
    for (skb, length) in [(0xa, 60), (0xb, 528)] as [(UInt64, UInt32)] {
      k.softirq {
        $0.gro(skb, length)
        $0.receive(skb, length)
        $0.ready(0x50, Event.IPProtocol.udp)
        $0.poll()
      }
    }
    k.on(pid: 7, []) { $0.received(0x50, 500, Event.IPProtocol.udp) }
    #expect(k.journey(0xb)?.outcome == .delivered)
    #expect(k.journey(0xb)?.stages[.read]?.link == .inferred)
    k.on(pid: 7, []) { $0.received(0x50, 600, Event.IPProtocol.udp) }
    #expect(k.journey(0xa)?.completeness == .ambiguous)
  }

  /// Before 6.18 the freed address tells which datagram was read, also when the queue had one we do not know.
  @Test func theFreedAddressNamesTheDatagram() throws {
    let k = Script()
    k.softirq {
      $0.gro(0xa, 128)
      $0.receive(0xa, 128)
      $0.ready(0x50, Event.IPProtocol.udp)
      $0.poll()
    }
    k.on(pid: 7, []) {
      $0.emit(.consumeSkb(skb: 0xa, location: 0))
      $0.received(0x50, 100, Event.IPProtocol.udp)
    }
    let read = try #require(k.journey(0xa)?.stages[.read])
    #expect(read.evidence == .consumeSkb)
    #expect(read.link == .exact)
  }
}
