// Sockets without room: include/trace/events/sock.h.

/// A packet reached a socket whose receive queue is full, and is dropped (`__sock_queue_rcv_skb`, net/core/sock.c): sockets of ping, raw,
/// netlink and packet filters. TCP and UDP have queues of their own making.
public struct SockRcvqueueFull: EventView {
  public let body: EventBody
  @inlinable public init(_ body: EventBody) { self.body = body }

  /// Bytes of memory that wait in the queue.
  @inlinable public var allocated: Int32 { body[Self.allocated] }
  /// Bytes of memory that the packet takes, its sk_buff among them.
  @inlinable public var truesize: UInt32 { body[Self.truesize] }
  /// Bytes that may wait (SO_RCVBUF).
  @inlinable public var limit: Int32 { body[Self.limit] }

  @inlinable static var allocated: Slot { .first }
  @inlinable static var truesize: Slot { .second }
  @inlinable static var limit: Slot { .third }
}

extension Tracepoint {
  static let sockRcvqueueFull = Tracepoint(
    "sock", "sock_rcvqueue_full", .sockRcvqueueFull,
    fields: [
      Field("rmem_alloc", SockRcvqueueFull.allocated, .number()), Field("truesize", SockRcvqueueFull.truesize, .number()),
      Field("sk_rcvbuf", SockRcvqueueFull.limit, .number())
    ],
    need: "a socket has no room for a packet that reached it", cost: "sockets of ping and raw that are read too slowly show by their drops only")
}

extension EventBody {
  /// What `sock:sock_rcvqueue_full` says.
  public static func sockRcvqueueFull(allocated: Int32, truesize: UInt32, limit: Int32) -> EventBody {
    EventBody(.sockRcvqueueFull).with(SockRcvqueueFull.allocated, allocated).with(SockRcvqueueFull.truesize, truesize)
      .with(SockRcvqueueFull.limit, limit)
  }
}

extension Event {
  /// What `sock:sock_rcvqueue_full` says.
  @inlinable public var sockRcvqueueFull: SockRcvqueueFull { SockRcvqueueFull(body) }
}
