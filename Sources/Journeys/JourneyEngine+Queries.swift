internal import BasicContainers
public import Events

/// What others may ask while the events of a recording pass: whose packet an event is. Each answers for the event consumed last.
extension JourneyEngine {
  /// Whether some CPU's events of this time, in nanoseconds of the recording's clock, are known to be missing.
  public func isBlind(at time: UInt64) -> Bool { time <= blindUntil && blindUntil > 0 }

  /// A received packet in flight.
  public struct PacketInFlight: Sendable {
    /// The id its journey has.
    public let id: Int
    /// Bytes, without the Ethernet header.
    public let length: UInt32
  }

  /// The received packet that lives at `address`, or nil.
  public func packet(at address: UInt64) -> PacketInFlight? { packets.find(address).map { inFlight($0) } }

  /// The received packet that is being processed where `event` was written, or nil.
  public func packetInHand(_ event: Event) -> PacketInFlight? {
    guard let context = knownContext(of: event), let slot = packets.slot(contexts[context].current) else { return nil }
    return inFlight(slot)
  }

  /// The packet whose processing made `event`, a sched_waking, happen; nil where the wakeup is nobody's consequence.
  public func packet(waking event: Event) -> PacketInFlight? {
    guard case .schedWaking(let pid, _) = event.body, let task = tasks.known(pid), let slot = packets.slot(tasks.tasks[task].wokenBy)
    else { return nil }
    let isThis = (0..<packets.slots[slot].wakerCount).contains {
      packets.slots[slot].wakers[$0].task.pid == pid && packets.slots[slot].wakers[$0].waking.time == event.time
    }
    return isThis ? inFlight(slot) : nil
  }

  private func inFlight(_ slot: Int) -> PacketInFlight {
    PacketInFlight(id: packets.slots[slot].journey.id, length: packets.slots[slot].journey.length)
  }

  private func knownContext(of e: Event) -> Int? {
    if e.flags.contains(.hardirq) || e.cpu < 0 { return nil }
    if e.flags.contains(.softirq) { return softContext.indices.contains(Int(e.cpu)) ? Int(softContext[Int(e.cpu)]) : nil }
    guard let task = tasks.known(e.pid), tasks.tasks[task].context >= 0 else { return nil }
    return Int(tasks.tasks[task].context)
  }
}
