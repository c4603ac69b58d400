import Events
import Testing

@testable import Journeys

/// Loopback: no interrupt, the sender's own soft interrupt; handshakes and their wakeups.
@Suite struct LoopbackTests {
  /// kernel-facts.md B7: a datagram over loopback, read without any event that names it (6.18).
  @Test func aDatagramOverLoopback() throws {
    let k = Script()
    k.pid = 5
    k.on(.bottomHalvesOff) {
      $0.queue(0xa)
      $0.netifRx(0xa, 128)
      $0.emit(.softirqRaise(vector: SoftIRQ.netRX))
    }
    k.softirq {
      $0.receive(0xa, 128)
      $0.ready(0x50, Event.IPProtocol.udp)
      $0.wake(7)
      $0.poll()
    }
    k.run(7, cpu: 1)
    k.on(cpu: 1, pid: 7, []) { $0.received(0x50, 100, Event.IPProtocol.udp) }
    let journey = try #require(k.journey(0xa))
    #expect(journey.path == [.gro, .raise, .softirq, .receive, .ready, .waking, .running, .read])
    #expect(journey.completeness == .complete)
    k.on(pid: 5, []) { $0.sent(0x40, 100, Event.IPProtocol.udp) }
    #expect(k.engine.statistics.sent == 1)
    #expect(k.engine.statistics.sentCompleted == 1)
  }

  /// kernel-facts.md B4: the SYN wakes nobody, the final ACK wakes accept() through the listener.
  @Test func theFinalAckWakesAccept() throws {
    let k = Script()
    k.on(pid: 5, .bottomHalvesOff) { $0.netifRx(0xa, 60) }
    k.softirq {
      $0.receive(0xa, 60)
      $0.queue(0xb)
      $0.emit(.consumeSkb(skb: 0xa, location: 0))
      $0.poll()
    }
    k.on(pid: 5, .bottomHalvesOff) { $0.netifRx(0xc, 52) }
    k.softirq {
      $0.receive(0xc, 52)
      $0.setState(0x51, Event.TCPState.listen, Event.TCPState.synReceived)
      $0.setState(0x51, Event.TCPState.synReceived, Event.TCPState.established)
      $0.ready(0x50)
      $0.wake(7)
      $0.poll()
    }
    k.run(7, cpu: 1)
    let syn = try #require(k.journey(0xa))
    let ack = try #require(k.journey(0xc))
    #expect(syn.outcome == .absorbed)
    #expect(syn.woke == nil)
    #expect(ack.outcome == .absorbed)
    #expect(ack.woke?.pid == 7)
    #expect(ack.stages.has(.running))
    #expect(ack.completeness == .complete)
  }

  /// kernel-facts.md B3: the SYN-ACK wakes connect() by a change of state, without sk_data_ready.
  @Test func theSynAckWakesConnect() throws {
    let k = Script()
    k.interrupt()
    k.softirq {
      $0.gro(0xa, 60)
      $0.receive(0xa, 60)
      $0.setState(0x50, Event.TCPState.synSent, Event.TCPState.established)
      $0.wake(7)
      $0.queue(0xb)
      $0.poll()
    }
    k.run(7)
    let journey = try #require(k.journey(0xa))
    #expect(journey.woke?.pid == 7)
    #expect(journey.stages.has(.ready) == false)
    #expect(journey.protocolNumber == Event.IPProtocol.tcp)
  }

  /// kernel-facts.md B6: a FIN wakes the reader by a change of state, and sk_data_ready comes after.
  @Test func theFinWakesTheReader() throws {
    let k = Script()
    k.on(pid: 5, .bottomHalvesOff) { $0.netifRx(0xa, 52) }
    k.softirq {
      $0.receive(0xa, 52)
      $0.probe(0xa, socket: 0x50, 0)
      $0.setState(0x50, Event.TCPState.established, 8)
      $0.wake(7)
      $0.ready(0x50)
      $0.poll()
    }
    k.run(7)
    let journey = try #require(k.journey(0xa))
    #expect(journey.outcome == .absorbed)
    #expect(journey.woke?.pid == 7)
  }

  /// The FIN that ends FIN_WAIT2 is freed with its socket's queues, which is no loss.
  @Test func theLastFinIsNotDropped() {
    let k = Script()
    k.on(pid: 5, .bottomHalvesOff) { $0.netifRx(0xa, 52) }
    k.softirq {
      $0.receive(0xa, 52)
      $0.setState(0x50, 5, Event.TCPState.close)
      $0.emit(.kfreeSkb(skb: 0xa, location: 0x1, reason: 40))
      $0.poll()
    }
    #expect(k.journey(0xa)?.outcome == .absorbed)
  }

  /// kernel-facts.md B12: a raw socket reads a clone; the original is freed with a reason that is no loss.
  @Test func aRawSocketsPacketIsNotDropped() throws {
    let k = Script()
    k.on(pid: 5, .bottomHalvesOff) { $0.netifRx(0xa, 36) }
    k.softirq {
      $0.receive(0xa, 36)
      $0.ready(0x50, Event.IPProtocol.icmp)
      $0.emit(.kfreeSkb(skb: 0xa, location: 0x1, reason: 3))
      $0.poll()
    }
    k.on(pid: 7, []) {
      $0.copy(0xf00, 36)
      $0.emit(.consumeSkb(skb: 0xf00, location: 0))
      $0.received(0x50, 36, Event.IPProtocol.icmp)
    }
    let journey = try #require(k.journey(0xa))
    #expect(journey.outcome == .delivered)
    #expect(journey.reader?.pid == 7)
    #expect(journey.stages[.read]?.evidence == .skbCopyDatagram)
  }

  @Test func aWakeupLaterInTheSameTaskIsNotThePackets() {
    let k = Script()
    k.on(pid: 9, []) {
      $0.softirq {
        $0.gro(0xa, 52)
        $0.receive(0xa, 52)
        $0.probe(0xa, socket: 0x50, 0)
        $0.queue(0xb)
        $0.wake(7)
        $0.poll()
      }
    }
    #expect(k.journey(0xa)?.woke == nil)
  }
}
