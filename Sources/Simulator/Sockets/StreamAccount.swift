/// What the events of a connection say of its bytes, beside what is true.
struct StreamAccount {
  /// Bytes in tcp_probe events, duplicates among them, and in those of receive calls.
  private(set) var probed = 0
  private var reported = 0
  /// Bytes that waited with the last segment at most and at least, and the least that were announced after the first were read.
  private var waitingAtProbe = 0
  private var surelyWaiting = 0
  private var isCopying = false
  private var leastAnnounced = Int.max
  /// Where the data begin that were not announced, as long as no other segment came.
  private var silentFrom: Int?
  /// Whether such data were read before another segment came: then they were in order, and due to be announced.
  private(set) var hasReadSilence = false
  /// Whether more was read than came.
  private(set) var isOverdrawn = false
  /// Bytes that may have come with the handshake, for all that the events say.
  private static let slack = 100

  /// Bytes that came and that no receive call has reported.
  var waiting: Int { probed - reported }
  /// Whether as many bytes wait as were announced before.
  var isWorthAnnouncing: Bool { surelyWaiting >= leastAnnounced }

  /// tcp_probe
  mutating func take(_ length: Int) {
    guard length > 0 else { return }
    probed += length
    waitingAtProbe = waiting
    surelyWaiting = isCopying ? length : waiting
    silentFrom = nil
  }

  /// sk_data_ready
  mutating func announce() { if reported > 0 { leastAnnounced = min(leastAnnounced, waitingAtProbe) } }

  /// tcp_rcv_space_adjust: a call has copied bytes that it reports when it ends.
  mutating func copy() { isCopying = true }

  /// The last `length` bytes are not announced.
  mutating func keepSilent(_ length: Int) { silentFrom = probed - length }

  /// sock_recv_length
  mutating func read(_ result: Int) {
    reported += max(result, 0)
    if result > 0 { isCopying = false }
    if reported > probed + Self.slack { isOverdrawn = true }
    if let silentFrom, reported > silentFrom + Self.slack { hasReadSilence = true }
  }
}
