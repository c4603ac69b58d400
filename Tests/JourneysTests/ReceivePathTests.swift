import Events
import Testing

@testable import Journeys

/// From interrupt to read over a NIC driver; the sequences are those of Docs/kernel-facts.md, Appendix B.
@Suite struct ReceivePathTests {
  @Test func everyStageOfAClassicPoll() throws {
    let k = Script()
    k.interrupt()
    k.softirq {
      $0.gro(0xa, 152)
      $0.receive(0xa, 152)
      $0.probe(0xa, socket: 0x50, 100)
      $0.ready(0x50)
      $0.wake(7)
      $0.poll()
    }
    k.run(7)
    k.on(pid: 7, []) {
      $0.copy(0xa, 100)
      $0.received(0x50, 100)
    }
    let journey = try #require(k.journey(0xa))
    #expect(journey.path == [.irq, .raise, .softirq, .gro, .receive, .transport, .ready, .waking, .running, .read])
    #expect(journey.outcome == .delivered)
    #expect(journey.completeness == .complete)
    #expect(journey.reader?.pid == 7)
    #expect(journey.woke?.pid == 7)
    #expect(journey.stream == 0..<100)
    #expect(journey.stages[.transport]?.link == .exact)
    #expect(journey.stages[.irq]?.link == .ordered)
    #expect(k.journeys.count == 1)
  }

  /// All deliveries of a batch come before the first is processed: the last one is not the one that woke everybody.
  @Test func eachPacketOfABatchWakesItsOwnReader() {
    let k = Script()
    k.interrupt()
    k.softirq {
      for skb in [0xa, 0xb, 0xc] as [UInt64] { $0.gro(skb, 152) }
      for skb in [0xa, 0xb, 0xc] as [UInt64] { $0.receive(skb, 152) }
      for (index, skb) in ([0xa, 0xb, 0xc] as [UInt64]).enumerated() {
        $0.probe(skb, socket: 0x50 + UInt64(index), 100)
        $0.ready(0x50 + UInt64(index))
        $0.wake(Int32(7 + index))
        $0.queue(0xff00 + UInt64(index))
      }
      $0.poll(work: 3)
    }
    k.finish()
    #expect(k.journey(0xa)?.woke?.pid == 7)
    #expect(k.journey(0xb)?.woke?.pid == 8)
    #expect(k.journey(0xc)?.woke?.pid == 9)
    #expect(k.journeys.filter { $0.direction == .rx }.allSatisfy { $0.outcome == .queued && $0.completeness == .truncated })
  }

  /// A driver that hands over lists announces all packets of one, delivers them one by one and processes them as a batch; address 0xa is
  /// that of a packet of the list before.
  @Test func packetsOfAListWakeTheirReaders() throws {
    let k = Script()
    for round in 0..<2 as Range<Int32> {
      k.interrupt()
      k.softirq {
        let device = $0.name(Script.eth)
        for skb in [0xa, 0xb] as [UInt64] { $0.emit(.receiveListEntry(Arrival(skb: skb, device: device, napi: 1, length: 152))) }
        for skb in [0xa, 0xb] as [UInt64] { $0.receive(skb, 152) }
        for (index, skb) in ([0xa, 0xb] as [UInt64]).enumerated() {
          $0.probe(skb, socket: 0x50 + UInt64(index), 100)
          $0.ready(0x50 + UInt64(index))
          $0.wake(7 + Int32(index))
        }
        $0.poll(work: 2)
      }
      for (index, skb) in ([0xa, 0xb] as [UInt64]).enumerated() {
        k.run(7 + Int32(index))
        k.on(pid: 7 + Int32(index), []) {
          $0.copy(skb, 100)
          $0.received(0x50 + UInt64(index), 100)
        }
      }
      for (index, skb) in ([0xa, 0xb] as [UInt64]).enumerated() {
        let journey = try #require(k.journey(skb, nth: Int(round)))
        #expect(journey.path == [.irq, .raise, .softirq, .receive, .transport, .ready, .waking, .running, .read])
        #expect(journey.outcome == .delivered && journey.completeness == .complete)
        #expect(journey.woke?.pid == 7 + Int32(index) && journey.reader?.pid == 7 + Int32(index))
      }
    }
    #expect(k.journeys.count == 4)
  }

  @Test func datagramsOfABatchGoToTheirSocketsInOrder() {
    let k = Script()
    k.interrupt()
    k.softirq {
      for skb in [0xa, 0xb] as [UInt64] { $0.gro(skb, 128) }
      for skb in [0xa, 0xb] as [UInt64] { $0.receive(skb, 128) }
      $0.ready(0x50, Event.IPProtocol.udp)
      $0.wake(7)
      $0.ready(0x51, Event.IPProtocol.udp)
      $0.wake(8)
      $0.poll(work: 2)
    }
    for (pid, socket) in [(8, 0x51), (7, 0x50)] as [(Int32, UInt64)] {
      k.run(pid)
      k.on(pid: pid, []) { $0.received(socket, 100, Event.IPProtocol.udp) }
    }
    #expect(k.journey(0xa)?.reader?.pid == 7)
    #expect(k.journey(0xb)?.reader?.pid == 8)
    #expect(k.journey(0xa)?.stream == 0..<100)
  }

  /// kernel-facts.md B8: five frames, the head held, four merged and freed, one delivery with grown length.
  @Test func mergedFramesBelongToTheHead() throws {
    let k = Script()
    k.softirq {
      $0.gro(0xa, 1500, result: 2)
      for skb in 0xb0..<0xb4 as Range<UInt64> { $0.gro(skb, 1500, result: 1) }
      $0.receive(0xa, 7292)
      $0.probe(0xa, socket: 0x50, 7240)
      $0.ready(0x50)
      $0.poll(work: 5)
    }
    k.on(pid: 7, []) {
      $0.copy(0xa, 7240)
      $0.received(0x50, 7240)
    }
    let journey = try #require(k.journey(0xa))
    #expect(k.journeys.count == 1)
    #expect(journey.frames == 5)
    #expect(journey.length == 7292)
    #expect(journey.outcome == .delivered)
    #expect(k.engine.statistics.frames == 5)
  }

  /// The frame that completes a head makes GRO deliver it before the call for the frame has returned.
  @Test func aFrameThatCompletesItsHeadBelongsToIt() {
    let k = Script()
    let device = k.name(Script.eth)
    k.softirq {
      $0.gro(0xa, 1500, result: 2)
      $0.emit(.groEntry(Arrival(skb: 0xb, device: device, napi: 1, length: 681)))
      $0.receive(0xa, 1500 + 629)
      $0.probe(0xa, socket: 0x50, 2077)
      $0.emit(.groExit(result: 1))
      $0.gro(0xc, 1500, result: 2)
      $0.receive(0xc, 1500)
      $0.poll(work: 3)
    }
    k.finish()
    #expect(k.journey(0xa)?.frames == 2)
    #expect(k.journey(0xc)?.frames == 1)
  }

  @Test func framesOfTwoHeldFlowsAreDividedByTheirGrowth() {
    let k = Script()
    k.softirq {
      $0.gro(0xa, 1500, result: 2)
      $0.gro(0xb, 1500, result: 2)
      for skb in 0xc0..<0xc3 as Range<UInt64> { $0.gro(skb, 1500, result: 1) }
      $0.receive(0xa, 1500 + 1448)
      $0.receive(0xb, 1500 + 2 * 1448)
      $0.poll(work: 5)
    }
    k.finish()
    #expect(k.journey(0xa)?.frames == 2)
    #expect(k.journey(0xb)?.frames == 3)
  }

  /// Two interrupts pending: the receive queue's is known from a run in which it was alone.
  @Test func theInterruptOfTheQueueIsLearned() throws {
    let k = Script()
    for _ in 0..<2 {
      k.interrupt(38)
      k.softirq {
        $0.gro(0x1, 60)
        $0.receive(0x1, 60)
        $0.poll()
      }
    }
    k.interrupt(40)
    k.interrupt(38)
    let announced = k.time - 2_000
    k.softirq {
      $0.gro(0xa, 60)
      $0.receive(0xa, 60)
      $0.poll()
    }
    k.finish()
    let journey = try #require(k.journey(0xa))
    #expect(journey.stages[.irq]?.time == announced)
    #expect(journey.stages[.irq]?.link == .ordered)
  }

  /// Since 6.4 an interrupt during NET_RX schedules its NAPI instance without softirq_raise.
  @Test func anInterruptDuringNetRXNeedsNoRaise() throws {
    let k = Script()
    for _ in 0..<2 {
      k.interrupt(38)
      k.softirq {
        $0.gro(0x1, 60)
        $0.receive(0x1, 60)
        $0.poll()
      }
    }
    k.interrupt(40)
    k.softirq {
      $0.gro(0x2, 60, napi: 2)
      $0.on([.hardirq, .softirq]) {
        $0.emit(.irqHandlerEntry(irq: 38, name: .none))
        $0.emit(.irqHandlerExit(irq: 38))
      }
      $0.receive(0x2, 60)
      $0.poll()
      $0.gro(0xa, 60)
      $0.receive(0xa, 60)
      $0.poll()
    }
    k.finish()
    let journey = try #require(k.journey(0xa))
    #expect(journey.path.prefix(2) == [.irq, .gro])
  }

  /// A poll that goes on because its budget was used up has no interrupt of its own.
  @Test func pollingOnHasNoInterrupt() {
    let k = Script()
    k.interrupt()
    k.softirq {
      $0.gro(0xa, 60)
      $0.receive(0xa, 60)
      $0.poll(work: 64)
      $0.emit(.softirqRaise(vector: SoftIRQ.netRX))
    }
    k.softirq {
      $0.gro(0xb, 60)
      $0.receive(0xb, 60)
      $0.poll()
    }
    k.finish()
    #expect(k.journey(0xb)?.stages.has(.irq) == false)
    #expect(k.journey(0xb)?.stages.has(.raise) == true)
  }

  @Test func aDropCarriesItsReason() throws {
    let k = Script()
    k.softirq {
      $0.gro(0xa, 128)
      $0.receive(0xa, 128)
      $0.emit(.kfreeSkb(skb: 0xa, location: 0x99, reason: 6))
      $0.poll()
    }
    let journey = try #require(k.journey(0xa))
    #expect(journey.outcome == .dropped)
    #expect(journey.reason == 6)
    #expect(k.engine.statistics.drops == [.init(reason: 6, location: 0x99): 1])
  }

  @Test func aForwardedPacketLeavesByTheSameAddress() {
    let k = Script()
    k.softirq {
      $0.gro(0xa, 128)
      $0.receive(0xa, 128)
      $0.queue(0xa, 142)
      $0.poll()
    }
    #expect(k.journey(0xa)?.outcome == .forwarded)
  }

  /// kernel-facts.md B9: RPS hands the packet to another CPU between GRO and delivery.
  @Test func aPacketMayChangeCPUBeforeDelivery() throws {
    let k = Script()
    k.on(cpu: 0, pid: 5, .bottomHalvesOff) { $0.netifRx(0xa, 228) }
    k.on(cpu: 1, []) {
      $0.softirq {
        $0.receive(0xa, 228)
        $0.ready(0x50, Event.IPProtocol.udp)
        $0.wake(7)
        $0.poll()
      }
    }
    k.run(7)
    k.on(pid: 7, []) { $0.received(0x50, 200, Event.IPProtocol.udp) }
    let journey = try #require(k.journey(0xa))
    #expect(journey.stages[.gro]?.cpu == 0)
    #expect(journey.stages[.receive]?.cpu == 1)
    #expect(journey.outcome == .delivered)
    #expect(journey.reader?.pid == 7)
  }

  @Test func aRecordingThatBeginsInsideAPollSaysSo() {
    let k = Script()
    k.on(.softirq) {
      $0.gro(0xa, 128)
      $0.receive(0xa, 128)
      $0.emit(.kfreeSkb(skb: 0xa, location: 0, reason: 2))
    }
    #expect(k.journey(0xa)?.completeness == .truncated)
  }
}
