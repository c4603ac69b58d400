internal import Events

/// A task that reads from a socket, by the event that tells of it, with what it has copied and freed in the call.
struct Reader {
  let event: Event
  let task: Int
  let comm: NameID
  /// The copies of the call so far.
  let copies: [Copy]
  /// The packet it freed last in the call.
  let freed: FreedPacket?
  /// When it last got a CPU.
  let switchedIn: StageMark?
  /// Whether the recording has its scheduling.
  let isWatched: Bool
  /// The socket's address, if the packet's journey does not have it yet.
  let socket: UInt64
  /// Whether the call is joined to the socket by order only.
  let isOrdered: Bool
  /// Whether the call takes data without a copy.
  let isSplice: Bool

  init(_ event: Event, task: Int, _ tasks: borrowing TaskTracker, socket: UInt64 = 0, isOrdered: Bool = false, isSplice: Bool = false) {
    self.isSplice = isSplice
    self.event = event
    self.task = task
    self.socket = socket
    self.isOrdered = isOrdered
    comm = tasks.comm(of: task)
    copies = tasks.copies(of: task)
    freed = tasks.freed(by: task)
    switchedIn = tasks.switchedIn(task)
    isWatched = tasks.isWatched(comm)
  }

  /// Who reads.
  var identity: Journey.Task { Journey.Task(pid: event.pid, comm: comm) }

  /// The copy of this call that brought byte `end` of what the call returned; the call's own end where copies leave no event (splice).
  @inline(__always)
  func mark(covering end: Int64, _ link: Link) -> StageMark {
    var copied: Int64 = 0
    for copy in copies {
      copied += Int64(copy.length)
      if copied >= end { return copy.mark(link) }
    }
    return isSplice ? StageMark(event, .tcpRcvSpaceAdjust, .inferred) : StageMark(event, .sockRecvLength, link)
  }
}

/// What sock_recv_length tells of a receive call.
struct ReceiveResult {
  /// The address of the socket.
  var socket: UInt64
  var family: UInt16
  var protocolNumber: UInt16
  /// Bytes, or the negative number of an error.
  var result: Int32
  /// `MSG_…` (include/linux/socket.h).
  var flags: Int32

  /// Whether it may have taken data of IP out of the socket's queue.
  var mayRead: Bool {
    (family == Event.AddressFamily.inet || family == Event.AddressFamily.inet6) && flags & Self.peek == 0 && flags & Self.errorQueue == 0
  }

  /// Whether it found the queue empty (EAGAIN).
  var foundEmpty: Bool { result == -11 }

  private static let peek: Int32 = 0x2
  private static let errorQueue: Int32 = 0x2000
}
