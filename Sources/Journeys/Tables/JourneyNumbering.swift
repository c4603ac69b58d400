internal import Events

/// Numbers journeys as they begin, and knows up to when events are missing: a journey that begins in a loss is not whole.
struct JourneyNumbering {
  private var next = 1
  /// Some CPU's events are missing up to here, in nanoseconds; 0 where none are.
  private(set) var blindUntil: UInt64
  /// Journeys of received and of sent packets that began, and those given up because too many were in flight.
  private(set) var received = 0
  private(set) var sent = 0
  private(set) var evicted = 0

  /// The numbers of a recording whose events are complete from `completeFrom` on, in nanoseconds.
  init(completeFrom: UInt64 = 0) { blindUntil = completeFrom }

  /// In bytes. Only damaged recordings know longer ones; up to here sums of lengths are safe.
  static let longestPacket: UInt32 = 1 << 28

  /// Begins the journey of a packet of `length` bytes at `time`, in nanoseconds.
  @inline(__always)
  mutating func begin(_ journey: inout Journey, _ direction: Journey.Direction, device: NameID, length: UInt32, at time: UInt64) {
    journey.direction = direction
    journey.id = next
    journey.device = device
    journey.length = min(length, Self.longestPacket)
    if time <= blindUntil { journey.completeness = .lost }
    next += 1
    if direction == .rx { received += 1 } else { sent += 1 }
  }

  /// The number of a further delivery of a packet, which is no packet of its own.
  mutating func numberCopy() -> Int {
    defer { next += 1 }
    return next
  }

  /// A packet is given up.
  mutating func noteEviction() { evicted += 1 }

  /// Some CPU's events are missing up to `time`, in nanoseconds.
  mutating func lose(until time: UInt64) { blindUntil = max(blindUntil, time) }

  /// Whether some CPU's events of `time`, in nanoseconds, are known to be missing.
  func isBlind(at time: UInt64) -> Bool { time <= blindUntil && blindUntil > 0 }

  /// Whether events are missing so shortly before `time` that a packet may wait in a device's queue since: none waits for a second.
  func hasJustLost(at time: UInt64) -> Bool { blindUntil > 0 && time > blindUntil && time - blindUntil < 1_000_000_000 }
}
