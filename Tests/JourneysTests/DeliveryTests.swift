import Events
import Testing

@testable import Journeys

/// One packet that several sockets receive, or that one socket receives in parts.
@Suite struct DeliveryTests {
  private func deliver(_ k: Script, _ skb: UInt64, _ length: UInt32, to sockets: [(socket: UInt64, pid: Int32)]) {
    k.softirq {
      $0.receive(skb, length)
      for (socket, pid) in sockets {
        $0.ready(socket, Event.IPProtocol.udp)
        $0.wake(pid)
      }
      $0.poll()
    }
  }

  private func read(_ k: Script, _ socket: UInt64, _ pid: Int32, _ bytes: Int32) {
    k.run(pid)
    k.on(pid: pid, []) { $0.received(socket, bytes, Event.IPProtocol.udp) }
  }

  /// Seen on 6.18: one multicast datagram, one sk_data_ready and one sched_waking for each of four sockets.
  @Test func eachReceiverOfAMulticastHasItsJourney() throws {
    let k = Script()
    deliver(k, 0xa, 75, to: [(0x10, 1), (0x20, 2), (0x30, 3), (0x40, 4)])
    for pid in [3, 1, 4, 2] as [Int32] { read(k, UInt64(pid) * 0x10, pid, 47) }
    #expect(k.journeys.count == 4)
    #expect(k.journeys.allSatisfy { $0.outcome == .delivered && $0.completeness == .complete })
    let first = try #require(k.journeys.first { $0.copyOf == nil })
    #expect(k.journeys.filter { $0.copyOf == first.id }.count == 3)
    for journey in k.journeys {
      #expect(journey.reader?.pid == journey.woke?.pid)
      #expect(journey.socket == UInt64(journey.reader?.pid ?? 0) * 0x10)
      #expect(journey.stages[.receive]?.time == first.stages[.receive]?.time)
    }
    #expect(k.engine.statistics.packets == 1)
    #expect(k.engine.statistics.deliveries == 4)
    #expect(k.engine.statistics.frames == 1)
  }

  @Test func twoDatagramsOfABatchAreNoCopies() {
    let k = Script()
    k.softirq {
      $0.receive(0xa, 75)
      $0.receive(0xb, 76)
      $0.ready(0x10, Event.IPProtocol.udp)
      $0.ready(0x20, Event.IPProtocol.udp)
      $0.poll(work: 2)
    }
    read(k, 0x10, 1, 47)
    read(k, 0x20, 2, 48)
    #expect(k.journeys.map(\.copyOf) == [nil, nil])
    #expect(k.journeys.map(\.skb) == [0xa, 0xb])
  }

  /// A raw socket beside the real one reads the IP header, too.
  @Test func aRawSocketBesideTheRealOneReadsThePacketToo() {
    let k = Script()
    deliver(k, 0xa, 128, to: [(0x10, 1), (0x20, 2)])
    read(k, 0x10, 1, 128)
    read(k, 0x20, 2, 100)
    #expect(k.journeys.map(\.outcome) == [.delivered, .delivered])
    #expect(k.journeys.map { $0.stream?.upperBound } == [128, 100])
  }

  /// Seen on 6.18: `udp_queue_rcv_skb` frees the packet, then each of its datagrams is announced; their own addresses are new.
  @Test func aPacketThatUDPCutsIsReadInParts() throws {
    let k = Script()
    k.softirq {
      $0.receive(0xa, 1218)
      $0.emit(.consumeSkb(skb: 0xa, location: 0))
      for _ in 0..<3 { $0.ready(0x10, Event.IPProtocol.udp) }
      $0.poll()
    }
    k.run(1)
    k.on(pid: 1, []) {
      for (index, bytes) in ([500, 500, 190] as [Int32]).enumerated() {
        $0.copy(0xb00 + UInt64(index), bytes)
        $0.received(0x10, bytes, Event.IPProtocol.udp)
      }
    }
    #expect(k.journeys.count == 3)
    #expect(k.journeys.allSatisfy { $0.outcome == .delivered && $0.completeness == .complete })
    #expect(k.journeys.map { $0.stream?.upperBound } == [500, 500, 190])
    #expect(k.journeys.map(\.length) == [528, 528, 218])
    let first = try #require(k.journeys.first?.id)
    #expect(k.journeys.map(\.copyOf) == [nil, first, first])
  }

  @Test func whatIsFreedAndNotAnnouncedIsAbsorbed() {
    let k = Script()
    k.softirq {
      $0.receive(0xa, 84)
      $0.emit(.consumeSkb(skb: 0xa, location: 0))
      $0.poll()
    }
    k.finish()
    #expect(k.journey(0xa)?.outcome == .absorbed)
    #expect(k.journey(0xa)?.completeness == .complete)
  }

  /// IP keeps the last fragment and frees the first; those between leave no event.
  @Test(arguments: [20, 48] as [UInt32])
  func aDatagramOfFragmentsIsRead(header: UInt32) throws {
    let k = Script()
    for index in 0..<3 as Range<UInt64> {
      k.softirq {
        $0.netifRx(0xa + index, 1448 + header)
        $0.receive(0xa + index, 1448 + header)
        $0.poll()
      }
    }
    k.softirq {
      $0.netifRx(0xd, 100 + header)
      $0.receive(0xd, 100 + header)
      $0.emit(.consumeSkb(skb: 0xa, location: 0))
      $0.ready(0x10, Event.IPProtocol.udp, family: header == 20 ? 2 : 10)
      $0.wake(1)
      $0.poll()
    }
    read(k, 0x10, 1, 3 * 1448 + 100 - 8)
    let journey = try #require(k.journey(0xd))
    #expect(journey.outcome == .delivered)
    #expect(journey.completeness == .complete)
    #expect(journey.fragments == 4)
    // No header says which fragments these are: their lengths do.
    #expect(journey.isOutcomeInferred && journey.stages[.read]?.link == .inferred)
    #expect(k.journeys.filter { $0.outcome == .merged }.count == 3)
  }

  @Test func aDualStackSocketReadsADatagramOfIPv4() {
    let k = Script()
    k.softirq {
      $0.receive(0xa, 128)
      $0.ready(0x10, Event.IPProtocol.udp, family: 10)
      $0.receive(0xb, 128)
      $0.ready(0x10, Event.IPProtocol.udp, family: 10)
      $0.poll(work: 2)
    }
    read(k, 0x10, 1, 100)
    read(k, 0x10, 1, 80)
    #expect(k.journeys.map(\.outcome) == [.delivered, .delivered])
    #expect(k.journeys.map(\.completeness) == [.complete, .complete])
  }

  /// TCP data in FIN_WAIT: no tcp_probe, but the announcement tells the socket and the copy the packet.
  @Test func dataOfAHalfClosedConnectionAreRead() {
    let k = Script()
    k.setState(0x50, Event.TCPState.synSent, Event.TCPState.established)
    k.setState(0x50, Event.TCPState.established, Event.TCPState.finWait1)
    for round in 0..<3 as Range<Int64> {
      k.softirq {
        $0.receive(0xa, 752)
        $0.ready(0x50)
        $0.wake(7)
        $0.poll()
      }
      k.run(7)
      k.on(pid: 7, []) {
        $0.copy(0xa, 700)
        $0.received(0x50, 700)
      }
      let journey = k.journey(0xa, nth: Int(round))
      #expect(journey?.outcome == .delivered)
      #expect(journey?.reader?.pid == 7)
      #expect(journey?.stream == round * 700..<(round + 1) * 700)
    }
  }

  /// splice takes what stands in the queue by tcp_read_sock: tcp_rcv_space_adjust without a copy before it.
  @Test func dataTakenWithoutACopyAreRead() throws {
    let k = Script()
    k.setState(0x50, Event.TCPState.synSent, Event.TCPState.established)
    k.softirq {
      $0.receive(0xa, 4052)
      $0.probe(0xa, socket: 0x50, 4000)
      $0.ready(0x50)
      $0.wake(7)
      $0.poll()
    }
    k.run(7)
    k.on(pid: 7, []) { $0.emit(.tcpRcvSpaceAdjust(socket: 0x50, cookie: 1, flow: .none)) }
    let journey = try #require(k.journey(0xa))
    #expect(journey.outcome == .delivered)
    #expect(journey.stages[.read]?.evidence == .tcpRcvSpaceAdjust)
    #expect(journey.stages[.read]?.link == .inferred)
    // A call that does tell its result has not read them again.
    k.on(pid: 7, []) { $0.received(0x50, 4000) }
    k.softirq {
      $0.receive(0xb, 152)
      $0.probe(0xb, socket: 0x50, 100)
      $0.ready(0x50)
      $0.poll()
    }
    k.on(pid: 7, []) {
      $0.copy(0xb, 100)
      $0.received(0x50, 100)
    }
    #expect(k.journey(0xb)?.stream == 4000..<4100)
  }

  /// TUN frees without an event and uses the address again: a second entry at the same device is another packet.
  @Test func anAddressThatEntersAgainAtItsDeviceIsAnotherPacket() {
    let k = Script()
    let device = k.name("tun0")
    k.on(pid: 9, .bottomHalvesOff) {
      for length in [60, 52, 300] as [UInt32] {
        $0.emit(.receiveEntry(Arrival(skb: 0xa, device: device, napi: 0, length: length)))
        $0.emit(.netifReceiveSkb(skb: 0xa, length: length, device: device))
      }
    }
    k.finish()
    #expect(k.journeys.filter { $0.skb == 0xa }.map(\.length) == [60, 52, 300])
  }

  @Test func threeReceivesOfOneAddressAreThreePackets() {
    let k = Script()
    for _ in 0..<3 {
      k.on(.softirq) { $0.receive(0xa, 60) }
      k.wait(microseconds: 1_000_000)
    }
    k.finish()
    #expect(k.engine.statistics.frames == 3)
    #expect(k.journeys.count == 3)
  }

  /// Seen on 6.18: the inner packet of VXLAN enters by GRO at the tunnel's device, 50 bytes shorter, in the same sk_buff.
  @Test func theInnerPacketOfATunnelIsTheOuterOne() throws {
    let k = Script()
    let tunnel = k.name("vx0")
    k.softirq {
      $0.gro(0xa, 178)
      $0.receive(0xa, 178)
      $0.poll()
      $0.emit(.groEntry(Arrival(skb: 0xa, device: tunnel, napi: 2, length: 128)))
      $0.emit(.groExit(result: 3))
      $0.emit(.netifReceiveSkb(skb: 0xa, length: 128, device: tunnel))
      $0.ready(0x10, Event.IPProtocol.udp)
      $0.wake(1)
      $0.poll()
    }
    read(k, 0x10, 1, 100)
    k.finish()
    let journey = try #require(k.journeys.first)
    #expect(k.journeys.count == 1)
    #expect(journey.outcome == .delivered)
    #expect(journey.completeness == .complete)
    #expect(k.engine.statistics.frames == 1)
  }
}
