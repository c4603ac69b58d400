// TCP: include/trace/events/tcp.h.

/// TCP takes a segment for a socket.
public struct TCPProbe: EventView {
  public let body: EventBody
  @inlinable public init(_ body: EventBody) { self.body = body }

  /// The addresses of the sk_buff and the socket; 0 before kernel 6.12.
  @inlinable public var skb: UInt64 { body[Self.skb] }
  /// The address of the socket.
  @inlinable public var socket: UInt64 { body[Self.socket] }
  /// The number that the kernel gives a socket for life.
  @inlinable public var cookie: UInt64 { body[Self.cookie] }
  /// The two ends of the connection.
  @inlinable public var flow: FlowID { body[Self.flow] }
  /// Bytes behind the TCP header, as 16 bits.
  @inlinable public var dataLength: UInt32 { body[Self.dataLength] }

  @inlinable static var skb: Slot { .first }
  @inlinable static var socket: Slot { .second }
  @inlinable static var cookie: Slot { .third }
  @inlinable static var flow: Slot { .fourth }
  @inlinable static var dataLength: Slot { .fifth }
}

/// A read comes to its end.
public struct TCPRcvSpaceAdjust: EventView {
  public let body: EventBody
  @inlinable public init(_ body: EventBody) { self.body = body }

  /// The address of the socket; 0 in text, which does not print it.
  @inlinable public var socket: UInt64 { body[Self.socket] }
  /// The number that the kernel gives a socket for life.
  @inlinable public var cookie: UInt64 { body[Self.cookie] }
  /// The two ends of the connection.
  @inlinable public var flow: FlowID { body[Self.flow] }

  @inlinable static var socket: Slot { .first }
  @inlinable static var cookie: Slot { .second }
  @inlinable static var flow: Slot { .third }
}

/// A socket ends.
public struct TCPDestroySock: EventView {
  public let body: EventBody
  @inlinable public init(_ body: EventBody) { self.body = body }

  /// The address of the socket; 0 in text, which does not print it.
  @inlinable public var socket: UInt64 { body[Self.socket] }
  /// The number that the kernel gives a socket for life.
  @inlinable public var cookie: UInt64 { body[Self.cookie] }

  @inlinable static var socket: Slot { .first }
  @inlinable static var cookie: Slot { .second }
}

extension Tracepoint {
  static let tcpProbe = Tracepoint(
    "tcp", "tcp_probe", .tcpProbe,
    fields: [
      Field("flow", TCPProbe.flow, .socketAddresses, form: .socketAddresses),
      Field("data_len", formerly: "length", TCPProbe.dataLength, .number()),
      Field("sock_cookie", TCPProbe.cookie, .address()), Field("skbaddr", TCPProbe.skb, .addressIfPrinted(), since: "6.12"),
      Field("skaddr", TCPProbe.socket, .addressIfPrinted(), since: "6.12")
    ],
    need: "TCP takes a segment for a socket: addresses, ports and length",
    cost: "TCP segments have no flow and their time in the transport is unknown")

  static let tcpRcvSpaceAdjust = Tracepoint(
    "tcp", "tcp_rcv_space_adjust", .tcpRcvSpaceAdjust,
    fields: [
      Field("skaddr", TCPRcvSpaceAdjust.socket), Field("flow", TCPRcvSpaceAdjust.flow, .inetAddresses, form: .inetAddresses),
      Field("sock_cookie", TCPRcvSpaceAdjust.cookie, .address())
    ],
    need: "a TCP read comes to its end", cost: "the end of a TCP read is taken from the copies before it")

  static let tcpDestroySock = Tracepoint(
    "tcp", "tcp_destroy_sock", .tcpDestroySock,
    fields: [Field("skaddr", TCPDestroySock.socket), Field("sock_cookie", TCPDestroySock.cookie, .address())],
    need: "a TCP socket ends", cost: "the end of a socket is known from its state only")
}

extension EventBody {
  /// What `tcp:tcp_probe` says.
  public static func tcpProbe(skb: UInt64, socket: UInt64, cookie: UInt64, flow: FlowID, dataLength: UInt32) -> EventBody {
    EventBody(.tcpProbe).with(TCPProbe.skb, skb).with(TCPProbe.socket, socket).with(TCPProbe.cookie, cookie).with(TCPProbe.flow, flow)
      .with(TCPProbe.dataLength, dataLength)
  }
  /// What `tcp:tcp_rcv_space_adjust` says.
  public static func tcpRcvSpaceAdjust(socket: UInt64, cookie: UInt64, flow: FlowID) -> EventBody {
    EventBody(.tcpRcvSpaceAdjust).with(TCPRcvSpaceAdjust.socket, socket).with(TCPRcvSpaceAdjust.cookie, cookie).with(TCPRcvSpaceAdjust.flow, flow)
  }
  /// What `tcp:tcp_destroy_sock` says.
  public static func tcpDestroySock(socket: UInt64, cookie: UInt64) -> EventBody {
    EventBody(.tcpDestroySock).with(TCPDestroySock.socket, socket).with(TCPDestroySock.cookie, cookie)
  }
}

extension Event {
  /// What `tcp:tcp_probe` says.
  @inlinable public var tcpProbe: TCPProbe { TCPProbe(body) }
  /// What `tcp:tcp_rcv_space_adjust` says.
  @inlinable public var tcpRcvSpaceAdjust: TCPRcvSpaceAdjust { TCPRcvSpaceAdjust(body) }
  /// What `tcp:tcp_destroy_sock` says.
  @inlinable public var tcpDestroySock: TCPDestroySock { TCPDestroySock(body) }
}
