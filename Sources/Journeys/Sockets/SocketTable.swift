internal import BasicContainers
internal import Events

/// What is known of one socket.
struct Socket {
  /// What TCP has accepted and not given to a reader.
  var stream = StreamQueue()
  /// What UDP, or a raw socket, has.
  var datagrams = DatagramQueue()
  /// The connection, where an event has told it.
  fileprivate(set) var flow = FlowID.none
  /// How many keys of the table mean this socket.
  fileprivate var keys = 0
}

/// The sockets seen, by address or, before 6.12, by cookie, and what is known of connections before their sockets are.
struct SocketTable: ~Copyable {
  private var index = AddressTable<Int32>()
  private var free: [Int32] = []
  private var sockets = UniqueArray<Socket>()
  /// Connections that end in this machine.
  private var flows: Set<FlowID> = []
  /// Sockets of connections that stand, whose cookie tcp_probe has not told yet: before 6.12 it does not tell their address.
  private var established: [FlowID: UInt64] = [:]
  /// TCP's number of the first byte of connections that are asked for.
  private var firstBytes: [FlowID: UInt32] = [:]

  /// Sockets kept at most; beyond, those with nothing queued are forgotten. Where most have something, twice as many are kept before the
  /// next look at all of them, so that each new one costs the same.
  private static let limit = 65_536
  private var room = limit
  /// Connections remembered before their sockets are known.
  private static let connectionLimit = 4096

  /// The socket at `index`.
  subscript(index: Int) -> Socket {
    // Not `_read`: where an element is borrowed through it, the compiler (Swift 6.3.1, optimising) destroys what it has only borrowed.
    @inline(__always) get { sockets[index] }
    @inline(__always) _modify { yield &sockets[index] }
  }

  /// Whether `packet` waits for bytes before it in the stream of the socket at `index`. Asked here: where a borrowed table's element is reached through
  /// the subscript, the compiler (Swift 6.3.1, optimising) destroys what it has borrowed.
  func isOutOfOrder(_ packet: PacketRef, in index: Int) -> Bool { sockets[index].stream.isOutOfOrder(packet) }

  /// The index of the socket at `address`, which is added if it is new.
  mutating func findOrAdd(_ address: UInt64) -> Int {
    if let known = index[address] { return Int(known) }
    if index.count >= room { forgetIdle() }
    let slot = free.popLast() ?? Int32(truncatingIfNeeded: sockets.count)
    if Int(slot) == sockets.count { sockets.append(Socket()) } else { sockets[Int(slot)] = Socket() }
    index[address] = slot
    sockets[Int(slot)].keys = 1
    return Int(slot)
  }

  /// The index of the socket at `address`, or nil.
  func known(_ address: UInt64) -> Int? { index[address].map(Int.init) }

  /// `alias` means the socket at `address` from here; what was known under `alias` alone is forgotten.
  mutating func join(_ alias: UInt64, to address: UInt64) {
    guard alias != 0, let slot = index[address], index[alias] != slot else { return }
    remove(alias)
    index[alias] = slot
    sockets[Int(slot)].keys += 1
  }

  /// The socket is gone; its address may be used for another.
  mutating func remove(_ address: UInt64) {
    guard let slot = index.removeValue(forKey: address) else { return }
    sockets[Int(slot)].keys -= 1
    guard sockets[Int(slot)].keys <= 0 else { return }
    sockets[Int(slot)] = Socket()
    free.append(slot)
  }

  private mutating func forgetIdle() {
    let all = index.all.sorted { ($0.value, $0.key) < ($1.value, $1.key) }
    for (address, slot) in all where sockets[Int(slot)].stream.entries.isEmpty && sockets[Int(slot)].datagrams.isEmpty { remove(address) }
    room = max(Self.limit, 2 * index.count)
  }

  // MARK: connections

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

  /// The connection `flow` stands and belongs to the socket at `address`: nothing is queued, and positions count from here.
  mutating func connect(_ address: UInt64, _ flow: FlowID) {
    let index = findOrAdd(address)
    guard sockets[index].stream.entries.isEmpty, sockets[index].datagrams.isEmpty else { return }
    let keys = sockets[index].keys
    sockets[index] = Socket(stream: StreamQueue(isSynchronised: true), keys: keys)
    if established.count >= Self.connectionLimit { established.removeAll(keepingCapacity: true) }
    if address != 0, flow != .none { established[flow] = address }
  }

  /// `cookie` is that of the socket of `flow`, if the socket is known by its address alone.
  mutating func learnCookie(_ cookie: UInt64, of flow: FlowID) {
    if known(cookie) == nil, let address = established.removeValue(forKey: flow) { join(cookie, to: address) }
  }

  /// A SYN of `flow` says that its first byte is `sequence`.
  mutating func noteFirstByte(_ sequence: UInt32, of flow: FlowID) {
    if firstBytes.count >= Self.connectionLimit { firstBytes.removeAll(keepingCapacity: true) }
    firstBytes[flow] = sequence
  }

  /// The stream of the socket at `address` begins with what the SYN of `flow` told, or else with `sequence`.
  mutating func beginStream(of address: UInt64, _ flow: FlowID, sequence: UInt32) {
    let index = findOrAdd(address)
    guard sockets[index].stream.canBegin else { return }
    sockets[index].stream.begin(at: firstBytes.removeValue(forKey: flow) ?? sequence)
  }

  // MARK: losses

  /// Events were lost.
  mutating func loseEvents() { for index in sockets.indices { sockets[index].stream.loseEvents() } }

  /// Whatever is queued may be read unseen from here.
  mutating func forgetQueues() {
    for index in sockets.indices {
      sockets[index].stream.forgetAll()
      sockets[index].datagrams.forgetAll()
    }
  }
}
