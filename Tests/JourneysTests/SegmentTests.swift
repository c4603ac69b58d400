import Events
import Testing

@testable import Journeys

/// TCP segments whose own headers were recorded: what IP and TCP put together is told apart where lengths would mislead.
@Suite struct SegmentTests {
  private static let ours = Flow(
    local: Endpoint(low: 0x0a09_0002, port: 7001, isIPv6: false), remote: Endpoint(low: 0x0a09_0001, port: 40000, isIPv6: false))
  private static let other = Flow(
    local: Endpoint(low: 0x0a09_0002, port: 7001, isIPv6: false), remote: Endpoint(low: 0x0a09_0001, port: 40001, isIPv6: false))

  /// A segment or, with `fragment`, a part of one arrives; behind IP's header of 20 bytes it has TCP's of 32, if it is the first.
  private static func receive(
    _ k: Script, _ skb: UInt64, _ length: UInt32, _ flow: Flow = ours, sequence: UInt32 = 0, fragment: PacketHeader.Fragment? = nil
  ) {
    var header = PacketHeader(skb: skb)
    header.protocolNumber = Event.IPProtocol.tcp
    header.fragment = fragment
    let isFirst = fragment?.offset ?? 0 == 0
    header.flow = k.flows.intern(flow)
    header.sequence = isFirst ? sequence : 0
    header.payload = length - (isFirst ? 52 : 20)
    k.gro(skb, length)
    k.receive(skb, length)
    k.emit(.flow(header))
  }

  /// The socket 0x50 gets its connection: its stream begins here.
  private static func connect(_ k: Script) {
    k.on(pid: 9, []) { $0.emit(.inetSockSetState(socket: 0x50, old: 2, new: 1, protocol: Event.IPProtocol.tcp, flow: .none)) }
  }

  private static func part(_ identification: UInt32, at offset: UInt32, _ count: UInt32, isFollowed: Bool = true) -> PacketHeader.Fragment {
    .init(identification: identification, offset: offset, count: count, isFollowed: isFollowed)
  }

  /// The last bytes of a packet come first and fragments of another packet, of the same length, stand between.
  @Test func fragmentsAreThoseWithTheSameIdentification() throws {
    let k = Script()
    Self.connect(k)
    k.softirq {
      Self.receive($0, 0xb, 1468, Self.other, fragment: Self.part(8, at: 0, 1448))
      Self.receive($0, 0xc, 520, sequence: 1, fragment: Self.part(7, at: 1448, 500, isFollowed: false))
      Self.receive($0, 0xd, 1468, Self.other, fragment: Self.part(8, at: 1448, 1448))
      Self.receive($0, 0xa, 1468, sequence: 1, fragment: Self.part(7, at: 0, 1448))
      $0.emit(.consumeSkb(skb: 0xc, location: 0x77))
      $0.probe(0xa, socket: 0x50, 1916)
      $0.ready(0x50)
      $0.poll(work: 4)
    }
    k.on(pid: 7, []) {
      $0.copy(0xa, 1916)
      $0.received(0x50, 1916)
    }
    let journey = try #require(k.journey(0xa))
    #expect(journey.frames == 2)
    #expect(journey.stream == 0..<1916)
    #expect(journey.stages[.read]?.link == .exact)
    #expect(k.journey(0xc)?.outcome == .merged)
    k.finish()
    #expect(k.journey(0xb)?.outcome != .merged)
    #expect(k.journey(0xd)?.outcome != .merged)
  }

  /// Another connection's segment of the same length waits in its own backlog, ahead of the one that was merged.
  @Test func segmentsMergedInTheBacklogFollowEachOtherByNumber() throws {
    let k = Script()
    for (skb, flow, sequence) in [(0xa, Self.ours, 1), (0xb, Self.other, 201), (0xc, Self.ours, 201)] as [(UInt64, Flow, UInt32)] {
      k.softirq {
        Self.receive($0, skb, 252, flow, sequence: sequence)
        $0.poll()
      }
    }
    k.on(pid: 9, []) {
      $0.probe(0xa, socket: 0x50, 400)
      $0.ready(0x50)
      $0.copy(0xa, 400)
      $0.received(0x50, 400)
    }
    #expect(k.journey(0xa)?.stream == 0..<200)
    let merged = try #require(k.journey(0xc))
    #expect(merged.stream == 200..<400)
    #expect(merged.stages[.transport]?.link == .ordered)
    k.finish()
    #expect(k.journey(0xb)?.stream == nil)
  }

  /// tcp_probe counts in 16 bits: two segments of 55,680 bytes give 45,824.
  @Test(arguments: [true, false]) func moreThanTcpProbeCanCount(namesPacket: Bool) throws {
    let k = Script()
    if !namesPacket { k.engine = JourneyEngine(hasDataReady: false) }
    for (skb, sequence) in [(0xa, 1), (0xb, 55_681)] as [(UInt64, UInt32)] {
      k.softirq {
        Self.receive($0, skb, 55_732, sequence: sequence)
        $0.poll()
      }
    }
    k.on(pid: 9, []) {
      let flow = $0.flows.intern(Self.ours)
      $0.emit(.tcpProbe(skb: namesPacket ? 0xa : 0, socket: namesPacket ? 0x50 : 0, cookie: 1, flow: flow, dataLength: 45_824))
      $0.copy(0xa, 111_360)
      if namesPacket { $0.received(0x50, 111_360) } else { $0.emit(.tcpRcvSpaceAdjust(socket: 0x50, cookie: 1, flow: .none)) }
    }
    #expect(k.journey(0xa)?.stream == 0..<55_680)
    #expect(k.journey(0xb)?.stream == 55_680..<111_360)
    #expect(k.journey(0xb)?.outcome == .delivered)
  }

  /// Without headers the shares are guessed from lengths, and the read says so.
  @Test func aGuessedShareIsNoExactRead() throws {
    let k = Script()
    Self.connect(k)
    for skb in [0xa, 0xb] as [UInt64] {
      k.softirq {
        $0.gro(skb, 252)
        $0.receive(skb, 252)
        $0.poll()
      }
    }
    k.on(pid: 9, []) {
      $0.probe(0xa, socket: 0x50, 400)
      $0.ready(0x50)
      $0.copy(0xa, 400)
      $0.received(0x50, 400)
    }
    #expect(try #require(k.journey(0xa)).stages[.read]?.link == .inferred)
    #expect(try #require(k.journey(0xb)).stages[.read]?.link == .inferred)
  }

  /// tcp_probe before 6.12 names no packet: of two of the same length, its connection tells which.
  @Test func theConnectionNamesThePacket() throws {
    let k = Script()
    k.engine = JourneyEngine(hasDataReady: false)
    k.softirq {
      Self.receive($0, 0xa, 152, Self.other)
      Self.receive($0, 0xb, 152)
      let flow = $0.flows.intern(Self.ours)
      $0.emit(.tcpProbe(skb: 0, socket: 0, cookie: 1, flow: flow, dataLength: 100))
      $0.poll(work: 2)
    }
    k.on(pid: 7, []) {
      $0.copy(0xb, 100)
      $0.emit(.tcpRcvSpaceAdjust(socket: 0x51, cookie: 1, flow: .none))
    }
    #expect(k.journey(0xb)?.outcome == .delivered)
    #expect(k.journey(0xb)?.stages[.transport]?.link == .ordered)
    k.finish()
    #expect(k.journey(0xa)?.outcome != .delivered)
  }
}
