public import Events

/// What others may ask while the events of a recording pass: whose packet an event is. Each answers for the event consumed last.
extension JourneyEngine {
  /// Packets in flight now.
  public var inFlight: Int { receive.count + transmit.count }

  /// The least id of a packet in flight, or nil if there is none.
  public var oldestInFlight: Int? {
    guard let received = receive.oldestID else { return transmit.oldestID }
    return min(received, transmit.oldestID ?? .max)
  }

  /// Whether some CPU's events of this time, in nanoseconds of the recording's clock, are known to be missing.
  public func isBlind(at time: UInt64) -> Bool { numbering.isBlind(at: time) }

  /// A received packet in flight.
  public struct PacketInFlight: Sendable {
    /// The id its journey has.
    public let id: Int
    /// Bytes, without the Ethernet header.
    public let length: UInt32
  }

  /// The received packet that lives at `address`, or nil.
  public func packet(at address: UInt64) -> PacketInFlight? { receive.inFlight(receive.packet(at: address)) }

  /// The received packet that is being processed where `event` was written, or nil.
  public func packetInHand(_ event: Event) -> PacketInFlight? {
    knownContext(of: event).flatMap { receive.inFlight(receive.current(in: $0)) }
  }

  /// The packet whose processing made `event`, a sched_waking, happen; nil where the wakeup is nobody's consequence.
  public func packet(waking event: Event) -> PacketInFlight? {
    let pid = event.schedWaking.pid
    guard event.kind == .schedWaking, let task = tasks.known(pid) else { return nil }
    let packet = tasks.lastWaker(of: task)
    return receive.isWaker(packet, of: pid, at: event.time) ? receive.inFlight(packet) : nil
  }

  /// The index of the context that `e` was written in, if anything has been processed there.
  func knownContext(of e: Event) -> Int? {
    if e.flags.contains(.hardirq) || e.cpu < 0 { return nil }
    if e.flags.contains(.softirq) { return e.cpuIndex < receive.cpuCount ? receive.softContext(ofCPU: e.cpuIndex) : nil }
    return tasks.known(e.pid).flatMap { tasks.context(of: $0) }
  }
}
