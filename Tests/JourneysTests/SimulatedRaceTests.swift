import Events
import Testing

@testable import Journeys

/// Races that simulated machines have shown.
@Suite struct SimulatedRaceTests {
  private static let socket: UInt64 = 0x5000

  /// The frame with PSH makes GRO pass the packet on inside the call, before its verdict is written.
  @Test func theFrameThatEndsAMergeIsCounted() throws {
    let s = Script()
    s.softirq {
      $0.gro(0x100, 1500, result: 2)
      $0.gro(0x200, 1500, result: 1)
      let device = $0.name(Script.eth)
      $0.emit(.groEntry(Arrival(skb: 0x200, device: device, napi: 1, length: 1500)))
      $0.receive(0x100, 1500 + 2 * 1448)
      $0.probe(0x100, socket: Self.socket, 3 * 1448)
      $0.ready(Self.socket)
      $0.emit(.groExit(result: 1))
      $0.poll(work: 3)
    }
    s.finish()
    #expect(try #require(s.journey(0x100)).frames == 3)
    #expect(s.journeys.count == 1)
  }

  /// A call that finds nothing may tell so after data have come.
  @Test func dataThatComeDuringAFruitlessCallStayQueued() throws {
    let s = Script()
    s.softirq {
      $0.receive(0x100, 152)
      $0.probe(0x100, socket: Self.socket, 100)
      $0.ready(Self.socket)
      $0.poll()
    }
    s.on(pid: 20, []) {
      $0.received(Self.socket, -11)
      $0.copy(0x100, 100)
      $0.received(Self.socket, 100)
    }
    let journey = try #require(s.journey(0x100))
    #expect(journey.outcome == .delivered)
    #expect(journey.completeness == .complete)
    #expect(journey.stream == 0..<100)
  }

  /// A task that is woken before it has given its CPU away runs on; the next switch to it has nothing to do with the packet.
  @Test func aWakingBeforeTheSwitchHasNoRunning() throws {
    let s = Script()
    s.run(20, cpu: 1)
    s.softirq {
      $0.receive(0x100, 152)
      $0.probe(0x100, socket: Self.socket, 100)
      $0.ready(Self.socket)
      $0.wake(20)
      $0.poll()
    }
    s.on(cpu: 1, pid: 20, []) { $0.emit(.schedSwitch(previous: 20, previousState: 1, next: 0, nextComm: .none)) }
    s.run(20, cpu: 1)
    s.on(cpu: 1, pid: 20, []) {
      $0.copy(0x100, 100)
      $0.received(Self.socket, 100)
    }
    let journey = try #require(s.journey(0x100))
    #expect(journey.woke?.pid == 20)
    #expect(journey.stages[.running] == nil)
  }

  /// Of a frame padded to Ethernet's least length only the call tells the datagram's size.
  @Test func paddedDatagramsHaveTheSizeThatWasRead() throws {
    let s = Script()
    s.softirq {
      $0.receive(0x100, 46)
      $0.ready(Self.socket, Event.IPProtocol.udp)
      $0.poll()
    }
    s.on(pid: 20, []) { $0.received(Self.socket, 5, Event.IPProtocol.udp) }
    #expect(try #require(s.journey(0x100)).stream == 0..<5)
  }

  /// connect() on loopback finds the SYN-ACK in its backlog; the first data that are sent have nothing to do with it.
  @Test func theFirstCallAfterConnectSendsItsOwn() throws {
    let s = Script()
    s.on(pid: 20, []) {
      $0.setState(Self.socket, 7, 2)
      $0.queue(0x100, 74)
      $0.start(0x100, 74)
      $0.xmit(0x100)
      $0.setState(Self.socket, 2, 1)
      $0.queue(0x200, 83)
      $0.start(0x200, 83)
      $0.xmit(0x200)
      $0.sent(Self.socket, 17)
    }
    s.finish()
    let journey = try #require(s.journey(0x200, .tx))
    #expect(journey.sender?.pid == 20)
    #expect(journey.stages.has(.send))
  }
}
