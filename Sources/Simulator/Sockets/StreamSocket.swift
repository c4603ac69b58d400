internal import Events

/// A TCP connection between two ends, each in this machine or beyond the wire.
final class Connection {
  let number: Int
  /// The ends that are sockets of this machine; side 0 connects, side 1 listens.
  var sockets: [StreamSocket?] = [nil, nil]
  var listener: Listener?
  /// The end beyond the wire.
  var peer: Peer?
  /// The devices by which each end sends.
  let devices: [Device]
  let flows: [FlowID]
  /// Packets that wait for a socket's lock at most.
  var backlogLimit = 1000

  init(number: Int, devices: [Device], flows: [FlowID]) {
    self.number = number
    self.devices = devices
    self.flows = flows
  }
}

/// A listening socket.
final class Listener {
  let address: UInt64
  var accepted: [StreamSocket] = []
  let waiters = Waiters(isExclusive: true)

  init(address: UInt64) { self.address = address }
}

/// One TCP socket.
final class StreamSocket {
  /// `enum` in include/net/tcp_states.h
  enum State: Int32 {
    case established = 1
    case synSent = 2
    case synReceived = 3
    case finWait1 = 4
    case finWait2 = 5
    case close = 7
    case closeWait = 8
    case lastACK = 9
    case listen = 10
  }

  let address: UInt64
  let cookie: UInt64
  let connection: Connection
  let side: Int
  var state: State
  /// The task that holds the lock (lock_sock), and the CPU that spins on it (bh_lock_sock).
  var owner: Task?
  var holder: CPU?
  /// What arrived while a task held the lock.
  var backlog: [Packet] = []
  /// The receive queue.
  var queue: [QueuedData] = []
  var outOfOrder: [Packet] = []
  /// Those whose data wait, and whether some of the data were not announced.
  var unread: [ReceivedTruth] = []
  var isOrderHidden = false
  /// Bytes that were accepted, read, sent and acknowledged.
  var accepted = 0
  var read = 0
  var sent = 0
  var acknowledged = 0
  var account = StreamAccount()
  /// Bytes that may be under way unacknowledged.
  var sendLimit = 1_000_000
  /// SO_RCVLOWAT
  var lowWater = 1
  var hasReceivedFIN = false
  var hasSentFIN = false
  var isACKDelayed = false
  /// An ACK that waits for the lock's release.
  var isACKDeferred = false
  let waiters = Waiters()
  /// Tasks that wait for room to send.
  let writers = Waiters()

  init(address: UInt64, cookie: UInt64, _ connection: Connection, side: Int, _ state: State) {
    self.address = address
    self.cookie = cookie
    self.connection = connection
    self.side = side
    self.state = state
  }

  /// Data came without an announcement: until all are read, nothing shows the order of what waits and of what comes.
  func hideOrder() {
    isOrderHidden = true
    for truth in unread { truth.isOrderHidden = true }
  }

  /// A call has read.
  func noteRead() {
    unread.removeAll { $0.outcome != nil }
    if unread.isEmpty { isOrderHidden = false }
  }

  var available: Int { accepted - read }
  var isReadable: Bool { available >= lowWater || hasReceivedFIN }
  /// Whether a task may hand over more bytes to send.
  var mayWriteAgain: Bool { sent - acknowledged < sendLimit }
  var flow: FlowID { connection.flows[side] }
}

/// A packet in the receive queue, with the packets whose data joined it.
struct QueuedData {
  let packet: Packet
  var from: Int
  var to: Int
  var isFIN: Bool
  /// Whose data it holds, with the end of each.
  var parts: [(truth: ReceivedTruth, end: Int)]
}

extension CPU {
  /// inet_sock_set_state
  func change(_ socket: StreamSocket, to state: StreamSocket.State, from old: StreamSocket.State? = nil) {
    let old = old ?? socket.state
    socket.state = state
    emit(
      .inetSockSetState(
        socket: socket.address, old: old.rawValue, new: state.rawValue, protocol: Event.IPProtocol.tcp, flow: socket.flow))
    if state == .close { run({ $0.emit(.tcpDestroySock(socket: socket.address, cookie: socket.cookie)) }) }
  }

  /// lock_sock
  func lock(_ socket: StreamSocket) {
    run({ cpu in
      if socket.holder != nil || socket.owner != nil { cpu.lock(socket) } else { socket.owner = cpu.current }
    })
  }

  /// release_sock: what arrived meanwhile is processed first, by the task.
  func release(_ socket: StreamSocket) {
    run(
      { $0.processBacklog(of: socket) },
      { cpu in
        guard socket.isACKDeferred else { return }
        socket.isACKDeferred = false
        cpu.acknowledge(socket, for: nil)
      },
      { cpu in
        if socket.backlog.isEmpty { socket.owner = nil } else { cpu.release(socket) }
      })
  }

  /// __release_sock
  func processBacklog(of socket: StreamSocket) {
    guard !socket.backlog.isEmpty else { return }
    let packet = socket.backlog.removeFirst()
    run({ $0.process(packet, socket, isBacklog: true) }, { $0.processBacklog(of: socket) })
  }

  /// Sends an ACK.
  func acknowledge(_ socket: StreamSocket, for truth: ReceivedTruth?) {
    socket.isACKDelayed = false
    let segment = socket.segment(from: socket.sent, to: socket.sent)
    transmit(allocate(segment.headers, .tcp(segment)), via: socket.connection.devices[socket.side], answering: truth)
  }
}

extension StreamSocket {
  /// A segment of what this socket sends.
  func segment(from: Int, to: Int, isFIN: Bool = false) -> Segment {
    Segment(
      connection: connection, side: 1 - side, from: from, to: to, isFIN: isFIN, isPushed: to > from, acknowledges: accepted,
      acknowledgesFIN: hasReceivedFIN)
  }
}
