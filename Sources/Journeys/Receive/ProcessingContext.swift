internal import DequeModule

/// One place where packets are processed one after another: the soft interrupt of a CPU, or a task that works off a socket's backlog.
struct ProcessingContext {
  /// Delivered and not yet seen in a protocol, in order.
  var pending = Deque<PacketRef>()
  /// The packet the protocols are at.
  var current = PacketRef.none
  /// Whether a packet was sent while it was at `current`.
  var hasAnswered = false
  /// Packets whose data TCP merged into `current` while they waited in the socket's backlog.
  var mates: [PacketRef] = []
  /// Packets that order alone has joined to their sockets, since the last packet that an event named.
  var byOrder: [PacketRef] = []
  /// The socket of the segment that is processed, if its packet is not known, or 0.
  var strangersSocket: UInt64 = 0
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
  /// The buffer that the driver has just taken back from the NIC: since when the NIC had it, if that was seen, and until when.
  var claimed: (posted: StageMark?, mark: StageMark)?
  /// Whether there is nothing in it that the end of a batch would change.
  var isAtRest: Bool {
    current == .none && pending.isEmpty && !mayWake && !isSerial && mates.isEmpty && byOrder.isEmpty && strangersSocket == 0
  }

  /// The packet whose driver function runs.
  var transmitting = PacketRef.none
}
