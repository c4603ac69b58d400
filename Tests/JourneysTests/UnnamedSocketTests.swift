import Events
import Testing

@testable import Journeys

/// Text does not print the socket of every event; what it belongs to follows from its connection or its context.
@Suite struct UnnamedSocketTests {
  private func connection(_ k: Script, port: UInt16 = 40000) -> FlowID {
    k.flows.intern(
      Flow(local: Endpoint(low: 0x0a09_0002, port: 7001, isIPv6: false), remote: Endpoint(low: 0x0a09_0001, port: port, isIPv6: false)))
  }

  /// A FIN: TCP takes the segment, the state of a connection from `port` changes, and the reader is woken.
  private func fin(port: UInt16) -> Journey? {
    let k = Script()
    let flow = connection(k, port: port)
    k.softirq {
      $0.gro(0xa, 52)
      $0.receive(0xa, 52)
      $0.probe(0xa, socket: 0x50, 0)
      $0.emit(.inetSockSetState(socket: 0, old: Event.TCPState.established, new: 8, protocol: Event.IPProtocol.tcp, flow: flow))
      $0.wake(7)
      $0.poll()
    }
    k.run(7)
    k.finish()
    return k.journey(0xa)
  }

  @Test func aChangeOfStateBelongsToThePacketOfItsConnection() {
    #expect(fin(port: 40000)?.woke?.pid == 7)
    #expect(fin(port: 40001)?.woke == nil)
  }

  @Test func aFINBehindAChangeOfStateHasItsConnection() throws {
    let k = Script()
    let flow = connection(k)
    k.on(pid: 7, []) {
      $0.emit(.inetSockSetState(socket: 0, old: Event.TCPState.established, new: 4, protocol: Event.IPProtocol.tcp, flow: flow))
      $0.queue(0xa)
      $0.start(0xa)
      $0.xmit(0xa)
      $0.sent(0x60, 100)
    }
    k.finish()
    let journey = try #require(k.journey(0xa, .tx))
    #expect(journey.flow == flow && journey.sender?.pid == 7)
    // The send call after it is another packet's.
    #expect(!journey.stages.has(.send))
  }

  @Test func anAnnouncementWithoutASocketIsJoinedByOrder() {
    let k = Script()
    k.softirq {
      $0.gro(0xa, 152)
      $0.receive(0xa, 152)
      $0.probe(0xa, socket: 0, 100)
      $0.ready(0)
      $0.poll()
    }
    k.finish()
    #expect(k.journey(0xa)?.stages[.ready]?.link == .ordered)
  }

  @Test func aDatagramIsReadWhileItsBatchGoesOn() throws {
    let k = Script()
    var consumed: UInt64 = 0
    k.softirq {
      $0.gro(0xa, 128)
      $0.receive(0xa, 128)
      $0.ready(0x50, Event.IPProtocol.udp)
      $0.wake(7)
      $0.run(7, cpu: 1)
      $0.on(cpu: 1, pid: 7, []) {
        $0.emit(.consumeSkb(skb: 0xa, location: 0))
        consumed = $0.time
        $0.received(0x50, 100, Event.IPProtocol.udp)
      }
      $0.poll()
    }
    let read = try #require(k.journey(0xa)?.stages[.read])
    #expect(read.evidence == .consumeSkb && read.link == .exact && read.time == consumed)
  }
}
