/// What differs between kernel generations, as far as a trace shows it.
public struct Kernel: Sendable {
  /// The release, as uname says it.
  public let release: String
  /// sk_data_ready, sock_send_length and sock_recv_length exist (6.3 and later).
  public let hasDataReady: Bool
  /// tcp_probe names the packet and the socket (6.12).
  public let probeNamesPacket: Bool
  /// net_rx_action does not raise NET_RX for what is scheduled while it runs (6.4 and later).
  public let schedulesSilentlyInNetRX: Bool
  /// Interrupt exits leave soft interrupts to a runnable ksoftirqd (up to 6.4).
  public let leavesWorkToKsoftirqd: Bool
  /// A UDP datagram is freed without consume_skb by a reader on the CPU that allocated it, and later otherwise (6.18).
  public let freesDatagramsSilently: Bool

  /// Debian 12's kernel.
  public static let v6_1 = Kernel(
    release: "6.1.0", hasDataReady: false, probeNamesPacket: false, schedulesSilentlyInNetRX: false, leavesWorkToKsoftirqd: true,
    freesDatagramsSilently: false)
  /// A kernel whose tcp_probe names neither packet nor socket.
  public static let v6_6 = Kernel(
    release: "6.6.0", hasDataReady: true, probeNamesPacket: false, schedulesSilentlyInNetRX: true, leavesWorkToKsoftirqd: false,
    freesDatagramsSilently: false)
  /// Debian's backport for 12, and the layout of the simulator's recordings.
  public static let v6_12 = Kernel(
    release: "6.12.0", hasDataReady: true, probeNamesPacket: true, schedulesSilentlyInNetRX: true, leavesWorkToKsoftirqd: false,
    freesDatagramsSilently: false)
  /// The kernel with per-node UDP queues.
  public static let v6_18 = Kernel(
    release: "6.18.0", hasDataReady: true, probeNamesPacket: true, schedulesSilentlyInNetRX: true, leavesWorkToKsoftirqd: false,
    freesDatagramsSilently: true)

  /// By the name that the command line takes.
  public static let all: [String: Kernel] = ["6.1": v6_1, "6.6": v6_6, "6.12": v6_12, "6.18": v6_18]
}
