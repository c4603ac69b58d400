import Events
import Support
import Testing

@testable import Journeys

/// Lost events, ends of the recording, and bounds.
@Suite struct LossTests {
  private func datagram(_ k: Script, _ skb: UInt64) {
    k.softirq {
      $0.gro(skb, 128)
      $0.receive(skb, 128)
      $0.ready(0x50, Event.IPProtocol.udp)
      $0.poll()
    }
  }

  @Test func aLossMarksWhatItTouches() {
    let k = Script()
    datagram(k, 0xa)
    k.on(pid: 7, []) { $0.received(0x50, 100, Event.IPProtocol.udp) }
    datagram(k, 0xb)
    k.on(cpu: 1, []) { $0.emit(.gap(before: $0.time + 20_000, events: 5)) }
    datagram(k, 0xc)
    k.on(pid: 7, []) {
      $0.received(0x50, 100, Event.IPProtocol.udp)
      $0.received(0x50, 100, Event.IPProtocol.udp)
    }
    k.wait(microseconds: 100)
    datagram(k, 0xd)
    k.on(pid: 7, []) { $0.received(0x50, 100, Event.IPProtocol.udp) }
    #expect(k.journey(0xa)?.completeness == .complete)
    #expect(k.journey(0xb)?.completeness == .lost)
    #expect(k.journey(0xc)?.completeness == .lost)
    #expect(k.journey(0xd)?.completeness == .complete)
  }

  @Test func aLossEndsTheOpenBatch() {
    let k = Script()
    k.on(.softirq) {
      $0.emit(.softirqEntry(vector: SoftIRQ.netRX))
      $0.gro(0xa, 128)
      $0.receive(0xa, 128)
      $0.emit(.gap(before: $0.time + 5_000, events: nil))
    }
    k.wait(microseconds: 10)
    datagram(k, 0xb)
    k.finish()
    #expect(k.journey(0xa)?.outcome == .unknown)
    #expect(k.journey(0xa)?.completeness == .lost)
    #expect(k.journey(0xb)?.outcome == .queued)
  }

  /// What the driver has and what a call has sent is not joined to what comes behind the loss.
  @Test func aLossClosesWhatIsSent() {
    let k = Script()
    k.on(pid: 5, .bottomHalvesOff) {
      $0.queue(0xa, 142)
      $0.start(0xa, 142)
      $0.emit(.gap(before: $0.time + 3_000, events: 4))
    }
    k.wait(microseconds: 100)
    k.on(pid: 5, .bottomHalvesOff) { $0.xmit(0xb) }
    k.on(pid: 5, []) { $0.sent(0x50, 100) }
    k.on(pid: 5, .bottomHalvesOff) {
      $0.queue(0xc, 142)
      $0.start(0xc, 142)
      $0.xmit(0xc)
    }
    k.on(pid: 5, []) { $0.sent(0x50, 100) }
    k.softirq {
      $0.emit(.consumeSkb(skb: 0xa, location: 0))
      $0.emit(.consumeSkb(skb: 0xc, location: 0))
    }
    let lost = k.journey(0xa, .tx)
    #expect(lost?.path == [.queue, .start, .complete])
    #expect(lost?.completeness == .lost && lost?.stages.has(.xmit) == false && lost?.stages.has(.send) == false && lost?.sender == nil)
    #expect(k.journey(0xc, .tx)?.completeness == .complete && k.journey(0xc, .tx)?.path == [.queue, .start, .xmit, .send, .complete])
  }

  /// A segment whose end was lost had the address that another packet has now.
  @Test func aLossDoesNotLeaveSegments() {
    let k = Script()
    k.on(pid: 5, .bottomHalvesOff) {
      $0.queue(0xa, 2962)
      $0.emit(.consumeSkb(skb: 0xa, location: 0))
      for segment: UInt64 in [0xb, 0xc] {
        $0.start(segment, 1514)
        $0.xmit(segment)
      }
      $0.emit(.gap(before: $0.time + 3_000, events: 2))
    }
    k.wait(microseconds: 100)
    k.on(pid: 6, .bottomHalvesOff) {
      $0.queue(0xb)
      $0.start(0xb)
      $0.xmit(0xb)
    }
    k.on(pid: 6, []) { $0.sent(0x50, 100) }
    k.softirq { $0.emit(.consumeSkb(skb: 0xb, location: 0)) }
    #expect(k.journey(0xb, .tx)?.completeness == .complete && k.journey(0xb, .tx)?.outcome == .completed)
    k.finish()
    #expect(k.journey(0xa, .tx)?.completeness == .lost)
  }

  private func segment(_ k: Script, _ skb: UInt64) {
    k.softirq {
      $0.gro(skb, 152)
      $0.receive(skb, 152)
      $0.probe(skb, socket: 0x60, 100)
      $0.ready(0x60)
      $0.poll()
    }
  }

  /// Reads of a stream whose position is not certain any more are joined by order, which is no more than a guess until it is certain again.
  @Test func aReadBehindALossIsNotCertain() {
    let k = Script()
    k.on(pid: 7, []) { $0.received(0x60, -11) }
    segment(k, 0xa)
    k.on(pid: 7, []) { $0.received(0x60, 100) }
    k.on(cpu: 1, []) { $0.emit(.gap(before: $0.time + 3_000, events: 4)) }
    k.wait(microseconds: 100)
    segment(k, 0xb)
    k.on(pid: 7, []) { $0.received(0x60, 100) }
    k.on(pid: 7, []) { $0.received(0x60, -11) }
    segment(k, 0xc)
    k.on(pid: 7, []) { $0.received(0x60, 100) }
    #expect(k.journey(0xa)?.completeness == .complete && k.journey(0xa)?.outcome == .delivered)
    #expect(k.journey(0xb)?.completeness == .ambiguous && k.journey(0xb)?.stages[.read]?.link == .inferred)
    #expect(k.journey(0xc)?.completeness == .complete && k.journey(0xc)?.stages[.read]?.link == .exact)
  }

  @Test func anAddressUsedAgainEndsTheOldPacket() {
    let k = Script()
    k.softirq {
      $0.gro(0xa, 60, result: 2)
      $0.gro(0xa, 60)
      $0.receive(0xa, 60)
      $0.poll()
    }
    k.finish()
    #expect(k.journeys.filter { $0.skb == 0xa }.count == 2)
  }

  /// Packets that vanish without an event do not stay for ever.
  @Test func silentPacketsAreGivenUpAfterASecond() {
    let k = Script()
    for skb in 0..<1000 as Range<UInt64> {
      k.softirq {
        $0.gro(0x1000 + skb, 60)
        $0.receive(0x1000 + skb, 60)
        $0.poll()
      }
      k.wait(microseconds: 10_000)
    }
    #expect(k.engine.inFlight < 150)
    #expect(k.journeys.allSatisfy { $0.outcome == .absorbed && $0.completeness == .complete && $0.isOutcomeInferred })
  }

  /// One packet has one outcome, whatever order random events come in.
  @Test(arguments: 0..<1000)
  func randomEventsGiveEachPacketOneOutcome(seed: Int) {
    var random = SplitMix(state: UInt64(seed))
    let k = Script()
    for _ in 0..<400 { k.emitRandom(&random) }
    k.finish()
    #expect(Set(k.journeys.map(\.id)).count == k.journeys.count)
    #expect(k.engine.inFlight == 0)
    // Copies of a delivery are no packets of their own.
    let received = k.journeys.filter { $0.direction == .rx && $0.copyOf == nil }
    #expect(k.engine.statistics.outcomes.reduce(0, +) == received.count)
    #expect(k.engine.statistics.sent == k.journeys.filter { $0.direction == .tx }.count)
  }
}

extension Script {
  /// Any event in any context, over few addresses, so that everything collides.
  func emitRandom(_ random: inout SplitMix) {
    let skb = UInt64.random(in: 1...6, using: &random)
    let socket = UInt64.random(in: 0x50...0x52, using: &random)
    let task = Int32.random(in: 0...3, using: &random)
    let length = UInt32.random(in: 0...3000, using: &random)
    let proto: UInt16 = [Event.IPProtocol.tcp, Event.IPProtocol.udp, Event.IPProtocol.icmp].randomElement(using: &random) ?? 6
    let flags: ContextFlags = [ContextFlags.softirq, ContextFlags(), .hardirq, .bottomHalvesOff].randomElement(using: &random) ?? []
    on(cpu: Int32.random(in: 0...1, using: &random), pid: task, flags) { k in
      switch Int.random(in: 0..<23, using: &random) {
      case 0: k.gro(skb, length, result: Int32.random(in: 0...4, using: &random))
      case 1, 2: k.receive(skb, length)
      case 3: k.netifRx(skb, length)
      case 4: k.probe(skb, socket: socket, length)
      case 5: k.probe(0, socket: socket, length)
      case 6, 7: k.ready(socket, proto)
      case 8: k.wake(task + 1)
      case 9: k.run(task + 1, after: task)
      case 10: k.copy(skb, Int32(length))
      case 11, 12: k.received(socket, Int32(length), proto)
      case 13: k.received(socket, -11, proto)
      case 14: k.emit(.consumeSkb(skb: skb, location: 1))
      case 15: k.emit(.kfreeSkb(skb: skb, location: 1, reason: 2))
      case 16: Bool.random(using: &random) ? k.queue(skb) : k.start(skb)
      case 21: Bool.random(using: &random) ? k.xmit(skb) : k.sent(socket, Int32(length))
      case 17: k.emit(.softirqEntry(vector: SoftIRQ.netRX))
      case 18: k.emit(.softirqExit(vector: SoftIRQ.netRX))
      case 19: k.poll()
      case 20: k.setState(socket, Int32.random(in: 1...10, using: &random), Int32.random(in: 1...10, using: &random))
      default: k.emit(.tcpDestroySock(socket: socket, cookie: 1))
      }
    }
  }

  @Test func socketsWithoutRoomAreCounted() {
    let k = Script()
    for limit in [212_992, 4_608, 65_536] as [Int32] { k.emit(.sockRcvqueueFull(allocated: limit, truesize: 768, limit: limit)) }
    #expect(k.engine.statistics.fullQueues == 3 && k.engine.statistics.leastQueueLimit == 4_608)
  }
}
