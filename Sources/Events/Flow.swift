/// One end of a flow: an IPv4 or IPv6 address and a port.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
  /// The address as two big-endian words; IPv4 in the low 32 bits of `low`.
  public var high: UInt64
  public var low: UInt64
  public var port: UInt16
  public var isIPv6: Bool

  public init(high: UInt64 = 0, low: UInt64, port: UInt16, isIPv6: Bool) {
    self.high = high
    self.low = low
    self.port = port
    self.isIPv6 = isIPv6
  }

  /// `10.9.0.1:40000` or `[fe80::1]:40000`; an address alone where the protocol has no ports.
  public var description: String { port == 0 ? address : isIPv6 ? "[\(address)]:\(port)" : "\(address):\(port)" }

  /// The address without the port. An IPv4 address in an IPv6 socket (`::ffff:a.b.c.d`) is written as IPv4.
  public var address: String {
    guard isIPv6 else { return Self.dotted(low) }
    let groups = (0..<8).map { index in UInt16(truncatingIfNeeded: (index < 4 ? high : low) >> (48 - 16 * UInt64(index % 4))) }
    var best = 0..<0
    var start = 0
    while start < 8 {
      var end = start
      while end < 8, groups[end] == 0 { end += 1 }
      if end - start > max(best.count, 1) { best = start..<end }
      start = max(end, start + 1)
    }
    func join(_ part: ArraySlice<UInt16>) -> String { part.map { String($0, radix: 16) }.joined(separator: ":") }
    return best.isEmpty ? join(groups[...]) : join(groups[..<best.lowerBound]) + "::" + join(groups[best.upperBound...])
  }

  private static func dotted(_ address: UInt64) -> String {
    [24, 16, 8, 0].map { String((address >> UInt64($0)) & 255) }.joined(separator: ".")
  }
}

/// The two ends of a connection, seen from the recorded machine.
public struct Flow: Hashable, Sendable {
  public var local: Endpoint
  public var remote: Endpoint

  public init(local: Endpoint, remote: Endpoint) {
    self.local = local
    self.remote = remote
  }

  /// The same connection, seen from its other end.
  var reversed: Flow { Flow(local: remote, remote: local) }
}

extension FlowID {
  /// The same connection, seen from its other end.
  public var reversed: FlowID { self == .none || index & Self.hasOneEnd != 0 ? self : FlowID(index: index ^ 1) }

  /// Set where both ends are the same.
  static let hasOneEnd: Int32 = 1 << 30

  /// Where the flow stands in its table.
  fileprivate var place: Int { Int(index & ~Self.hasOneEnd) &- 2 }
}

/// The flows of one recording, each kept once.
public struct FlowTable: Sendable {
  /// Both directions of each, side by side; the ids of the first begin at 2.
  private var flows: [Flow] = []
  private var ids: [Flow: FlowID] = [:]
  /// The flows met last, each at the place its ports choose.
  private var recent = [FlowID](repeating: .none, count: 64)

  public init() {}

  /// The flow that `id` stands for, or nil for `none`.
  public subscript(id: FlowID) -> Flow? { id == .none ? nil : flows[id.place] }

  /// The id of `flow`.
  public mutating func intern(_ flow: Flow) -> FlowID {
    let place = Int((flow.local.port ^ flow.remote.port) & 63)
    let last = recent[place]
    if last != .none, flows[last.place] == flow { return last }
    let id = ids[flow] ?? add(flow)
    recent[place] = id
    return id
  }

  private mutating func add(_ flow: Flow) -> FlowID {
    let reversed = flow.reversed
    flows.append(flow)
    flows.append(reversed)
    let id = FlowID(index: Int32(truncatingIfNeeded: flows.count) | (flow == reversed ? FlowID.hasOneEnd : 0))
    ids[reversed] = id.reversed
    ids[flow] = id
    return id
  }
}
