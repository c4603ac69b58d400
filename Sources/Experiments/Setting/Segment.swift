/// An Ethernet frame that holds a TCP segment over IPv4, as a packet socket reads it.
struct Segment {
  private(set) var frame: [UInt8]
  private let network = 14
  private let transport: Int
  private let end: Int

  /// TCP's flags as they stand in the header.
  struct Flags: OptionSet, Hashable {
    let rawValue: UInt8
    static let fin = Flags(rawValue: 0x01)
    static let syn = Flags(rawValue: 0x02)
    static let rst = Flags(rawValue: 0x04)
    static let push = Flags(rawValue: 0x08)
    static let ack = Flags(rawValue: 0x10)
  }

  /// nil if `frame` holds something else.
  init?(_ frame: [UInt8]) {
    guard frame.count >= 14 + 20, frame[12] == 0x08, frame[13] == 0x00, frame[14] >> 4 == 4, frame[23] == 6 else { return nil }
    transport = 14 + Int(frame[14] & 15) * 4
    end = 14 + (Int(frame[16]) << 8 | Int(frame[17]))
    guard end <= frame.count, transport + 20 <= end, transport + Int(frame[transport + 12] >> 4) * 4 <= end else { return nil }
    self.frame = Array(frame[..<end])
  }

  var flags: Flags { Flags(rawValue: frame[transport + 13] & 0x1f) }

  /// Bytes of data.
  var payload: Int { end - transport - Int(frame[transport + 12] >> 4) * 4 }

  /// Ports, sequence and acknowledgement numbers, flags and length: what a segment that is sent again has in common with the first.
  var identity: [UInt8] { Array(frame[transport..<(transport + 14)]) + [UInt8(truncatingIfNeeded: payload), UInt8(truncatingIfNeeded: payload >> 8)] }

  mutating func clearPush() { frame[transport + 13] &= ~Flags.push.rawValue }

  /// Fills in TCP's checksum, which a sender leaves to its device; a packet socket sees it before the device.
  mutating func fillChecksum() {
    frame[transport + 16] = 0
    frame[transport + 17] = 0
    let sum = checksum
    frame[transport + 16] = UInt8(sum >> 8)
    frame[transport + 17] = UInt8(sum & 0xff)
  }

  /// What the checksum over addresses, protocol, length and segment comes to; 0 over a segment whose own is right.
  var checksum: UInt16 {
    var sum = UInt32(6) + UInt32(end - transport)
    func add(_ bytes: ArraySlice<UInt8>) {
      for (index, byte) in bytes.enumerated() { sum += index % 2 == 0 ? UInt32(byte) << 8 : UInt32(byte) }
    }
    add(frame[(network + 12)..<(network + 20)])
    add(frame[transport..<end])
    while sum > 0xffff { sum = sum & 0xffff + sum >> 16 }
    return ~UInt16(sum)
  }
}
