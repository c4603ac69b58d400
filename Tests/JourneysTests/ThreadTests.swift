import Events
import Testing

@testable import Journeys

/// Receive paths on which tasks do the work of soft interrupts: threaded NAPI, busy polling, PREEMPT_RT.
@Suite struct ThreadTests {
  static let thread = "napi/eth0-8193"

  /// kernel-facts.md B10: the handler wakes the thread in place of softirq_raise, and the thread polls with bottom halves off.
  @Test func aNAPIThreadIsAskedByItsWakeup() throws {
    let k = Script()
    let handler = k.name("eth0-rx-0")
    k.on(.hardirq) {
      $0.emit(.irqHandlerEntry(irq: 38, name: handler))
      $0.wake(90, Self.thread)
      $0.emit(.irqHandlerExit(irq: 38))
    }
    k.run(90, Self.thread)
    k.on(pid: 90, .bottomHalvesOff) {
      $0.gro(0xa, 152)
      $0.receive(0xa, 152)
      $0.probe(0xa, socket: 0x50, 100)
      $0.ready(0x50)
      $0.wake(7)
      $0.poll()
    }
    k.run(7, after: 90)
    k.on(pid: 7, []) {
      $0.copy(0xa, 100)
      $0.received(0x50, 100)
    }
    let journey = try #require(k.journey(0xa))
    #expect(journey.path == [.irq, .raise, .softirq, .gro, .receive, .transport, .ready, .waking, .running, .read])
    #expect(journey.stages[.raise]?.evidence == .schedWaking)
    #expect(journey.stages[.softirq]?.evidence == .schedSwitch)
    #expect(journey.woke?.pid == 7)
    #expect(journey.completeness == .complete)
  }

  /// The thread that frees an ARP packet, or a SYN, has not read it; nor is a SYN the first fragment of what follows.
  @Test func whatAPollingThreadFreesIsAbsorbed() {
    for hasDataReady in [true, false] {
      let k = Script()
      k.engine = JourneyEngine(hasDataReady: hasDataReady)
      k.run(90, Self.thread)
      k.on(pid: 90, .bottomHalvesOff) {
        $0.gro(0xa, 60)
        $0.receive(0xa, 60)
        $0.emit(.consumeSkb(skb: 0xa, location: 0))
        $0.poll()
      }
      k.finish()
      #expect(k.journey(0xa)?.outcome == .absorbed)
      #expect(k.journey(0xa)?.reader == nil)
    }
  }

  /// Nothing announces what a reader polls for itself; and what it frees while it polls, for other CPUs, it has not read.
  @Test func aBusyPollingReaderDoesEverythingItself() throws {
    let k = Script()
    k.run(7)
    k.on(pid: 7, .bottomHalvesOff) {
      $0.gro(0xa, 128)
      $0.receive(0xa, 128)
      $0.ready(0x50, Event.IPProtocol.udp)
      $0.gro(0xb, 128)
      $0.receive(0xb, 128)
      $0.ready(0x51, Event.IPProtocol.udp)
      $0.poll(work: 2)
      $0.emit(.consumeSkb(skb: 0xb, location: 0))
    }
    k.on(pid: 7, []) { $0.received(0x50, 100, Event.IPProtocol.udp) }
    let journey = try #require(k.journey(0xa))
    #expect(journey.path == [.gro, .receive, .ready, .read])
    #expect(journey.reader?.pid == 7)
    #expect(journey.completeness == .complete)
    #expect(k.journey(0xb) == nil, "it is still queued")
  }

  /// PREEMPT_RT: the primary handler wakes a thread, which asks for NET_RX and runs it; another task may run in between.
  @Test func theThreadOfAHandlerAsksForItsInterrupt() throws {
    let k = Script()
    let handler = k.name("eth0-rx-0")
    k.on(.hardirq) {
      $0.emit(.irqHandlerEntry(irq: 38, name: handler))
      $0.emit(.irqHandlerExit(irq: 38))
      $0.wake(91, "irq/38-eth0-rx-0")
    }
    k.run(91, "irq/38-eth0-rx-0")
    k.on(pid: 91, .bottomHalvesOff) { $0.emit(.softirqRaise(vector: SoftIRQ.netRX)) }
    k.on(pid: 91, .softirq) {
      $0.emit(.softirqEntry(vector: SoftIRQ.netRX))
      $0.gro(0xa, 128)
      $0.receive(0xa, 128)
    }
    k.run(50, after: 91)
    k.run(91, "irq/38-eth0-rx-0", after: 50)
    k.on(pid: 91, .softirq) {
      $0.ready(0x50, Event.IPProtocol.udp)
      $0.wake(7)
      $0.poll()
      $0.emit(.softirqExit(vector: SoftIRQ.netRX))
    }
    k.finish()
    let journey = try #require(k.journey(0xa))
    #expect(journey.path == [.irq, .raise, .softirq, .gro, .receive, .ready, .waking])
    #expect(journey.stages[.irq]?.context == .hardirq)
    #expect(journey.stages[.raise]?.context == .process)
    #expect(journey.woke?.pid == 7)
  }

  /// PREEMPT_RT: netif_rx wakes the backlog's thread in place of softirq_raise.
  @Test func theBacklogsThreadIsAskedByItsWakeup() throws {
    let k = Script()
    let device = k.name("lo")
    k.on(pid: 8, .bottomHalvesOff) {
      $0.netifRx(0xa, 128)
      $0.wake(92, "backlog_napi/0")
    }
    k.run(92, "backlog_napi/0", after: 8)
    k.on(pid: 92, .bottomHalvesOff) {
      $0.emit(.netifReceiveSkb(skb: 0xa, length: 128, device: device))
      $0.ready(0x50, Event.IPProtocol.udp)
      $0.wake(7)
      $0.poll()
    }
    k.run(7, after: 92)
    k.on(pid: 7, []) { $0.received(0x50, 100, Event.IPProtocol.udp) }
    let journey = try #require(k.journey(0xa))
    #expect(journey.path == [.gro, .raise, .softirq, .receive, .ready, .waking, .running, .read])
    #expect(journey.woke?.pid == 7)
  }

  /// RPS: the announcement is that of the CPU that polled the device; the other CPU processes one packet after another.
  @Test func anotherCPUProcesses() throws {
    let k = Script()
    k.interrupt()
    k.softirq {
      for skb in [0xa, 0xb] as [UInt64] { $0.gro(skb, 128) }
      $0.poll(work: 2)
    }
    k.on(cpu: 1, .softirq) {
      $0.emit(.softirqEntry(vector: SoftIRQ.netRX))
      $0.receive(0xa, 128)
      $0.receive(0xb, 128)
      $0.ready(0x50, Event.IPProtocol.udp)
      $0.poll(work: 2)
      $0.emit(.softirqExit(vector: SoftIRQ.netRX))
    }
    k.finish()
    let journey = try #require(k.journey(0xb))
    #expect(journey.path == [.irq, .raise, .softirq, .gro, .receive, .ready])
    #expect(journey.stages[.gro]?.cpu == 0)
    #expect(journey.stages[.receive]?.cpu == 1)
    #expect(k.journey(0xa)?.stages.has(.ready) == false, "it was done, silently, when the next came")
  }

  /// A bridge delivers each packet to its end before the next one: a silent one before is not the one that is ready.
  @Test func aBridgeHandsOnOneByOne() throws {
    let k = Script()
    let bridge = k.name("br0")
    k.interrupt()
    k.softirq {
      for skb in [0xa, 0xb] as [UInt64] { $0.gro(skb, 128) }
      for skb in [0xa, 0xb] as [UInt64] {
        $0.receive(skb, 128)
        $0.emit(.receiveEntry(Arrival(skb: skb, device: bridge, napi: 0, length: 128)))
        $0.emit(.netifReceiveSkb(skb: skb, length: 128, device: bridge))
      }
      $0.ready(0x50, Event.IPProtocol.udp)
      $0.poll(work: 2)
    }
    k.finish()
    #expect(k.journeys.count == 2)
    #expect(k.journey(0xa)?.stages.has(.ready) == false)
    #expect(k.journey(0xb)?.stages.has(.ready) == true)
  }
}
