import Events
import Testing

@testable import Journeys

/// Kernels before 6.6, whose tcp_probe names neither packet nor socket and whose sockets announce nothing.
@Suite struct UnnamedTests {
  private static func script() -> Script {
    let k = Script()
    k.engine = JourneyEngine(hasDataReady: false)
    return k
  }

  private static func probe(_ k: Script, _ cookie: UInt64, _ length: UInt32) {
    k.emit(.tcpProbe(skb: 0, socket: 0, cookie: cookie, flow: .none, dataLength: length))
  }

  private static func read(_ k: Script, by pid: Int32, _ skb: UInt64, _ length: Int32, cookie: UInt64) {
    k.on(pid: pid, []) {
      $0.copy(skb, length)
      $0.emit(.tcpRcvSpaceAdjust(socket: 0x50 + cookie, cookie: cookie, flow: .none))
    }
  }

  /// A datagram ahead in the batch is 45 bytes longer than the segment's data: no TCP header is that long.
  @Test func aSegmentIsTheOneWithTheConnectionsHeaders() throws {
    let k = Self.script()
    k.softirq {
      for (skb, length) in [(0xa, 1108), (0xb, 1115)] as [(UInt64, UInt32)] { $0.gro(skb, length) }
      for (skb, length) in [(0xa, 1108), (0xb, 1115)] as [(UInt64, UInt32)] { $0.receive(skb, length) }
      Self.probe($0, 1, 1063)
      $0.poll(work: 2)
    }
    Self.read(k, by: 7, 0xb, 1063, cookie: 1)
    let journey = try #require(k.journey(0xb))
    #expect(journey.outcome == .delivered)
    #expect(journey.stream == 0..<1063)
  }

  /// IP puts two fragments together, keeps the last one's address and frees the first, and TCP says how much they carry.
  @Test func theLastFragmentIsTheSegment() throws {
    let k = Self.script()
    k.softirq {
      for (skb, length) in [(0xa, 1468), (0xb, 1468), (0xc, 52)] as [(UInt64, UInt32)] { $0.gro(skb, length) }
      for (skb, length) in [(0xa, 1468), (0xb, 1468), (0xc, 52)] as [(UInt64, UInt32)] { $0.receive(skb, length) }
      $0.emit(.consumeSkb(skb: 0xa, location: 0))
      Self.probe($0, 1, 2896)
      $0.poll(work: 3)
    }
    Self.read(k, by: 7, 0xc, 2896, cookie: 1)
    let journey = try #require(k.journey(0xc))
    #expect(journey.outcome == .delivered)
    #expect(journey.frames == 3)
    #expect(journey.stream == 0..<2896)
    #expect(k.journey(0xa)?.outcome == .merged)
    #expect(k.journey(0xb)?.outcome == .merged)
  }

  /// Two segments of one length for two sockets, the first of them silent: what is copied says which was which.
  @Test func theCopyTellsTwinsApart() throws {
    let k = Self.script()
    k.softirq {
      for skb in [0xa, 0xb] as [UInt64] { $0.gro(skb, 152) }
      for skb in [0xa, 0xb] as [UInt64] { $0.receive(skb, 152) }
      Self.probe($0, 2, 100)
      $0.poll(work: 2)
    }
    k.on(cpu: 1, pid: 7, []) { Self.probe($0, 1, 100) }
    Self.read(k, by: 7, 0xa, 100, cookie: 1)
    Self.read(k, by: 8, 0xb, 100, cookie: 2)
    #expect(k.journey(0xa)?.reader?.pid == 7)
    #expect(k.journey(0xb)?.reader?.pid == 8)
    #expect(k.journey(0xb)?.stages[.transport]?.context == .softirq)
  }
}
