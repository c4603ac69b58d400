internal import Events

/// A packet in flight: its journey so far and what is needed to carry it on.
struct Packet {
  /// Where the packet is.
  enum State: UInt8, CaseIterable {
    case free
    /// Seen by GRO or in the backlog, not yet delivered to the protocols.
    case arrived
    /// GRO keeps it as the head of a flow.
    case held
    /// Delivered to protocol processing, in its context's queue.
    case delivered
    /// The protocols are at it now.
    case processing
    /// Its batch is processed and nothing showed what became of it; it may wait in a socket's backlog.
    case parked
    /// IP consumed it: absorbed, or the first fragment of a packet that is still to come out of a socket's backlog.
    case consumed
    /// In a socket's receive queue.
    case queued
    /// The stack has consumed it; only the task it woke has not run yet.
    case lingering

    /// Whether a packet goes from here to `next`. Its life begins by `arrived` and may end everywhere.
    @inline(__always)
    func mayBecome(_ next: State) -> Bool {
      switch self {
      // A further delivery of a packet begins where the first one is processed.
      case .arrived: next == .held || next == .delivered || next == .processing
      case .held: next == .delivered
      // A tunnel's inner packet arrives once more.
      case .delivered: next == .processing || next == .parked || next == .consumed || next == .arrived
      // Again in another context, where a task takes it from a backlog.
      case .processing: next == .processing || next == .queued || next == .lingering || next == .parked || next == .arrived
      case .parked: next == .processing || next == .consumed || next == .queued || next == .arrived
      case .consumed: next == .processing
      // Taken for another packet, which a later event corrects, or settled just before the event that names it.
      case .queued: next == .queued || next == .parked || next == .processing
      case .free, .lingering: false
      }
    }
  }

  /// A task that was woken while the packet was processed.
  struct Waker {
    var task = Journey.Task(pid: 0, comm: .none)
    var waking = StageMark(time: 0, cpu: 0, context: .softirq, evidence: .schedWaking, link: .ordered)
    var running: StageMark?
    /// Whether it was woken behind the announcement of data.
    var isAfterReady = false
  }

  var journey = Journey()
  private(set) var state = State.free
  /// The NAPI instance, or 0.
  var napi: UInt32 = 0
  /// The length at GRO entry, before anything was merged.
  var ownLength: UInt32 = 0
  /// What its socket is known by: its address, or before 6.12 its cookie.
  var socketKey: UInt64 = 0
  /// Payload that TCP counted.
  var dataLength: UInt32 = 0
  /// Whether its place among those of its batch, or in the stream, is open.
  private(set) var isDoubtful = false
  /// Whether a task freed it while the CPU that received it was still at its batch.
  var isFreedEarly = false
  /// Whether only its length told that TCP had coalesced it with another.
  var isCoalescedByLength = false
  /// Whether its own sequence number tells its place in the stream.
  var isNumbered = false
  /// Whether it changed a connection's state: it has had its effect, however its memory is freed.
  var changedState = false
  /// Whether it is one of the datagrams that UDP has cut a packet into.
  var isSegment = false
  /// Whether its connection was established by it.
  var endsHandshake = false
  /// Whether its address came through the backlog, which hands over packets one by one.
  var isFromBacklog = false
  /// The tasks it woke, the first `wakerCount` of them.
  var wakers = [4 of Waker](repeating: Waker())
  var wakerCount = 0
}

extension Packet {
  /// The packet goes on to `next`. A step that cannot be is not taken, and the journey is not trusted.
  @inline(__always)
  mutating func advance(to next: State) {
    guard state.mayBecome(next) else { return refuse(next) }
    state = next
  }

  @inline(never)
  private mutating func refuse(_ next: State) {
    assertionFailure("a packet that is \(state) cannot become \(next)")
    if journey.completeness == .complete { journey.completeness = .ambiguous }
  }

  /// Others may be taken for this packet, or (`false`) an event has told that it is the one.
  @inline(__always)
  mutating func doubt(_ isDoubtful: Bool = true) { self.isDoubtful = isDoubtful }

  /// Whether TCP takes it, as far as is known.
  @inline(__always) var isTCP: Bool { journey.protocolNumber == Event.IPProtocol.tcp }

  /// Whether a task that it woke has not run yet.
  var waitsForTask: Bool { (0..<wakerCount).contains { wakers[$0].running == nil } }

  /// Whether it woke the task `pid`.
  func woke(_ pid: Int32) -> Bool { (0..<wakerCount).contains { wakers[$0].task.pid == pid } }

  /// Whether it is in its socket's queue; the CPU that put it there may still be at its batch.
  @inline(__always) var isReadable: Bool { state == .queued || state == .processing && dataLength > 0 }

  /// Two packets fit what was seen of it.
  mutating func markAmbiguous() { if journey.completeness == .complete { journey.completeness = .ambiguous } }

  /// Others may be taken for it, and its journey ends.
  mutating func admitDoubt() {
    // What was read is most likely this one, and says that it is inferred; what else became of a packet has no other sign.
    if journey.outcome != .delivered { markAmbiguous() }
    for stage in [Stage.ready, .read] { journey.stages[stage]?.link = .inferred }
    for index in 0..<wakerCount {
      wakers[index].waking.link = .inferred
      wakers[index].running?.link = .inferred
    }
  }

  /// Of the tasks it woke, takes the reader, or else the first that was woken for data.
  mutating func chooseWaker() {
    guard wakerCount > 0 else { return }
    let reader = journey.reader?.pid
    var chosen = 0
    for index in 0..<wakerCount {
      if wakers[index].task.pid == reader {
        chosen = index
        break
      }
      if wakers[index].isAfterReady, !wakers[chosen].isAfterReady { chosen = index }
    }
    var waker = wakers[chosen]
    // Woken, but somebody else read: the stages are those of the one that was woken.
    if let reader, reader != waker.task.pid {
      waker.waking.link = .inferred
      waker.running?.link = .inferred
    }
    journey.woke = waker.task
    journey.stages[.waking] = waker.waking
    if let running = waker.running { journey.stages[.running] = running }
  }

  /// What TCP did to `other`, it did to this packet, which is in `state` therefore.
  mutating func adopt(_ other: Packet, _ state: State) {
    advance(to: state)
    dataLength = other.dataLength
    journey.protocolNumber = other.journey.protocolNumber
    journey.flow = other.journey.flow
    journey.socket = other.journey.socket
    journey.stream = other.journey.stream
    journey.stages[.transport] = other.journey.stages[.transport]
    socketKey = other.socketKey
    wakers = other.wakers
    wakerCount = other.wakerCount
  }
}

extension Packet: AddressedPacket {
  mutating func begin(at address: UInt64) {
    journey.begin(at: address)
    state = .arrived
    (napi, ownLength, socketKey, dataLength) = (0, 0, 0, 0)
    (isDoubtful, isFreedEarly, isCoalescedByLength, isNumbered) = (false, false, false, false)
    (changedState, endsHandshake, isFromBacklog, isSegment) = (false, false, false, false)
    // None of `wakers` counts any more.
    wakerCount = 0
  }

  mutating func end() { state = .free }
}

/// A reference to a packet that knows when the packet is gone.
struct PacketRef: Equatable, BitwiseCopyable {
  var slot: Int32
  var generation: UInt32

  static let none = PacketRef(slot: -1, generation: 0)
}
