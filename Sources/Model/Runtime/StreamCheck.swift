internal import Events
internal import Journeys

/// R3 and R6: TCP data are announced before they are read, and no more is read than came.
struct StreamCheck: Sendable {
  /// A segment with data that its socket did not announce.
  private struct Silent {
    var packet: Int
    var event: Event
    /// Bytes that TCP had taken in before it.
    var before: Int64
    /// Bytes that were waiting to be read with it, at least.
    var waiting: Int64
    /// Where the socket processed a segment without data behind it.
    var passedOn: Int32?
  }

  /// The account of one connection, from its beginning.
  private struct Account {
    var accepted: Int64 = 0
    var read: Int64 = 0
    /// Bytes that may have come with the handshake, for which there is no tcp_probe.
    var slack: Int64 = 0
    /// Bytes that tcp_probe may have left out, because segments that were coalesced in a backlog are longer than its field counts.
    var wrapped: Int64 = 0
    /// Every segment since the connection began was seen.
    var isWhole = false
    /// A receive call has copied bytes that it will report when it ends.
    var isCopying = false
    /// The least number of waiting bytes that was announced since the first were read, before which programs set SO_RCVLOWAT: it is not more.
    var leastAnnounced = Int64.max
    /// Bytes that waited with the last segment at most.
    var mostWaiting: Int64 = 0
    var silent: Silent?
    var lastPacket = 0
  }

  private var accounts: [UInt64: Account] = [:]
  /// Before 6.12 tcp_probe knows the socket by its cookie only; tcp_rcv_space_adjust knows both.
  private var cookies: [UInt64: UInt64] = [:]
  /// For each CPU the account that tcp_probe named last.
  private var probed: [Int32: UInt64] = [:]
  /// tcp_probe names the socket (6.12), so announcements of another say nothing of it.
  private var namesSockets = false
  private(set) var announcements = RuleCount()
  private(set) var reads = RuleCount()

  /// The places of the two rules in the model, each of which it may lack.
  private let announcing: Int?
  private let reading: Int?
  /// tcp_probe counts the bytes of longer packets wrong, those of BIG TCP: its field has 16 bits.
  private let longestProbed: UInt32
  /// A segment of a handshake has so many bytes of headers; what is longer may be data.
  private let handshakeHeaders: Int64
  /// The number at which tcp_probe's count of bytes begins anew.
  private let countWraps: Int64

  private static let limit = 65_536
  /// IP and TCP headers with all options, in bytes.
  private static let mostHeaders: UInt32 = 120
  private static let synReceived: Int32 = 3
  private static let peek: Int32 = 0x2
  private static let errorQueue: Int32 = 0x2000

  /// The check of `model`'s rules, or nil if it has neither.
  init?(_ model: ReferenceModel) {
    announcing = model.index(of: .announcedData)
    reading = model.index(of: .bytesRead)
    guard announcing != nil || reading != nil else { return nil }
    longestProbed = announcing.map { UInt32(clamping: model.rules[$0].numbers["longest probed packet"]) } ?? .max
    handshakeHeaders = reading.map { Int64(model.rules[$0].numbers["headers of a handshake"]) } ?? 0
    countWraps = reading.map { Int64(model.rules[$0].numbers["a count wraps at"]) } ?? 0
  }

  mutating func observe(_ e: Event, _ engine: borrowing JourneyEngine, _ flagged: inout FlaggedPackets, _ log: inout DeviationLog) {
    switch e.kind {
    case .inetSockSetState:
      let state = e.inetSockSetState
      guard state.protocolNumber == Event.IPProtocol.tcp else { return }
      // A listener announces the connection.
      if state.new == Self.synReceived { probed[e.cpu] = nil }
      change(state.socket, state.old, state.new, engine.packetInHand(e))
    case .tcpProbe:
      let segment = e.tcpProbe
      if segment.socket != 0 { namesSockets = true }
      probe(e, segment.socket != 0 ? segment.socket : segment.cookie, segment.dataLength, engine.packetInHand(e))
    case .skDataReady: if e.skDataReady.protocolNumber == Event.IPProtocol.tcp { announce(e, e.skDataReady.socket) }
    case .tcpRcvSpaceAdjust:
      join(e.tcpRcvSpaceAdjust.socket, e.tcpRcvSpaceAdjust.cookie)
      accounts[key(e.tcpRcvSpaceAdjust.socket)]?.isCopying = true
    case .sockRecvLength:
      let call = e.sockRecvLength
      if call.protocolNumber == Event.IPProtocol.tcp, call.result > 0, call.flags & (Self.peek | Self.errorQueue) == 0 {
        read(e, call.socket, Int64(call.result), &flagged, &log)
      }
    case .tcpDestroySock:
      accounts[e.tcpDestroySock.socket] = nil
      accounts[e.tcpDestroySock.cookie] = nil
      cookies[e.tcpDestroySock.socket] = nil
    case .gap: forget()
    default: break
    }
  }

  /// A connection begins with the change to SYN_RECV or ESTABLISHED; what comes after shutdown() leaves no tcp_probe.
  private mutating func change(_ socket: UInt64, _ old: Int32, _ new: Int32, _ packet: JourneyEngine.PacketInFlight?) {
    guard socket != 0 else { return }
    if new == Event.TCPState.established || new == Self.synReceived {
      if accounts.count >= Self.limit { forget() }
      if old != Self.synReceived {
        accounts[socket] = Account()
        cookies[socket] = nil
      }
      accounts[socket, default: Account()].isWhole = true
      accounts[socket]?.slack += max(Int64(packet?.length ?? 0) - handshakeHeaders, 0)
    } else if old == Event.TCPState.established, new != Self.closeWait {
      accounts[socket]?.isWhole = false
      if let cookie = cookies[socket] { accounts[cookie]?.isWhole = false }
    }
  }

  private static let closeWait: Int32 = 8

  private mutating func join(_ socket: UInt64, _ cookie: UInt64) {
    guard socket != 0, cookie != 0, accounts[cookie] != nil, cookies[socket] != cookie else { return }
    cookies[socket] = cookie
    guard let born = accounts[socket] else { return }
    accounts[cookie]?.isWhole = born.isWhole
    accounts[cookie]?.slack = born.slack
  }

  private func key(_ socket: UInt64) -> UInt64 { cookies[socket] ?? socket }

  private mutating func probe(_ e: Event, _ key: UInt64, _ length: UInt32, _ packet: JourneyEngine.PacketInFlight?) {
    probed[e.cpu] = key
    guard length > 0 else {
      accounts[key]?.silent?.passedOn = e.cpu
      return
    }
    if accounts.count >= Self.limit { forget() }
    var account = accounts[key] ?? Account()
    // The one before stays open: out of order, a duplicate, or too little for SO_RCVLOWAT.
    if account.silent != nil { announcements.excused += 1 }
    if packet?.length ?? 0 > longestProbed { account.isWhole = false }
    let before = account.accepted
    account.accepted += Int64(length)
    // Coalesced in a backlog (`tcp_add_backlog`): it cannot have less than its first segment, so the count has begun anew.
    if e.context == .process, let packet, packet.length > length + Self.mostHeaders { account.wrapped += countWraps }
    account.silent = Silent(
      packet: packet?.id ?? 0, event: e, before: before, waiting: account.isCopying ? Int64(length) : account.accepted - account.read)
    account.mostWaiting = account.accepted - account.read
    account.lastPacket = packet?.id ?? account.lastPacket
    accounts[key] = account
  }

  /// sk_data_ready; text does not print its socket, but it comes right behind tcp_probe on the same CPU.
  private mutating func announce(_ e: Event, _ socket: UInt64) {
    let named = key(socket)
    let isNamed = accounts[named]?.silent != nil || (namesSockets && socket != 0) || cookies[socket] != nil
    guard let key = isNamed ? named : probed[e.cpu] else { return }
    guard var account = accounts[key], let silent = account.silent else { return }
    // What is announced is the FIN, or whatever came last.
    guard silent.passedOn != e.cpu else { return }
    announcements.checked += 1
    account.silent = nil
    if account.read > 0 { account.leastAnnounced = min(account.leastAnnounced, account.mostWaiting) }
    accounts[key] = account
  }

  private mutating func read(
    _ e: Event, _ socket: UInt64, _ bytes: Int64, _ flagged: inout FlaggedPackets, _ log: inout DeviationLog
  ) {
    let key = key(socket)
    guard var account = accounts[key], account.isWhole else {
      reads.excused += 1
      return
    }
    account.read += bytes
    account.isCopying = false
    reads.checked += 1
    if account.read > account.accepted + account.slack + account.wrapped {
      let (read, came) = (account.read, account.accepted)
      if let reading {
        flagged.flag(account.lastPacket, reading)
        log.note(reading, at: e, packets: account.lastPacket > 0 ? [account.lastPacket] : []) {
          ("\(read) bytes had been read from a connection that had taken in \(came)", "no more bytes read than came")
        }
      }
      account.read = account.accepted
      account.silent = nil
    }
    if let silent = account.silent, account.read > silent.before + account.slack {
      judge(silent, account.leastAnnounced, &flagged, &log)
      account.silent = nil
    }
    accounts[key] = account
  }

  /// The data of a segment that was not announced were read before the next came: they were in order and complete.
  private mutating func judge(_ silent: Silent, _ leastAnnounced: Int64, _ flagged: inout FlaggedPackets, _ log: inout DeviationLog) {
    guard silent.waiting >= leastAnnounced else {
      announcements.excused += 1
      return
    }
    announcements.checked += 1
    guard let announcing else { return }
    flagged.flag(silent.packet, announcing)
    log.note(announcing, at: silent.event, packets: silent.packet > 0 ? [silent.packet] : []) {
      ("\(silent.waiting) bytes waited, in order, and no sk_data_ready followed", "an announcement, as for \(leastAnnounced) bytes before")
    }
  }

  private mutating func forget() {
    accounts.removeAll(keepingCapacity: true)
    cookies.removeAll(keepingCapacity: true)
    probed.removeAll(keepingCapacity: true)
  }
}
