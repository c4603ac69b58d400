import Events
import Testing

@testable import Journeys

/// A batch of a silent segment, which waits in the backlog of a busy TCP socket, and datagrams behind it: the announcements are one off until
/// an event names a packet.
@Suite struct AnnouncementTests {
  private static func batch(_ skbs: [UInt64], sockets: [UInt64]) -> Script {
    let k = Script()
    k.interrupt()
    k.softirq {
      for skb in skbs { $0.gro(skb, 128) }
      for skb in skbs { $0.receive(skb, 128) }
      for (index, socket) in sockets.enumerated() {
        $0.ready(socket, Event.IPProtocol.udp)
        $0.wake(Int32(7 + index))
      }
      $0.poll(work: Int32(skbs.count))
    }
    return k
  }

  private static func read(_ k: Script, _ skb: UInt64, _ socket: UInt64, by pid: Int32) {
    k.run(pid)
    k.on(pid: pid, []) {
      $0.emit(.consumeSkb(skb: skb, location: 0))
      $0.received(socket, 100, Event.IPProtocol.udp)
    }
  }

  @Test func theReadersFreeNamesTheDatagram() throws {
    let k = Self.batch([0xa, 0xb], sockets: [0x50])
    Self.read(k, 0xb, 0x50, by: 7)
    k.on(pid: 9, []) { $0.probe(0xa, socket: 0x60, 76) }
    k.finish()
    let datagram = try #require(k.journey(0xb))
    #expect(datagram.path == [.irq, .raise, .softirq, .gro, .receive, .ready, .waking, .running, .read])
    #expect(datagram.outcome == .delivered)
    #expect(datagram.woke?.pid == 7)
    let segment = try #require(k.journey(0xa))
    #expect(segment.socket == 0x60)
    #expect(segment.woke == nil)
    #expect(!segment.stages.has(.ready))
    #expect(segment.stages[.transport]?.link == .exact)
  }

  @Test func theProbeNamesTheSegmentFirst() throws {
    let k = Self.batch([0xa, 0xb, 0xc], sockets: [0x50, 0x51])
    k.on(cpu: 1, pid: 9, []) { $0.probe(0xa, socket: 0x60, 76) }
    Self.read(k, 0xb, 0x50, by: 7)
    Self.read(k, 0xc, 0x51, by: 8)
    k.finish()
    for (skb, socket, pid) in [(0xb, 0x50, 7), (0xc, 0x51, 8)] as [(UInt64, UInt64, Int32)] {
      let journey = try #require(k.journey(skb))
      #expect(journey.outcome == .delivered)
      #expect(journey.socket == socket)
      #expect(journey.reader?.pid == pid)
    }
    #expect(k.journey(0xb)?.woke?.pid == 7)
    #expect(k.journey(0xa)?.stream == 0..<76)
  }

  /// Two datagrams for one socket behind the segment: each takes the announcement of the one before.
  @Test func announcementsOfOneSocketMoveUp() throws {
    let k = Self.batch([0xa, 0xb, 0xc], sockets: [0x50, 0x50])
    Self.read(k, 0xb, 0x50, by: 7)
    Self.read(k, 0xc, 0x50, by: 7)
    k.finish()
    let first = try #require(k.journey(0xb)?.stages[.ready])
    let second = try #require(k.journey(0xc)?.stages[.ready])
    #expect(first.time < second.time)
    #expect(k.journey(0xb)?.woke?.pid == 7)
    #expect(k.journey(0xa)?.outcome == .unknown)
    #expect(k.journeys.filter { $0.outcome == .delivered && $0.completeness == .complete }.count == 2)
  }

  /// A short frame is padded to 46 bytes, and a VLAN tag is counted: the datagram is as long as what was read.
  @Test(arguments: [(46 as UInt32, 4 as Int32), (132, 100)])
  func paddingAndTagsAreNoData(length: UInt32, bytes: Int32) {
    let k = Script()
    k.softirq {
      $0.gro(0xa, length)
      $0.receive(0xa, length)
      $0.ready(0x50, Event.IPProtocol.udp)
      $0.poll()
    }
    k.on(pid: 7, []) { $0.received(0x50, bytes, Event.IPProtocol.udp) }
    #expect(k.journey(0xa)?.stream == 0..<Int64(bytes))
  }
}
