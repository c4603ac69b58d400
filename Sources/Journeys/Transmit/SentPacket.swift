internal import Events

/// A packet on its way out: its journey so far and what the engine needs to carry it on.
struct SentPacket: AddressedPacket {
  /// Where the packet is.
  enum State: UInt8 {
    case free
    /// Handed to the device's queue.
    case queued
    /// Replaced by segments of its own, because the device cannot split it (`validate_xmit_skb`).
    case split
    /// The driver is called with it.
    case started
    /// The driver has taken it.
    case taken
    /// Its journey is told to the end; only the send call that made it has not returned.
    case over

    /// Whether a packet can go from here to `next`: in each step it goes on, but for a busy driver, which gives it back to the queue.
    func mayBecome(_ next: State) -> Bool {
      switch (self, next) {
      case (.queued, .started), (.queued, .split), (.started, .started), (.started, .queued), (.started, .taken): true
      case (.free, _): false
      default: next == .over
      }
    }
  }

  var journey = Journey()
  private(set) var state = State.free
  /// Segments the driver has taken and not freed.
  var openSegments = 0
  /// Whether its split is over: no more segments come.
  var isSplit = false
  /// Whether the send call that made it may still be running.
  var isInCall = false

  mutating func begin(at address: UInt64) {
    journey.begin(at: address)
    state = .queued
    (openSegments, isSplit, isInCall) = (0, false, false)
  }

  mutating func end() { state = .free }
}

extension SentPacket {
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

  /// It follows from a received packet: it answers it.
  mutating func setCause(_ cause: PacketCause) {
    journey.follows = cause.id
    journey.protocolNumber = cause.protocolNumber
    journey.socket = cause.socket
    journey.flow = cause.flow
  }

  /// It was sent on a socket, whose send call returns with `mark` if it is not nil.
  mutating func setSocket(_ sender: SendingSocket, _ mark: StageMark?) {
    journey.sender = sender.task
    if let mark { journey.stages[.send] = mark }
    // Not IP, by its own header: a question for the address of a neighbour, in the time of a call that sends something else.
    if journey.header?.protocolNumber == 0 { return }
    journey.socket = sender.socket
    journey.protocolNumber = sender.protocolNumber
    if journey.header == nil, let flow = sender.flow { journey.flow = flow }
  }

  /// What its own header says.
  mutating func identify(_ header: PacketHeader) {
    journey.protocolNumber = header.protocolNumber == 0 ? nil : header.protocolNumber
    journey.flow = header.flow
    journey.header = header
  }
}

/// The received packet whose processing makes another be sent.
struct PacketCause {
  /// The id of its journey.
  var id: Int
  var protocolNumber: UInt16?
  var socket: UInt64
  var flow: FlowID
}

/// The socket that a packet was sent on, and the task that did.
struct SendingSocket {
  var task: Journey.Task
  /// Its address, or 0 where the trace cannot tell.
  var socket: UInt64
  var protocolNumber: UInt16
  /// Its connection, if that is known.
  var flow: FlowID?
}

/// A packet that a device in this machine has handed on.
struct HandedOverPacket {
  /// The id of its journey.
  var id: Int
  /// Whether the device itself receives it (loopback).
  var isReturned: Bool
}

/// What one CPU sends.
struct SendingCPU {
  /// The packet that was just split into segments.
  var splitting = PacketRef.none
  /// What the packet said of itself with which a driver was called last.
  var header = PacketHeader(skb: 0)
}
