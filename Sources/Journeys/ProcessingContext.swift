internal import DequeModule

/// One place where packets are processed one after another: the soft interrupt of a CPU, or a task that works off a socket's backlog.
struct ProcessingContext {
  /// Delivered and not yet seen in a protocol, in order.
  var pending = Deque<PacketRef>()
  /// The packet the protocols are at.
  var current = PacketRef.none
  /// Packets whose data TCP merged into `current` while they waited in the socket's backlog.
  var mates: [PacketRef] = []
  /// Set right after an event of `current` that may be followed by the wakeups it causes; any other network event clears it.
  var mayWake = false
  /// Whether sk_data_ready was that event.
  var isReady = false
  /// The packet between GRO entry and exit.
  var inGRO = PacketRef.none
  /// The packet that netif_rx just put into the backlog.
  var inBacklog = PacketRef.none
}
