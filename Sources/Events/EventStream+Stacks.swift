internal import Bytes
internal import Decoding

/// Stacks behind wakeups (the option or trigger `stacktrace`, the callchains of `perf record -g`): one that goes through sock_def_readable says
/// that the wakeup announces data, which matters where there is no sk_data_ready (kernels before 6.3). The stack comes behind its wakeup, the
/// announcement belongs before it.
extension EventStream {
  /// The last event of `cpu` was called from sock_def_readable: if it is a wakeup and `isMeant`, that is its cause. What an interrupt wakes has
  /// another: sockets announce data in soft interrupts and system calls.
  mutating func announce(_ cpu: Int32, where isMeant: (Event) -> Bool) {
    var place = ready.count &- 1
    while place >= 0, ready.events[place].cpu != cpu { place &-= 1 }
    guard place >= 0, !ready.events[place].flags.contains(.hardirq), isMeant(ready.events[place]), ready.events[place].kind == .schedWaking
    else { return }
    var announcement = ready.events[place]
    announcement.body = .announcedByStack
    ready.insert(announcement, at: place)
  }

  /// Takes in the callchain `record`, which belongs to the sample before it.
  mutating func take(stack record: Record) { take(record, (0, 8)) { $0.time == record.time } }

  /// Takes in the stack whose addresses lie in `record` at `place`; it belongs to the last event of its CPU, if `isMeant`.
  mutating func take(_ record: Record, _ place: (offset: Int, size: Int)?, where isMeant: (Event) -> Bool) {
    hasStacks = true
    let format = recording.formatIndex(ofStream: record.stream)
    guard let place, let catalog = recording.catalog(ofStream: record.stream) else { return }
    if Self.isReadable(record, recording, place, { readable.frame($0, format, catalog) }) { announce(record.cpu, where: isMeant) }
  }

  private static func isReadable(
    _ record: Record, _ recording: borrowing Recording, _ place: (offset: Int, size: Int), _ frame: (UInt64) -> StackFrame
  ) -> Bool {
    let bytes = recording.bytes(of: record)
    let order = recording.order(ofStream: record.stream)
    var at = place.offset
    while let address = bytes.unsigned(at: at, size: place.size, order) {
      switch frame(address) {
      case .readable: return true
      case .interruption: return false
      case .other: at &+= place.size
      }
    }
    return false
  }

  /// Takes wakeups whose stack may still come, and what stands behind them, out of those that are ready.
  mutating func holdBack() {
    guard hasStacks else { return }
    var cut = ready.count
    var seen: Set<Int32> = []
    for place in stride(from: ready.count &- 1, through: max(ready.count &- EventBatch.heldLimit, nextReady), by: -1) {
      let event = ready.events[place]
      if event.kind == .schedWaking, !seen.contains(event.cpu) { cut = place }
      seen.insert(event.cpu)
    }
    // Nothing would be left, or the recording is at its end.
    guard cut > nextReady else { return }
    held = Array(ready.events[cut..<ready.count])
    ready.count = cut
  }

  /// Puts those back that were held.
  mutating func takeHeld() {
    for event in held { ready.append(event) }
    held.removeAll(keepingCapacity: true)
  }
}
