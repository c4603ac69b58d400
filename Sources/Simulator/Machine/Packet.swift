internal import Events
internal import Journeys

/// What a frame carries, as far as the receive path looks at it.
enum Content {
  case tcp(Segment)
  case datagram(port: UInt16, size: Int)
  case echoRequest
  /// An echo's answer or an error message.
  case icmp
  case arp
}

/// A TCP segment. Sequence numbers count the stream's bytes from 0; SYN and FIN are flags beside it.
struct Segment {
  let connection: Connection
  /// The end it goes to.
  let side: Int
  var from: Int
  var to: Int
  var isSYN = false
  var isFIN = false
  /// PSH: GRO passes the flow on.
  var isPushed = false
  /// Bytes of the other direction that are acknowledged; nil in a SYN.
  var acknowledges: Int?
  var acknowledgesFIN = false

  var length: Int { to - from }
  /// IP and TCP headers: with timestamps, and more options in a SYN.
  var headers: Int { isSYN ? 60 : 52 }
}

/// A sk_buff.
final class Packet {
  var address: UInt64
  /// Bytes without the Ethernet header.
  var length: Int
  var content: Content
  var device = ""
  /// The CPU that allocated it; a reader elsewhere gives it back to that CPU.
  unowned var home: CPU
  /// Its life as received packet and those that were merged into it silently, in order.
  var received: [ReceivedTruth] = []
  /// Its life as packet on its way out.
  var sent: SentTruth?
  /// Frames that GRO merged.
  var frames = 1
  /// The largest payload of one frame.
  var segmentSize = 0
  /// The frames that GRO merges while it holds it and others.
  var round: MergeRound?

  init(address: UInt64, length: Int, content: Content, home: CPU) {
    self.address = address
    self.length = length
    self.content = content
    self.home = home
  }
}

/// Addresses of sk_buffs. What was freed last is used first, so an address lives on within microseconds.
final class PacketPool {
  private var free: [UInt64] = []
  private var next: UInt64 = 0xffff_8881_2000_0000
  /// Addresses that are in use, for the machine's own check.
  private var used: Set<UInt64> = []

  func take() -> UInt64 {
    let address = free.popLast() ?? fresh()
    used.insert(address)
    return address
  }

  func give(_ address: UInt64) {
    precondition(used.remove(address) != nil, "a packet is freed once")
    free.append(address)
  }

  private func fresh() -> UInt64 {
    next += 0x100
    return next
  }
}

extension CPU {
  func allocate(_ length: Int, _ content: Content) -> Packet {
    Packet(address: machine.pool.take(), length: length, content: content, home: self)
  }

  /// Frees without an event (`__kfree_skb`, `kfree_skb_partial`).
  func freeSilently(_ packet: Packet) { machine.pool.give(packet.address) }

  /// consume_skb
  func consume(_ packet: Packet, at location: KernelLocation = .deferFlush) {
    let mark = emit(.consumeSkb(skb: packet.address, location: location.address))
    packet.sent?.complete(mark)
    machine.pool.give(packet.address)
  }

  /// kfree_skb: every packet that `packet` stands for is dropped.
  func drop(_ packet: Packet, _ reason: DropReason, at location: KernelLocation) {
    emit(.kfreeSkb(skb: packet.address, location: location.address, reason: reason.rawValue))
    for truth in packet.received { truth.end(.dropped) }
    packet.leaveRound(isWhole: false)
    machine.pool.give(packet.address)
  }
}

/// `enum skb_drop_reason` of 6.12 (include/net/dropreason-core.h).
enum DropReason: Int32 {
  case notSpecified = 2
  case noSocket = 3
  case socketClosed = 4
  case receiveBufferFull = 6
  case socketBacklog = 28
  case oldData = 32
  case cpuBacklog = 61
  case queuePurge = 91

  var name: String {
    switch self {
    case .notSpecified: "NOT_SPECIFIED"
    case .noSocket: "NO_SOCKET"
    case .socketClosed: "SOCKET_CLOSE"
    case .receiveBufferFull: "SOCKET_RCVBUFF"
    case .socketBacklog: "SOCKET_BACKLOG"
    case .oldData: "TCP_OLD_DATA"
    case .cpuBacklog: "CPU_BACKLOG"
    case .queuePurge: "QUEUE_PURGE"
    }
  }

  static let all: [DropReason] = [
    .notSpecified, .noSocket, .socketClosed, .receiveBufferFull, .socketBacklog, .oldData, .cpuBacklog, .queuePurge
  ]
}

/// Kernel functions that free packets, for `location`.
enum KernelLocation: String, CaseIterable {
  case deferFlush = "skb_defer_free_flush"
  case transmitDone = "__free_old_xmit"
  case split = "validate_xmit_skb"
  case listen = "tcp_rcv_state_process"
  case arp = "arp_process"
  case icmp = "icmp_rcv"
  case datagramRead = "udp_recvmsg"
  case udpReceive = "__udp4_lib_rcv"
  case udpQueue = "udp_queue_rcv_one_skb"
  case tcpReceive = "tcp_v4_rcv"
  case tcpData = "tcp_data_queue"
  case backlog = "enqueue_to_backlog"
  case purge = "sk_stream_kill_queues"

  var address: UInt64 {
    0xffff_ffff_8180_0000 + 0x1000 * UInt64(KernelLocation.allCases.firstIndex(of: self) ?? 0) + 0x42
  }
}
