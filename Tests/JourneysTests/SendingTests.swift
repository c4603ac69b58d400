import Events
import Testing

@testable import Journeys

/// The way out: queue, driver, completion, and whose packet it was.
@Suite struct SendingTests {
  /// A task's send call hands a packet to the device; the NIC's completion comes later in a soft interrupt.
  @Test func aSendCall() throws {
    let k = Script()
    k.probeFlow(0x50)
    k.on(pid: 5, .bottomHalvesOff) {
      $0.queue(0xa, 142)
      $0.start(0xa, 142)
      $0.xmit(0xa)
    }
    k.on(pid: 5, []) { $0.sent(0x50, 100) }
    k.softirq { $0.emit(.consumeSkb(skb: 0xa, location: 0)) }
    let journey = try #require(k.journey(0xa, .tx))
    #expect(journey.direction == .tx)
    #expect(journey.path == [.queue, .start, .xmit, .send, .complete])
    #expect(journey.outcome == .completed)
    #expect(journey.sender?.pid == 5)
    #expect(journey.socket == 0x50)
    #expect(journey.flow != .none)
    #expect(journey.length == 142)
    #expect(journey.stages[.queue]?.link == .exact)
    #expect(journey.stages[.send]?.link == .ordered)
  }

  /// Loopback: the driver function hands the packet to the backlog, and it is received under the same address.
  @Test func loopbackHandsOver() throws {
    let k = Script()
    k.on(pid: 5, .bottomHalvesOff) {
      $0.queue(0xa, 142, on: "lo")
      $0.start(0xa, 142, on: "lo")
      $0.netifRx(0xa, 128)
      $0.xmit(0xa, on: "lo")
    }
    k.softirq {
      $0.receive(0xa, 128)
      $0.ready(0x60, Event.IPProtocol.udp)
      $0.poll()
    }
    k.on(pid: 5, []) { $0.sent(0x50, 100, Event.IPProtocol.udp) }
    k.on(pid: 7, []) { $0.received(0x60, 100, Event.IPProtocol.udp) }
    let out = try #require(k.journeys.first { $0.direction == .tx })
    let back = try #require(k.journeys.first { $0.direction == .rx })
    #expect(out.path == [.queue, .start, .complete, .xmit, .send])
    #expect(out.stages[.complete]?.evidence == .netifRxEntry)
    #expect(out.outcome == .completed)
    #expect(back.follows == out.id)
    #expect(back.outcome == .delivered)
  }

  /// kernel-facts.md B8: the device cannot split, so the stack does: one journey, as many frames as segments, complete with the last of them.
  @Test func aPacketIsSplitForTheDevice() throws {
    let k = Script()
    k.on(pid: 5, .bottomHalvesOff) {
      $0.queue(0xa, 4410)
      $0.emit(.consumeSkb(skb: 0xa, location: 0))
      for segment: UInt64 in [0xb, 0xc, 0xd] {
        $0.start(segment, 1514)
        $0.xmit(segment)
      }
    }
    k.on(pid: 5, []) { $0.sent(0x50, 4344) }
    k.softirq {
      for segment: UInt64 in [0xb, 0xc, 0xd] { $0.emit(.consumeSkb(skb: segment, location: 0)) }
    }
    #expect(k.journeys.isEmpty, "more segments may come until the CPU sends something else")
    k.on(pid: 5, .bottomHalvesOff) { $0.queue(0xe) }
    let journey = try #require(k.journey(0xa, .tx))
    #expect(journey.frames == 3)
    #expect(journey.path == [.queue, .start, .xmit, .send, .complete])
    #expect(journey.stages[.complete]?.time == k.time - 2_000)
    #expect(journey.outcome == .completed)
    #expect(k.engine.statistics.sent == 2)
  }

  /// The driver's ring is full (NETDEV_TX_BUSY): the packet is tried again, and the last try counts.
  @Test func aBusyDriverIsTriedAgain() throws {
    let k = Script()
    k.on(pid: 5, .bottomHalvesOff) {
      $0.queue(0xa)
      $0.start(0xa)
      $0.xmit(0xa, rc: 0x10)
    }
    k.on(.softirq) {
      $0.start(0xa)
      $0.xmit(0xa)
      $0.emit(.kfreeSkb(skb: 0xa, location: 0x99, reason: 2))
    }
    k.finish()
    let journey = try #require(k.journey(0xa, .tx))
    #expect(journey.outcome == .completed, "kfree_skb behind net_dev_xmit is how some drivers complete")
    #expect(journey.path == [.queue, .start, .xmit, .complete])
    #expect(try #require(journey.stages[.start]).time - #require(journey.stages[.queue]).time == 3_000)
  }

  /// A queue that is full, and a driver that gives up, drop.
  @Test func dropsOnTheWayOut() throws {
    let k = Script()
    k.on(pid: 5, .bottomHalvesOff) {
      $0.queue(0xa)
      $0.emit(.kfreeSkb(skb: 0xa, location: 0x99, reason: 12))
      $0.queue(0xb)
      $0.start(0xb)
      $0.emit(.kfreeSkb(skb: 0xb, location: 0x98, reason: 2))
      $0.xmit(0xb)
    }
    k.finish()
    #expect(k.journey(0xa, .tx)?.outcome == .dropped)
    #expect(k.journey(0xa, .tx)?.reason == 12)
    #expect(k.journey(0xb, .tx)?.outcome == .dropped)
    #expect(k.engine.statistics.sentDropped == 2)
    #expect(k.journeys.count == 2)
  }

  /// The ACK that a received segment causes follows from it; what a send call makes does not.
  @Test func anAckFollowsItsSegment() throws {
    let k = Script()
    k.softirq {
      $0.gro(0xa, 1052)
      $0.receive(0xa, 1052)
      $0.probe(0xa, socket: 0x50, 1000)
      $0.queue(0xb)
      $0.start(0xb)
      $0.xmit(0xb)
      $0.ready(0x50)
      $0.poll()
      $0.emit(.consumeSkb(skb: 0xb, location: 0))
    }
    k.finish()
    let segment = try #require(k.journey(0xa))
    let ack = try #require(k.journey(0xb, .tx))
    #expect(ack.follows == segment.id)
    #expect(ack.socket == 0x50)
    #expect(ack.flow == segment.flow)
    #expect(ack.sender == nil)
  }

  /// connect(): the SYN goes out behind the change of state, and is nobody's data.
  @Test func theSynOfConnect() throws {
    let k = Script()
    k.on(pid: 5, .bottomHalvesOff) {
      $0.setState(0x50, Event.TCPState.close, Event.TCPState.synSent)
      $0.queue(0xa)
      $0.start(0xa)
      $0.xmit(0xa)
      $0.queue(0xb)
      $0.start(0xb)
      $0.xmit(0xb)
    }
    k.on(pid: 5, []) { $0.sent(0x50, 10) }
    k.finish()
    #expect(k.journey(0xa, .tx)?.stages.has(.send) == false)
    #expect(k.journey(0xa, .tx)?.socket == 0x50)
    #expect(k.journey(0xa, .tx)?.sender?.pid == 5)
    #expect(k.journey(0xb, .tx)?.stages.has(.send) == true)
  }

  /// A bridge or VLAN hands the packet to the device below from within its own driver function.
  @Test func aStackedDeviceIsOneJourney() throws {
    let k = Script()
    k.on(pid: 5, .bottomHalvesOff) {
      $0.queue(0xa, on: "br0")
      $0.start(0xa, on: "br0")
      $0.queue(0xa)
      $0.start(0xa)
      $0.xmit(0xa)
      $0.xmit(0xa, on: "br0")
    }
    k.softirq { $0.emit(.consumeSkb(skb: 0xa, location: 0)) }
    k.finish()
    #expect(k.journeys.count == 1)
    let journey = try #require(k.journey(0xa, .tx))
    #expect(journey.outcome == .completed)
    #expect(journey.device == k.name(Script.eth))
  }

  /// The address is used again before a completion was seen: the first journey's end is unknown, and both are told.
  @Test func anAddressUsedAgainEndsTheLifeBefore() throws {
    let k = Script()
    k.on(pid: 5, .bottomHalvesOff) {
      $0.queue(0xa)
      $0.start(0xa)
      $0.xmit(0xa)
      $0.queue(0xa)
    }
    k.finish()
    #expect(k.journey(0xa, .tx)?.outcome == .unknown)
    #expect(k.journeys.count == 2)
    #expect(k.journey(0xa, nth: 1, .tx)?.completeness == .truncated)
  }
}
