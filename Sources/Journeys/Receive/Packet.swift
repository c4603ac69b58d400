internal import Events

/// A packet in flight: its journey so far and what the engine needs to carry it on.
struct Packet {
  /// Where the packet is.
  enum State: UInt8 {
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
  }

  /// A task that was woken while the packet was processed.
  struct Waker {
    var task = Journey.Task(pid: 0, comm: .none)
    var waking = StageMark(time: 0, cpu: 0, context: .softirq, evidence: .schedWaking, link: .ordered)
    var running: StageMark?
    var isAfterReady = false
  }

  var journey = Journey()
  var state = State.free
  /// The NAPI instance, or 0.
  var napi: UInt32 = 0
  /// The length at GRO entry, before anything was merged.
  var ownLength: UInt32 = 0
  /// What its socket is known by: its address, or before 6.12 its cookie.
  var socketKey: UInt64 = 0
  /// Payload that TCP counted.
  var dataLength: UInt32 = 0
  /// Whether its place among those of its batch, or in the stream, is open.
  var isDoubtful = false
  /// Whether a task freed it while the CPU that received it was still at its batch.
  var isTaken = false
  /// Whether only its length told that TCP had merged it into another.
  var isMate = false
  /// Whether its own sequence number tells its place in the stream.
  var isPlaced = false
  /// Whether it changed a connection's state: it has had its effect, however its memory is freed.
  var changedState = false
  /// Whether its connection was established by it.
  var endsHandshake = false
  /// Whether its address came through the backlog, which hands over packets one by one.
  var isFromBacklog = false
  var wakers = [4 of Waker](repeating: Waker())
  var wakerCount = 0
}

/// A reference to a packet that knows when the packet is gone.
struct PacketRef: Equatable, BitwiseCopyable {
  var slot: Int32
  var generation: UInt32

  static let none = PacketRef(slot: -1, generation: 0)
}

extension Packet: AddressedPacket {
  mutating func begin(at address: UInt64) {
    journey.begin(at: address)
    state = .arrived
    (napi, ownLength, socketKey, dataLength) = (0, 0, 0, 0)
    (isDoubtful, isTaken, isMate, isPlaced, changedState, isFromBacklog) = (false, false, false, false, false, false)
    endsHandshake = false
    // None of `wakers` counts any more.
    wakerCount = 0
  }

  mutating func end() { state = .free }
}
