import Testing

@testable import Experiments
@testable import Linux

/// Frames and requests as the kernel wants them.
@Suite struct WireTests {
  /// A segment of five bytes with PSH and a time stamp, and the same without PSH, with checksums computed by other means (RFC 1071 over
  /// Python's struct module).
  private static let pushed = bytes(
    "02000057500202000057500108004500003900074000400626080a5700010a5700029c401b59010203040a0b0c0d801801f64a7500000101080a000000050000000668656c6c6f")
  private static let plain = bytes(
    "02000057500202000057500108004500003900074000400626080a5700010a5700029c401b59010203040a0b0c0d801001f64a7d00000101080a000000050000000668656c6c6f")

  private static func bytes(_ hex: String) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = Substring(hex)
    while let byte = UInt8(rest.prefix(2), radix: 16) {
      bytes.append(byte)
      rest = rest.dropFirst(2)
    }
    return bytes
  }

  @Test func takingPushOffChangesNothingElse() throws {
    var segment = try #require(Segment(Self.pushed))
    #expect(segment.flags == [.push, .ack])
    #expect(segment.payload == 5)
    #expect(segment.checksum == 0)
    segment.clearPush()
    #expect(segment.checksum != 0)
    segment.fillChecksum()
    #expect(segment.frame == Self.plain)
    #expect(segment.flags == .ack)
  }

  @Test func paddingBehindThePacketIsLeftOut() throws {
    let segment = try #require(Segment(Self.pushed + [0, 0, 0]))
    #expect(segment.frame == Self.pushed)
    #expect(segment.payload == 5)
  }

  @Test func aSegmentSentAgainIsKnown() throws {
    var again = Self.pushed
    again[19] = 8  // another IP identification
    #expect(try #require(Segment(again)).identity == #require(Segment(Self.pushed)).identity)
    #expect(try #require(Segment(Self.plain)).identity != #require(Segment(Self.pushed)).identity)
  }

  @Test func nothingElseIsASegment() {
    #expect(Segment([]) == nil)
    var udp = Self.pushed
    udp[23] = 17
    #expect(Segment(udp) == nil)
    // Every cut, and lengths that lie: refused or read, never out of bounds.
    for count in 0..<Self.pushed.count { #expect(Segment(Array(Self.pushed[..<count])) == nil) }
    for (place, value) in [(14, UInt8(0x4f)), (17, 0xff), (46, 0xf0)] {
      var bad = Self.pushed
      bad[place] = value
      #expect(Segment(bad) == nil)
    }
  }

  @Test func attributesAreAlignedAndNested() {
    var message = NetlinkMessage([])
    message.attribute(3, name: "ve")
    message.nested(18) { $0.attribute(1, [1, 2, 3, 4, 5]) }
    message.attribute(28, number: 7)
    #expect(
      message.bytes == [
        7, 0, 3, 0, 0x76, 0x65, 0, 0, 16, 0, 18, 0, 9, 0, 1, 0, 1, 2, 3, 4, 5, 0, 0, 0, 8, 0, 28, 0, 7, 0, 0, 0
      ])
    #expect(NetlinkMessage.link(index: 3, isUp: true).bytes == [0, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0])
  }

  @Test func limitsAndTicksAreReadFromProcfs() throws {
    let limits = """
      Limit                     Soft Limit           Hard Limit           Units
      Max cpu time              unlimited            unlimited            seconds
      Max open files            1024                 4096                 files
      """
    #expect(Descriptors.softLimit(inLimits: limits) == 1024)
    #expect(Descriptors.softLimit(inLimits: "Max open files            unlimited            unlimited            files") == nil)
    let before = try #require(ProcessorTimes("cpu  100 0 50 800 10 5 20 0 0 0"))
    let after = try #require(ProcessorTimes("cpu  110 0 60 840 10 5 60 0 0 0"))
    #expect(after.softirqPerMille(since: before) == 400)
    #expect(before.softirqPerMille(since: before) == nil)
    #expect(ProcessorTimes("cpu0 1 2 3 4 5 6 7 8 9 10") == nil)
    #expect(ProcessorTimes("cpu 1 2 3") == nil)
  }
}
