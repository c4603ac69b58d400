import Events
import Testing

@testable import Journeys

/// A recording in windows: what is under way at an edge is cut, and nothing is joined across a pause.
@Suite struct WindowTests {
  @Test func aPauseCutsWhatIsUnderWay() throws {
    let k = Script()
    k.interrupt()
    k.softirq {
      $0.gro(0xa, 152)
      $0.receive(0xa, 152)
      $0.ready(0x50, Event.IPProtocol.udp)
      $0.wake(7)
      $0.poll()
    }
    k.emit(.windowEnds)
    // The other CPUs write a little more before recording stops.
    k.run(7)
    k.on(pid: 7, []) { $0.queue(0xb) }
    k.emit(.windowBegins)
    k.on(pid: 7, []) { $0.received(0x50, 124, Event.IPProtocol.udp) }
    k.softirq { $0.emit(.consumeSkb(skb: 0xb, location: 0)) }
    k.finish()
    let received = try #require(k.journey(0xa))
    #expect(received.outcome == .queued)
    #expect(received.completeness == .truncated)
    #expect(received.reader == nil)
    #expect(k.journey(0xb, .tx)?.completeness == .truncated)
    #expect(k.journeys.count == 2)
    #expect(k.engine.inFlight == 0)
  }

  /// A window may begin inside a poll: its packets' interrupt was not seen.
  @Test func aWindowBeginsInsideAPoll() throws {
    let k = Script()
    k.emit(.windowBegins)
    k.on(.softirq) {
      $0.gro(0xa, 152)
      $0.receive(0xa, 152)
      $0.poll()
    }
    k.finish()
    #expect(k.journey(0xa)?.completeness == .truncated)
  }
}
