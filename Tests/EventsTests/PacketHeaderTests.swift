import Decoding
import Foundation
import Support
import Testing

@testable import Events

/// Packets made byte by byte, recorded as the probes of `wakepath record` write them, in both byte orders.
@Suite struct PacketHeaderTests {
  private static let format = """
    name: flow
    ID: 1511
    format:
    \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
    \tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;
    \tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;
    \tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

    \tfield:u64 skb;\toffset:8;\tsize:8;\tsigned:0;
    \tfield:u16 protocol;\toffset:16;\tsize:2;\tsigned:0;
    \tfield:u32 len;\toffset:18;\tsize:4;\tsigned:0;
    \tfield:u32 nonlinear;\toffset:22;\tsize:4;\tsigned:0;
    \tfield:u64 head[8];\toffset:26;\tsize:64;\tsigned:0;
    \tfield:s32 offset;\toffset:90;\tsize:4;\tsigned:1;

    print fmt: " skb=0x%Lx", REC->skb

    """
  private static let sentFormat = format.replacingOccurrences(of: "name: flow\nID: 1511", with: "name: flow_sent\nID: 1512")
  private static let datagramFormat = format.replacingOccurrences(of: "name: flow\nID: 1511", with: "name: flow_udp\nID: 1513")
    .replacingOccurrences(of: "u64 head[8];\toffset:26;\tsize:64;", with: "u64 head[6];\toffset:26;\tsize:48;")

  private static let pulledFormat = format.replacingOccurrences(of: "name: flow\nID: 1511", with: "name: flow_pulled\nID: 1514")
    .replacingOccurrences(of: "u64 head[8];\toffset:26;\tsize:64;", with: "u64 head[12];\toffset:26;\tsize:96;")
    .replacingOccurrences(
      of: "\tfield:s32 offset;\toffset:90;\tsize:4;\tsigned:1;",
      with:
        "\tfield:u64 start;\toffset:122;\tsize:8;\tsigned:0;\n\tfield:u64 data;\toffset:130;\tsize:8;\tsigned:0;\n\tfield:u16 network;\toffset:138;\tsize:2;\tsigned:0;"
    )

  /// One entry: the fields in their order, `head` filled up with 0xee, which no header here has.
  private struct Packet {
    var ethertype: UInt16 = 0x0800
    var length: Int?
    var nonlinear = 0
    var head: [UInt8]
    var sentOffset: Int32?
    var isDatagram = false
    /// Where IP begins and where the packet's data do, in bytes from the start of its memory; `head` begins 40 before the data.
    var pulled: (network: UInt16, data: UInt64)?

    func payload(_ builder: TraceDatBuilder) -> Data {
      func filled(_ bytes: [UInt8], _ count: Int) -> Data { Data((bytes + [UInt8](repeating: 0xee, count: count)).prefix(count)) }
      let start =
        builder.bytes(UInt16(pulled != nil ? 1514 : isDatagram ? 1513 : sentOffset == nil ? 1511 : 1512)) + Data([0x10, 0]) + builder.bytes(Int32(7))
        + builder.bytes(UInt64(0xabc0))
      let numbers =
        Data([UInt8(ethertype >> 8), UInt8(ethertype & 255)]) + builder.bytes(UInt32(length ?? head.count)) + builder.bytes(UInt32(nonlinear))
      if let pulled {
        let base: UInt64 = 0xffff_8880_0000_1000
        return start + numbers + filled(head, 96) + builder.bytes(base) + builder.bytes(base &+ pulled.data) + builder.bytes(pulled.network)
      }
      return start + numbers + filled(head, 64) + builder.bytes(sentOffset ?? 0)
    }
  }

  /// What `packet` is read as: `protocol flow seq ack flags payload`.
  private func read(_ packet: Packet, isBigEndian: Bool = false) throws -> String {
    var builder = TraceDatBuilder()
    builder.isBigEndian = isBigEndian
    builder.formats = [("wakepath", [Self.format, Self.sentFormat, Self.datagramFormat, Self.pulledFormat])]
    builder.cpus = [[builder.page(time: 1000, [builder.entry(delta: 1, packet.payload(builder))])]]
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("wakepath-\(UUID().uuidString).dat")
    try builder.build().write(to: url)
    defer { try? FileManager.default.removeItem(at: url) }
    var stream = EventStream(try Recording(paths: [url.path]))
    guard let event = stream.next(), [.flow, .flowPulled, .flowSent].contains(event.kind) else { return "no event" }
    let header = event.header
    #expect(header.skb == 0xabc0)
    let flow = stream.flows[header.flow].map { "\($0.remote) → \($0.local)" } ?? "no flow"
    let tcp = header.protocolNumber == 6 ? " seq \(header.sequence) ack \(header.acknowledgement) flags \(header.flags.rawValue)" : ""
    return
      "\(header.isCut ? "cut " : "")\(header.protocolNumber) \(flow)\(tcp) payload \(header.payload.map { "\($0)" } ?? "?")\(header.fragment.map { " fragment \($0.identification) at \($0.offset), \($0.count) bytes\($0.isFollowed ? " and more" : "")" } ?? "")"
  }

  // 10.9.0.1 → 10.9.0.2 in a packet of `total` bytes.
  private static func ipv4(_ number: UInt8, total: Int, words: UInt8 = 5, fragment: UInt16 = 0) -> [UInt8] {
    [0x40 | words, 0, UInt8(total >> 8), UInt8(total & 255), 0x12, 0x34, UInt8(fragment >> 8), UInt8(fragment & 255), 64, number, 0x55, 0xaa]
      + [10, 9, 0, 1, 10, 9, 0, 2] + [UInt8](repeating: 1, count: 4 * Int(words) - 20)
  }

  // fd00::1 → fd00::2
  private static func ipv6(_ next: UInt8, payload: Int) -> [UInt8] {
    let prefix: [UInt8] = [0xfd] + [UInt8](repeating: 0, count: 14)
    return [0x60, 0, 0, 0, UInt8(payload >> 8), UInt8(payload & 255), next, 64] + prefix + [1] + prefix + [2]
  }

  /// 40001 → 7002, sequence 0x01020304, acknowledgement 0x0a0b0c0d, PSH and ACK.
  private static func tcp(words: UInt8 = 8) -> [UInt8] {
    [0x9c, 0x41, 0x1b, 0x5a, 1, 2, 3, 4, 10, 11, 12, 13, words << 4, 0x18, 0, 99, 1, 1, 0, 0] + [UInt8](repeating: 1, count: 4 * Int(words) - 20)
  }

  /// 40000 → 7001
  private static func udp(_ length: Int) -> [UInt8] { [0x9c, 0x40, 0x1b, 0x59, UInt8(length >> 8), UInt8(length & 255), 0, 0] }

  private static let segment = "seq 16909060 ack 168496141 flags 24"

  @Test(arguments: [false, true]) func ipv4AndIPv6(isBigEndian: Bool) throws {
    #expect(
      try read(Packet(length: 152, head: Self.ipv4(6, total: 152) + Self.tcp()), isBigEndian: isBigEndian)
        == "6 10.9.0.1:40001 → 10.9.0.2:7002 \(Self.segment) payload 100")
    #expect(
      try read(Packet(length: 128, head: Self.ipv4(17, total: 128) + Self.udp(108)), isBigEndian: isBigEndian)
        == "17 10.9.0.1:40000 → 10.9.0.2:7001 payload 100")
    #expect(
      try read(Packet(ethertype: 0x86dd, length: 172, head: Self.ipv6(6, payload: 132) + Self.tcp()), isBigEndian: isBigEndian)
        == "6 [fd00::1]:40001 → [fd00::2]:7002 \(Self.segment) payload 100")
    #expect(
      try read(Packet(ethertype: 0x86dd, length: 148, head: Self.ipv6(17, payload: 108) + Self.udp(108)), isBigEndian: isBigEndian)
        == "17 [fd00::1]:40000 → [fd00::2]:7001 payload 100")
  }

  @Test func optionsPaddingAndTheBigPackets() throws {
    #expect(
      try read(Packet(length: 160, head: Self.ipv4(6, total: 160, words: 7) + Self.tcp()))
        == "6 10.9.0.1:40001 → 10.9.0.2:7002 \(Self.segment) payload 100")
    // Ethernet's padding is not the packet's.
    #expect(try read(Packet(length: 46, head: Self.ipv4(17, total: 29) + Self.udp(9) + [7])) == "17 10.9.0.1:40000 → 10.9.0.2:7001 payload 1")
    // BIG TCP cannot say its length.
    #expect(
      try read(Packet(length: 100_052, nonlinear: 100_000, head: Self.ipv4(6, total: 0) + Self.tcp()))
        == "6 10.9.0.1:40001 → 10.9.0.2:7002 \(Self.segment) payload 100000")
    // A destination options header, then UDP.
    #expect(
      try read(Packet(ethertype: 0x86dd, length: 156, head: Self.ipv6(60, payload: 116) + [17, 0, 1, 4, 0, 0, 0, 0] + Self.udp(108)))
        == "17 [fd00::1]:40000 → [fd00::2]:7001 payload 100")
    #expect(try read(Packet(length: 84, head: Self.ipv4(1, total: 84) + [8, 0, 1, 2])) == "1 10.9.0.1 → 10.9.0.2 payload 64")
  }

  @Test func fragments() throws {
    #expect(
      try read(Packet(length: 1500, head: Self.ipv4(17, total: 1500, fragment: 0x2000) + Self.udp(3000)))
        == "17 10.9.0.1:40000 → 10.9.0.2:7001 payload 1472 fragment 4660 at 0, 1480 bytes and more")
    #expect(
      try read(Packet(length: 1500, head: Self.ipv4(17, total: 1500, fragment: 0x00b9) + Self.udp(3000)))
        == "17 10.9.0.1 → 10.9.0.2 payload 1480 fragment 4660 at 1480, 1480 bytes")
    #expect(
      try read(Packet(ethertype: 0x86dd, length: 148, head: Self.ipv6(44, payload: 108) + [17, 0, 0, 1, 0, 0, 0, 9] + Self.udp(500)))
        == "17 [fd00::1]:40000 → [fd00::2]:7001 payload 92 fragment 9 at 0, 100 bytes and more")
  }

  @Test func tagsOfVLANs() throws {
    let inner = Self.ipv4(17, total: 128) + Self.udp(108)
    #expect(
      try read(Packet(ethertype: 0x8100, length: 132, head: [0, 5, 8, 0] + inner)) == "17 10.9.0.1:40000 → 10.9.0.2:7001 payload 100")
    #expect(
      try read(Packet(ethertype: 0x88a8, length: 136, head: [0, 5, 0x81, 0, 0, 6, 8, 0] + inner))
        == "17 10.9.0.1:40000 → 10.9.0.2:7001 payload 100")
  }

  @Test(arguments: [false, true]) func whatIsSentBeginsWithTheLink(isBigEndian: Bool) throws {
    let ethernet = [UInt8](repeating: 2, count: 12) + [8, 0]
    #expect(
      try read(Packet(length: 166, head: ethernet + Self.ipv4(6, total: 152) + Self.tcp(), sentOffset: 14), isBigEndian: isBigEndian)
        == "6 10.9.0.2:7002 → 10.9.0.1:40001 \(Self.segment) payload 100")
    // A tag in the packet, a tunnel device without a link header, and an offset from nowhere.
    let tagged = [UInt8](repeating: 2, count: 12) + [0x81, 0, 0, 5, 8, 0]
    #expect(
      try read(Packet(ethertype: 0x8100, length: 146, head: tagged + Self.ipv4(17, total: 128) + Self.udp(108), sentOffset: 18))
        == "17 10.9.0.2:7001 → 10.9.0.1:40000 payload 100")
    #expect(
      try read(Packet(length: 128, head: Self.ipv4(17, total: 128) + Self.udp(108), sentOffset: 0))
        == "17 10.9.0.2:7001 → 10.9.0.1:40000 payload 100")
    for offset in [-1, .min, .max, 63, 64] as [Int32] {
      #expect(try read(Packet(length: 128, head: Self.ipv4(17, total: 128), sentOffset: offset)) == "0 no flow payload ?")
    }
  }

  @Test func bytesBesideThePacketAreNotRead() throws {
    // Only IP's header is in the packet's own memory; what follows in `head` is something else's.
    let stale = Self.ipv4(17, total: 128) + Self.tcp()
    #expect(try read(Packet(length: 128, nonlinear: 108, head: stale)) == "cut 17 10.9.0.1 → 10.9.0.2 payload 100")
    #expect(try read(Packet(length: 128, nonlinear: 128, head: stale)) == "0 no flow payload ?")
  }

  @Test(arguments: [false, true]) func datagramsOutOfPagesEndWithTheirHeader(isBigEndian: Bool) throws {
    let before = [UInt8](repeating: 0x45, count: 20)
    let inner = Self.ipv4(17, total: 128) + Self.udp(108)
    #expect(
      try read(Packet(head: before + inner, isDatagram: true), isBigEndian: isBigEndian) == "17 10.9.0.1:40000 → 10.9.0.2:7001 payload 100")
    #expect(
      try read(Packet(ethertype: 0x86dd, head: Self.ipv6(17, payload: 108) + Self.udp(108), isDatagram: true), isBigEndian: isBigEndian)
        == "17 [fd00::1]:40000 → [fd00::2]:7001 payload 100")
    // Options of IPv4, or headers behind that of IPv6: where IP begins cannot be known from here.
    #expect(try read(Packet(head: before + [1, 1, 1, 1] + inner.dropFirst(4), isDatagram: true)) == "0 no flow payload ?")
    #expect(
      try read(Packet(ethertype: 0x86dd, head: Self.ipv6(60, payload: 108) + Self.udp(108), isDatagram: true)) == "0 no flow payload ?")
  }

  @Test(arguments: [false, true]) func headersPulledOutOfPagesAreFoundBeforeAndBehindTheData(isBigEndian: Bool) throws {
    let link = [UInt8](repeating: 0x45, count: 40)
    let ipv4 = Self.ipv4(17, total: 128) + Self.udp(108)
    let ipv6 = Self.ipv6(17, payload: 108) + Self.udp(108)
    func read(_ packet: Packet) throws -> String { try self.read(packet, isBigEndian: isBigEndian) }
    // The data begin with IP.
    #expect(
      try read(Packet(length: 128, nonlinear: 100, head: link + ipv4, pulled: (78, 78))) == "17 10.9.0.1:40000 → 10.9.0.2:7001 payload 100")
    #expect(
      try read(Packet(ethertype: 0x86dd, length: 148, nonlinear: 100, head: link + ipv6, pulled: (78, 78)))
        == "17 [fd00::1]:40000 → [fd00::2]:7001 payload 100")
    // They begin with UDP.
    #expect(
      try read(Packet(length: 108, nonlinear: 100, head: link.prefix(20) + ipv4, pulled: (78, 98)))
        == "17 10.9.0.1:40000 → 10.9.0.2:7001 payload 100")
    #expect(
      try read(Packet(ethertype: 0x86dd, length: 108, nonlinear: 100, head: ipv6, pulled: (78, 118)))
        == "17 [fd00::1]:40000 → [fd00::2]:7001 payload 100")
    // UDP's header is still in the page; IP begins nowhere near.
    #expect(try read(Packet(length: 128, nonlinear: 108, head: link + ipv4, pulled: (78, 78))) == "cut 17 10.9.0.1 → 10.9.0.2 payload 100")
    for (network, data) in [(0, 78), (65535, 78), (78, .max), (118 - 40 - 1, 118), (78 + 88, 78)] as [(UInt16, UInt64)] {
      #expect(try read(Packet(length: 128, nonlinear: 100, head: link + ipv4, pulled: (network, data))) == "0 no flow payload ?")
    }
  }

  @Test func aFlowHasAnOtherSide() {
    var flows = FlowTable()
    let (a, b) = (Endpoint(low: 1, port: 10, isIPv6: false), Endpoint(low: 2, port: 20, isIPv6: false))
    let ids = [Flow(local: a, remote: b), Flow(local: a, remote: a), Flow(local: b, remote: b)].map { flows.intern($0) }
    #expect(ids[0].reversed != ids[0] && ids[0].reversed.reversed == ids[0])
    #expect(flows[ids[0].reversed] == Flow(local: b, remote: a))
    #expect(flows.intern(Flow(local: b, remote: a)) == ids[0].reversed)
    #expect(flows.intern(Flow(local: a, remote: b)) == ids[0])
    #expect(ids[1].reversed == ids[1] && ids[2].reversed == ids[2])
    #expect(flows[ids[1]] == Flow(local: a, remote: a) && flows[ids[2]] == Flow(local: b, remote: b))
    #expect(FlowID.none.reversed == .none && Set(ids).count == 3)
  }

  @Test func otherPacketsHaveNoFlow() throws {
    #expect(try read(Packet(ethertype: 0x0806, length: 28, head: [0, 1, 8, 0, 6, 4, 0, 1])) == "0 no flow payload ?")
    #expect(try read(Packet(length: 10, head: Self.ipv4(6, total: 40))) == "0 no flow payload ?")
    #expect(try read(Packet(length: 152, head: [0x44] + Self.ipv4(6, total: 152).dropFirst())) == "0 no flow payload ?")
    #expect(try read(Packet(ethertype: 0x86dd, length: 152, head: Self.ipv4(6, total: 152))) == "0 no flow payload ?")
  }

  @Test func everyCutIsSafe() throws {
    for count in 0..<72 {
      _ = try read(Packet(length: count, head: Self.ipv4(6, total: 152) + Self.tcp()))
      _ = try read(Packet(ethertype: 0x86dd, length: count, head: Self.ipv6(0, payload: 60) + [6, 0, 0, 0, 0, 0, 0, 0] + Self.tcp()))
    }
  }
}
