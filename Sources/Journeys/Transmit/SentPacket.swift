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
  }

  var journey = Journey()
  var state = State.free
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
