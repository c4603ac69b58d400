internal import Bytes

/// A word of trace text of up to 16 bytes, kept as two machine words so that it is compared in two steps.
struct TextKey: ExpressibleByStringLiteral {
  private var low: UInt64 = 0
  private var high: UInt64 = 0
  private var lowMask: UInt64 = 0
  private var highMask: UInt64 = 0
  let count: Int

  init(stringLiteral text: StaticString) { self.init(text.bytes, count: text.utf8CodeUnitCount) }

  init(_ text: String) { self.init(Array(text.utf8), count: text.utf8.count) }

  private init(_ bytes: some Sequence<UInt8>, count: Int) {
    self.count = count
    precondition(count <= 16, "a key has up to 16 bytes")
    for (index, byte) in bytes.enumerated() {
      let shift = UInt64(8 * (index % 8))
      if index < 8 { low |= UInt64(byte) << shift } else { high |= UInt64(byte) << shift }
      if index < 8 { lowMask |= 0xff << shift } else { highMask |= 0xff << shift }
    }
  }

  /// Whether the word stands at `offset` of `text`.
  @inline(__always)
  func stands(in text: RawSpan, at offset: Int) -> Bool {
    text.word(at: offset) & lowMask == low && (highMask == 0 || text.word(at: offset &+ 8) & highMask == high)
  }

  /// The offset behind the word's first appearance in `text` from `start` on, at the beginning or after a space; nil if there is none.
  func first(in text: RawSpan, from start: Int) -> Int? {
    var at = start
    if at > 0, text.byte(at: at &- 1) != 32 {
      guard let space = text.firstIndex(of: 32, from: at) else { return nil }
      at = space &+ 1
    }
    while at <= text.byteCount &- count {
      if stands(in: text, at: at) { return at &+ count }
      guard let space = text.firstIndex(of: 32, from: at) else { return nil }
      at = space &+ 1
    }
    return nil
  }

  /// The offset of the word's last appearance in `text` before `end`; nil if there is none.
  func last(in text: RawSpan, before end: Int) -> Int? {
    var at = min(end, text.byteCount) &- count
    while at >= 0 {
      if stands(in: text, at: at) { return at }
      at &-= 1
    }
    return nil
  }
}

/// Names that an event prints for numbers (`__print_symbolic`).
struct TextSymbols {
  private let rows: [(name: TextKey, value: Int64)]

  init(_ rows: [(name: TextKey, value: Int64)]) { self.rows = rows }

  /// The number whose name is all of `text`.
  func value(of text: RawSpan) -> Int64? {
    for row in rows where row.name.count == text.byteCount && row.name.stands(in: text, at: 0) { return row.value }
    return nil
  }

  static let families = TextSymbols([("AF_INET", 2), ("AF_INET6", 10), ("AF_UNIX", 1)])

  static let protocols = TextSymbols([
    ("IPPROTO_TCP", 6), ("IPPROTO_UDP", 17), ("IPPROTO_ICMP", 1), ("IPPROTO_ICMPV6", 58), ("IPPROTO_DCCP", 33), ("IPPROTO_SCTP", 132),
    ("IPPROTO_MPTCP", 262)
  ])

  static let tcpStates = TextSymbols([
    ("TCP_ESTABLISHED", 1), ("TCP_SYN_SENT", 2), ("TCP_SYN_RECV", 3), ("TCP_FIN_WAIT1", 4), ("TCP_FIN_WAIT2", 5), ("TCP_TIME_WAIT", 6),
    ("TCP_CLOSE", 7), ("TCP_CLOSE_WAIT", 8), ("TCP_LAST_ACK", 9), ("TCP_LISTEN", 10), ("TCP_CLOSING", 11), ("TCP_NEW_SYN_RECV", 12)
  ])
}
