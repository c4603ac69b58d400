internal import Bytes
internal import Decoding

/// Stacks behind wakeups (the option or trigger `stacktrace`, the callchains of `perf record -g`): one that goes through sock_def_readable says that the wakeup
/// announces data, which matters where there is no sk_data_ready (kernels before 6.3). The stack comes behind its wakeup, the announcement
/// belongs before it.
extension EventStream {
  /// The last event of `cpu` was written inside sock_def_readable: if it is a wakeup and `isMeant`, that is its cause.
  mutating func announce(_ cpu: Int32, where isMeant: (Event) -> Bool) {
    var place = ready.count &- 1
    while place >= 0, ready.events[place].cpu != cpu { place &-= 1 }
    guard place >= 0, isMeant(ready.events[place]), case .schedWaking = ready.events[place].body else { return }
    var announcement = ready.events[place]
    announcement.body = .announcedByStack
    ready.insert(announcement, at: place)
  }

  /// Takes in the callchain `record`, which belongs to the sample before it.
  mutating func take(stack record: Record) {
    hasStacks = true
    let format = recording.formatIndex(ofStream: record.stream)
    guard let catalog = recording.catalog(ofStream: record.stream) else { return }
    if Self.isReadable(record, recording, { readable.covers($0, format, catalog) }) { announce(record.cpu) { $0.time == record.time } }
  }

  private static func isReadable(_ record: Record, _ recording: borrowing Recording, _ covers: (UInt64) -> Bool) -> Bool {
    let addresses = recording.bytes(of: record)
    let order = recording.order(ofStream: record.stream)
    for place in stride(from: 0, to: addresses.byteCount, by: 8) {
      if let address = addresses.integer(UInt64.self, at: place, order), covers(address) { return true }
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
      if case .schedWaking = event.body, !seen.contains(event.cpu) { cut = place }
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
