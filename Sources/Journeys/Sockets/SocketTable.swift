internal import BasicContainers
internal import DequeModule
internal import Events

/// A packet in a socket's receive queue and the stream positions of its data.
struct QueuedPacket: Equatable {
  var packet: PacketRef
  /// Bytes of the stream up to the end of this packet (TCP), or the size of the datagram.
  var end: Int64
  /// Whether its place in the stream was guessed from lengths.
  var isGuessed = false
}

/// What is known of one socket's receive queue.
struct SocketState {
  var queue = Deque<QueuedPacket>()
  /// Bytes that TCP took in since the trace began.
  var accepted: Int64 = 0
  /// Bytes that were read since the trace began.
  var consumed: Int64 = 0
  /// Whether the queue was known to be empty at some time since, so that positions are certain.
  var isSynchronised = false
  /// Whether events were lost since positions were certain: data may have come and gone unseen.
  var hasLost = false
  /// Headers of the last data segment, in bytes: IP and TCP with options.
  var headerLength: UInt32?
  /// An announcement whose datagram is not known yet.
  var orphan: Announcement?
  /// A call that read a datagram which had not been announced, and by no event named.
  var earlyRead: (reader: Journey.Task, mark: StageMark, bytes: Int64)?
  /// The connection, where an event has told it.
  var flow = FlowID.none
  /// How many keys of the table mean this socket.
  var keys = 0
  /// TCP's number of one byte of the stream and the byte's position, where packets say their numbers.
  var anchor: (sequence: UInt32, position: Int64)?
  /// Segments that wait for bytes before them, by position.
  var outOfOrder: [EarlyPacket] = []
  /// The packet whose data came last.
  var latest = PacketRef.none
  /// Whether data came behind such as were not announced: which of them stand first in the stream is open until all are read.
  var isOrderOpen = false
}

/// A segment that came before bytes that precede it.
struct EarlyPacket {
  var packet: PacketRef
  var from: Int64
  var end: Int64
  /// Whether TCP put it into one with others.
  var isMerged = false
}

/// The sockets seen, by address.
struct SocketTable: ~Copyable {
  private var index = AddressTable<Int32>()
  private var free: [Int32] = []
  /// Connections that end in this machine.
  private var flows: Set<FlowID> = []
  var sockets = UniqueArray<SocketState>()

  /// Sockets kept at most; beyond, those with nothing queued are forgotten.
  private static let limit = 65_536

  /// The index of the socket at `address`, which is added if it is new.
  mutating func find(_ address: UInt64) -> Int {
    if let known = index[address] { return Int(known) }
    if index.count >= Self.limit { forgetIdle() }
    let slot = free.popLast() ?? Int32(truncatingIfNeeded: sockets.count)
    if Int(slot) == sockets.count { sockets.append(SocketState()) } else { sockets[Int(slot)] = SocketState() }
    index[address] = slot
    sockets[Int(slot)].keys = 1
    return Int(slot)
  }

  /// `alias` means the socket at `address` from here; what was known under `alias` alone is forgotten.
  mutating func join(_ alias: UInt64, to address: UInt64) {
    guard alias != 0, let slot = index[address], index[alias] != slot else { return }
    remove(alias)
    index[alias] = slot
    sockets[Int(slot)].keys += 1
  }

  /// The connection of the socket at `index` is `flow`.
  @inline(__always)
  mutating func name(_ index: Int, _ flow: FlowID) {
    guard sockets[index].flow != flow else { return }
    sockets[index].flow = flow
    if flows.count >= Self.limit { flows.removeAll(keepingCapacity: true) }
    if flow != .none { flows.insert(flow) }
  }

  /// Whether a socket of this machine had the connection `flow`, which then is not forwarded.
  func isOurs(_ flow: FlowID) -> Bool { flows.contains(flow) }

  /// The index of the socket at `address`, or nil.
  func known(_ address: UInt64) -> Int? { index[address].map(Int.init) }

  /// The socket is gone; its address may be used for another.
  mutating func remove(_ address: UInt64) {
    guard let slot = index.removeValue(forKey: address) else { return }
    sockets[Int(slot)].keys -= 1
    guard sockets[Int(slot)].keys <= 0 else { return }
    sockets[Int(slot)] = SocketState()
    free.append(slot)
  }

  /// Whatever is queued may be read unseen from here.
  mutating func forgetQueues() {
    for index in sockets.indices {
      sockets[index].queue.removeAll(keepingCapacity: true)
      sockets[index].outOfOrder.removeAll()
      sockets[index].isSynchronised = false
    }
  }

  private mutating func forgetIdle() {
    for (address, slot) in index.all where sockets[Int(slot)].queue.isEmpty { remove(address) }
  }
}
