// Sockets: include/trace/events/sock.h.

/// A socket announces data. Kernels from 7.3 on tell the function it calls, too; that is not read.
public struct SkDataReady: EventView {
  public let body: EventBody
  @inlinable public init(_ body: EventBody) { self.body = body }

  /// The address of the socket; 0 in text, which does not print it.
  @inlinable public var socket: UInt64 { body[Self.socket] }
  /// The address family, as in `Event.AddressFamily`.
  @inlinable public var family: UInt16 { body[Self.family] }
  /// The IP protocol.
  @inlinable public var protocolNumber: UInt16 { body[Self.protocolNumber] }

  @inlinable static var socket: Slot { .first }
  @inlinable static var family: Slot { .second }
  @inlinable static var protocolNumber: Slot { .third }
}

/// A receive or send call ends (class `sock_msg_length`).
public struct SocketCall: EventView {
  public let body: EventBody
  @inlinable public init(_ body: EventBody) { self.body = body }

  /// The address of the socket.
  @inlinable public var socket: UInt64 { body[Self.socket] }
  /// The address family, as in `Event.AddressFamily`.
  @inlinable public var family: UInt16 { body[Self.family] }
  /// The IP protocol.
  @inlinable public var protocolNumber: UInt16 { body[Self.protocolNumber] }
  /// Bytes, or a negative errno.
  @inlinable public var result: Int32 { body[Self.result] }
  /// `MSG_PEEK` and the like (include/linux/socket.h); of calls that receive.
  @inlinable public var flags: Int32 { body[Self.flags] }

  @inlinable static var socket: Slot { .first }
  @inlinable static var family: Slot { .second }
  @inlinable static var protocolNumber: Slot { .third }
  @inlinable static var result: Slot { .fourth }
  @inlinable static var flags: Slot { .fifth }

  fileprivate static var fields: [Field] {
    [
      Field("sk", socket, .address("address = ")), Field("family", family, .symbol(.families, "family = ")),
      Field("protocol", protocolNumber, .symbol(.protocols, "protocol = ")), Field("ret", result, .lengthOrError("length = ", "error = "))
    ]
  }
}

/// The state of a connection changes.
public struct InetSockSetState: EventView {
  public let body: EventBody
  @inlinable public init(_ body: EventBody) { self.body = body }

  /// The address of the socket; 0 in text, which does not print it.
  @inlinable public var socket: UInt64 { body[Self.socket] }
  /// The states before and after, as in `Event.TCPState`.
  @inlinable public var old: Int32 { body[Self.old] }
  @inlinable public var new: Int32 { body[Self.new] }
  /// The IP protocol.
  @inlinable public var protocolNumber: UInt16 { body[Self.protocolNumber] }
  /// The two ends of the connection.
  @inlinable public var flow: FlowID { body[Self.flow] }

  @inlinable static var socket: Slot { .first }
  @inlinable static var old: Slot { .second }
  @inlinable static var new: Slot { .third }
  @inlinable static var protocolNumber: Slot { .fourth }
  @inlinable static var flow: Slot { .fifth }
}

extension Tracepoint {
  static let skDataReady = Tracepoint(
    "sock", "sk_data_ready", .skDataReady,
    fields: [
      Field("skaddr", SkDataReady.socket), Field("family", SkDataReady.family, .number()),
      Field("protocol", SkDataReady.protocolNumber, .number())
    ],
    need: "the socket announces data",
    cost: "the step from a packet to the wakeup it causes is inferred (kernels before 6.3 lack the event)", since: "6.3")

  static let sockRecvLength = Tracepoint(
    "sock", "sock_recv_length", .sockRecvLength, fields: SocketCall.fields + [Field("flags", SocketCall.flags, .number("flags = "))],
    need: "how many bytes a read returned, for which socket",
    cost: "reads have no length, and TCP stream positions are unknown (kernels before 6.3 lack the event)", since: "6.3")

  static let sockSendLength = Tracepoint(
    "sock", "sock_send_length", .sockSendLength, fields: SocketCall.fields, need: "the application sends",
    cost: "journeys of sent packets begin at the queue (kernels before 6.3 lack the event)", since: "6.3")

  static let inetSockSetState = Tracepoint(
    "sock", "inet_sock_set_state", .inetSockSetState,
    fields: [
      Field("skaddr", InetSockSetState.socket), Field("protocol", InetSockSetState.protocolNumber, .symbol(.protocols)),
      Field("flow", InetSockSetState.flow, .inetAddresses, form: .inetAddresses),
      Field("oldstate", InetSockSetState.old, .neededSymbol(.tcpStates)), Field("newstate", InetSockSetState.new, .neededSymbol(.tcpStates))
    ],
    need: "connections come and go: a socket's address gets and loses its meaning",
    cost: "a socket whose memory is used again may be taken for the old one")
}

extension EventBody {
  /// What `sock:sk_data_ready` says.
  public static func skDataReady(socket: UInt64, family: UInt16, protocol number: UInt16) -> EventBody {
    EventBody(.skDataReady).with(SkDataReady.socket, socket).with(SkDataReady.family, family).with(SkDataReady.protocolNumber, number)
  }
  /// What `sock:sock_recv_length` says.
  public static func sockRecvLength(socket: UInt64, family: UInt16, protocol number: UInt16, result: Int32, flags: Int32) -> EventBody {
    call(.sockRecvLength, socket, family, number, result).with(SocketCall.flags, flags)
  }
  /// What `sock:sock_send_length` says.
  public static func sockSendLength(socket: UInt64, family: UInt16, protocol number: UInt16, result: Int32) -> EventBody {
    call(.sockSendLength, socket, family, number, result)
  }
  /// What `sock:inet_sock_set_state` says.
  public static func inetSockSetState(socket: UInt64, old: Int32, new: Int32, protocol number: UInt16, flow: FlowID) -> EventBody {
    EventBody(.inetSockSetState).with(InetSockSetState.socket, socket).with(InetSockSetState.old, old).with(InetSockSetState.new, new)
      .with(InetSockSetState.protocolNumber, number).with(InetSockSetState.flow, flow)
  }

  private static func call(_ kind: Kind, _ socket: UInt64, _ family: UInt16, _ number: UInt16, _ result: Int32) -> EventBody {
    EventBody(kind).with(SocketCall.socket, socket).with(SocketCall.family, family).with(SocketCall.protocolNumber, number)
      .with(SocketCall.result, result)
  }
}

extension Event {
  /// What `sock:sk_data_ready` says.
  @inlinable public var skDataReady: SkDataReady { SkDataReady(body) }
  /// What `sock:sock_recv_length` says.
  @inlinable public var sockRecvLength: SocketCall { SocketCall(body) }
  /// What `sock:sock_send_length` says.
  @inlinable public var sockSendLength: SocketCall { SocketCall(body) }
  /// What `sock:inet_sock_set_state` says.
  @inlinable public var inetSockSetState: InetSockSetState { InetSockSetState(body) }
}
