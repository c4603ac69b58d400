internal import DequeModule

/// One place where packets are processed one after another: the soft interrupt of a CPU, or a task that works off a socket's backlog.
struct ProcessingContext {
  /// Delivered and not yet seen in a protocol, in order.
  var pending = Deque<PacketRef>()
  /// The packet the protocols are at.
  var current = PacketRef.none
  /// Whether a packet was sent while it was at `current`.
  var hasAnswered = false
  /// Packets whose data TCP coalesced with those of `current` while they waited in the socket's backlog.
  var coalesced: [PacketRef] = []
  /// Packets that order alone has joined to their sockets, since the last packet that an event named.
  var byOrder: [PacketRef] = []
  /// The socket of the segment that is processed, if its packet is not known, or 0.
  var unknownSegmentSocket: UInt64 = 0
  /// The packet that was freed while it was processed: UDP has cut it into datagrams if a socket announces data next.
  var segmented = PacketRef.none
  /// The sockets that have announced data of `current`, if there are several.
  var reached: [UInt64] = []
  /// Set right after an event of `current` that may be followed by the wakeups it causes; any other network event clears it.
  var mayWake = false
  /// Whether sk_data_ready was that event.
  var isReady = false
  /// Whether the packets that wait were delivered one by one, each to its end, through a bridge.
  var isSerial = false
  /// The packet between GRO entry and exit.
  var inGRO = PacketRef.none
  /// Whether a packet that left GRO inside this call has counted the frame that is in it.
  var isCounted = false
  /// The packet that netif_rx just put into the backlog.
  var inBacklog = PacketRef.none

  /// Whether there is nothing in it that the end of a batch would change.
  var isAtRest: Bool {
    current == .none && pending.isEmpty && !mayWake && !isSerial && coalesced.isEmpty && byOrder.isEmpty && unknownSegmentSocket == 0
      && segmented == .none
  }
}

/// A packet whose batch is processed and that showed nothing.
struct ParkedPacket {
  var packet: PacketRef
  /// When its batch was, in nanoseconds.
  var time: UInt64
}

/// What GRO holds on one CPU.
struct GROState {
  /// Heads of flows.
  var held: [PacketRef] = []
  /// Frames merged into one of several heads.
  var mergedFrames = 0
}

/// What the events of a recording can tell of sockets and tasks.
struct SocketVisibility {
  /// Whether sockets announce data by an event (kernel 6.3 and later); before, wakeups go by order alone.
  var hasDataReady: Bool
  /// Whether a probe tells when sockets announce data, on kernels that have no event for it.
  var hasReadable: Bool
  /// Whether the stacks of wakeups tell which of them announce data; announcements that wake nobody are not seen.
  var hasStacks = false
  /// Whether receive calls tell their result (kernel 6.3 and later); before, each copy that tcp_rcv_space_adjust follows is a read.
  var hasReceiveLength: Bool
  /// Whether events say in which context they were written.
  var hasContext: Bool
}
