import Events
import Testing

@testable import Journeys

/// Why packets wait: each cause from the events that show it, and none without them.
@Suite struct CauseTests {
  private func causes(_ journey: Journey?) -> [Cause] { journey?.waits.map(\.cause) ?? [] }

  /// A packet that nothing delays but its reader's way to a CPU.
  @Test func aReaderWaitsForACPU() throws {
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
    k.wait(microseconds: 500)
    k.run(7)
    k.on(pid: 7, []) {
      $0.copy(0xa, 100)
      $0.received(0x50, 100)
    }
    let journey = try #require(k.journey(0xa))
    #expect(causes(journey) == [.schedulingDelay])
    #expect(try #require(journey.waits.first).time == 503_000)
  }

  /// Where only some tasks' scheduling is recorded, of other readers nothing is said.
  @Test func theSchedulingOfOthersIsNotKnown() throws {
    let k = Script()
    k.emit(.taskChosen(comm: k.name("nginx")))
    for (skb, pid, comm) in [(0xa, 7, "nginx"), (0xb, 8, nil)] as [(UInt64, Int32, String?)] {
      k.interrupt()
      k.softirq {
        $0.gro(skb, 152)
        $0.receive(skb, 152)
        $0.probe(skb, socket: UInt64(pid), 100)
        $0.ready(UInt64(pid))
        if let comm { $0.wake(pid, comm) }
        $0.poll()
      }
      k.wait(microseconds: 500)
      if let comm { k.run(pid, comm) }
      k.on(pid: pid, []) {
        $0.copy(skb, 100)
        $0.received(UInt64(pid), 100)
      }
    }
    #expect(causes(k.journey(0xa)) == [.schedulingDelay])
    #expect(causes(k.journey(0xb)) == [] && k.journey(0xb)?.outcome == .delivered)
    #expect(k.engine.statistics.chosenTasks == [k.name("nginx")])
  }

  @Test func ksoftirqdHasToBeScheduled() throws {
    let k = Script()
    let thread = k.name("ksoftirqd/0")
    k.on(.softirq) { $0.emit(.schedWaking(pid: 9, comm: thread)) }
    k.interrupt()
    k.on(pid: 0, []) { $0.emit(.schedSwitch(previous: 0, previousState: 0, next: 9, nextComm: thread)) }
    k.on(pid: 9, .softirq) {
      $0.emit(.softirqEntry(vector: SoftIRQ.netRX))
      $0.gro(0xa, 152)
      $0.receive(0xa, 152)
      $0.ready(0x50, Event.IPProtocol.udp)
      $0.poll()
      $0.emit(.softirqExit(vector: SoftIRQ.netRX))
    }
    k.finish()
    #expect(causes(k.journey(0xa)) == [.softirqTimeLimit])
  }

  /// The thread was woken, but the exit of the next interrupt serves the soft interrupt at once (6.6 and later).
  @Test func aSoftInterruptThatKsoftirqdDidNotServe() throws {
    let k = Script()
    let thread = k.name("ksoftirqd/0")
    k.on(.softirq) { $0.emit(.schedWaking(pid: 9, comm: thread)) }
    k.interrupt()
    k.softirq {
      $0.gro(0xa, 152)
      $0.receive(0xa, 152)
      $0.ready(0x50, Event.IPProtocol.udp)
      $0.poll()
    }
    k.finish()
    #expect(causes(k.journey(0xa)) == [])
  }

  /// A poll used up its budget: NET_RX asks for itself, and what is still in the ring waits for the next pass.
  @Test func aBudgetIsUsedUp() throws {
    let k = Script()
    k.interrupt()
    k.softirq {
      $0.gro(0xa, 152)
      $0.receive(0xa, 152)
      $0.ready(0x50, Event.IPProtocol.udp)
      $0.poll(work: 64)
      $0.emit(.softirqRaise(vector: SoftIRQ.netRX))
    }
    k.softirq {
      $0.gro(0xb, 152)
      $0.receive(0xb, 152)
      $0.ready(0x50, Event.IPProtocol.udp)
      $0.poll(work: 1)
    }
    k.finish()
    #expect(causes(k.journey(0xa)) == [])
    #expect(causes(k.journey(0xb)) == [.napiBudget])
  }

  @Test func aPacketWaitsInABacklog() throws {
    let k = Script()
    k.interrupt()
    k.softirq {
      $0.gro(0xa, 152)
      $0.receive(0xa, 152)
      $0.poll()
    }
    k.on(pid: 7, []) {
      $0.probe(0xa, socket: 0x50, 100)
      $0.ready(0x50)
      $0.copy(0xa, 100)
      $0.received(0x50, 100)
    }
    #expect(causes(k.journey(0xa)) == [.socketLock, .readerBusy])
  }

  /// Three segments below SO_RCVLOWAT wait silently; the fourth is announced, and wakes for all.
  @Test func belowTheLowWaterMark() throws {
    let k = Script()
    k.setState(0x50, Event.TCPState.synSent, Event.TCPState.established)
    k.interrupt()
    k.softirq {
      for skb: UInt64 in [0xa, 0xb] {
        $0.gro(skb, 352)
        $0.receive(skb, 352)
        $0.probe(skb, socket: 0x50, 300)
      }
      $0.ready(0x50)
      $0.wake(7)
      $0.poll(work: 2)
    }
    k.run(7)
    k.on(pid: 7, []) {
      $0.copy(0xa, 600)
      $0.received(0x50, 600)
    }
    #expect(causes(k.journey(0xa)) == [.lowWaterMark])
    #expect(causes(k.journey(0xb)) == [.schedulingDelay])
  }

  @Test func groHoldsAndRPSMoves() throws {
    let k = Script()
    k.interrupt()
    k.softirq {
      $0.gro(0xa, 152, result: 2)
      $0.receive(0xa, 152)
      $0.ready(0x50, Event.IPProtocol.udp)
      $0.poll()
    }
    k.softirq { $0.gro(0xb, 152) }
    k.on(cpu: 1, pid: 0, []) { k in
      k.softirq {
        $0.receive(0xb, 152)
        $0.ready(0x50, Event.IPProtocol.udp)
        $0.poll()
      }
    }
    k.finish()
    #expect(causes(k.journey(0xa)) == [.groHold])
    #expect(causes(k.journey(0xb)) == [.rpsHop])
  }

  @Test func aDriverRefusesAtFirst() throws {
    let k = Script()
    k.on(pid: 5, .bottomHalvesOff) {
      $0.queue(0xa)
      $0.start(0xa)
      $0.xmit(0xa, rc: 0x10)
      $0.start(0xa)
      $0.xmit(0xa)
    }
    k.finish()
    #expect(causes(k.journey(0xa, nth: 0, .tx)) == [.driverBusy])
  }
}
