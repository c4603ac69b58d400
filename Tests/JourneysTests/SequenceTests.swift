import Events
import Testing

@testable import Journeys

/// Segments that say their sequence numbers, and what is open where they do not.
@Suite struct SequenceTests {
  private static let socket: UInt64 = 0x5000

  /// A segment from `from` to `to` of a stream whose first byte has number `origin`.
  private func segment(_ s: Script, _ skb: UInt64, _ bytes: Range<Int>, origin: UInt32? = 4_294_967_000, isAnnounced: Bool) {
    let device = s.name(Script.eth)
    let length = UInt32(bytes.count)
    var header = PacketHeader(skb: skb)
    header.protocolNumber = Event.IPProtocol.tcp
    header.payload = length
    header.sequence = (origin ?? 0) &+ UInt32(bytes.lowerBound)
    s.softirq { s in
      s.emit(.netifReceiveSkb(skb: skb, length: length + 52, device: device))
      if origin != nil { s.emit(.flow(header)) }
      s.probe(skb, socket: Self.socket, length)
      if isAnnounced { s.ready(Self.socket) }
      s.poll()
    }
  }

  private func begin(_ s: Script) {
    s.on(pid: 9, []) { $0.setState(Self.socket, 2, 1) }
  }

  @Test func aSegmentThatCameTooEarlyStandsBehindTheOneThatFillsTheHole() throws {
    let s = Script()
    begin(s)
    segment(s, 0x100, 0..<100, isAnnounced: true)
    segment(s, 0x200, 300..<400, isAnnounced: false)
    segment(s, 0x300, 100..<300, isAnnounced: true)
    s.on(pid: 20, []) {
      $0.copy(0x100, 300)
      $0.received(Self.socket, 300)
      $0.copy(0x200, 100)
      $0.received(Self.socket, 100)
    }
    #expect(try #require(s.journey(0x300)).stream == 100..<300)
    let early = try #require(s.journey(0x200))
    #expect(early.stream == 300..<400)
    #expect(early.stages[.read]?.link == .exact)
    #expect(early.completeness == .complete)
    let fill = try #require(s.journey(0x300)?.stages[.read]?.time)
    #expect(early.stages[.read]?.time ?? 0 > fill)
  }

  @Test func dataThatComeTwiceAreNoNewBytes() throws {
    let s = Script()
    begin(s)
    segment(s, 0x100, 0..<100, isAnnounced: true)
    segment(s, 0x200, 0..<100, isAnnounced: false)
    segment(s, 0x300, 100..<200, isAnnounced: true)
    s.on(pid: 20, []) {
      $0.copy(0x100, 200)
      $0.received(Self.socket, 200)
    }
    s.finish()
    #expect(try #require(s.journey(0x200)).outcome == .absorbed)
    #expect(try #require(s.journey(0x300)).stream == 100..<200)
    #expect(try #require(s.journey(0x300)).outcome == .delivered)
  }

  /// Without numbers nothing tells whether 0x200 or 0x300 stands first.
  @Test func withoutNumbersUnannouncedDataLeaveTheOrderOpen() throws {
    let s = Script()
    begin(s)
    segment(s, 0x100, 0..<100, origin: nil, isAnnounced: true)
    segment(s, 0x200, 300..<400, origin: nil, isAnnounced: false)
    segment(s, 0x300, 100..<200, origin: nil, isAnnounced: true)
    s.on(pid: 20, []) {
      $0.copy(0x100, 200)
      $0.received(Self.socket, 200)
    }
    let journey = try #require(s.journey(0x200))
    #expect(journey.stages[.read]?.link == .inferred)
  }

  /// A copy names the packet that it takes from first.
  @Test func aCopyTellsWhatStandsFirst() throws {
    let s = Script()
    begin(s)
    segment(s, 0x200, 300..<400, origin: nil, isAnnounced: false)
    segment(s, 0x300, 100..<200, origin: nil, isAnnounced: true)
    s.on(pid: 20, []) {
      $0.copy(0x300, 100)
      $0.received(Self.socket, 100)
      $0.copy(0x200, 100)
      $0.received(Self.socket, 100)
    }
    #expect(try #require(s.journey(0x300)).stream == 0..<100)
    #expect(try #require(s.journey(0x200)).stream == 100..<200)
    #expect(try #require(s.journey(0x300)).stages[.read]?.time ?? 0 < s.journey(0x200)?.stages[.read]?.time ?? 0)
  }
}
