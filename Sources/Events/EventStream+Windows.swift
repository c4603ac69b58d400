/// The windows of a recording with pauses. Recording stops a little after it says that a window ends, and goes on before it says that one begins:
/// what was written in between has a hole of unknown place in it, and is left out.
extension EventStream {
  /// A report lists so many windows one by one.
  private static let windowLimit = 10_000

  /// `event`, the last of those that are ready, says that a window begins or ends.
  mutating func noteWindow(_ event: Event) {
    switch event.kind {
    case .windowBegins:
      if let paused {
        ready.count = paused
        ready.append(event)
      }
      paused = nil
      if windows.count < Self.windowLimit { windows.append(event.time..<event.time) }
    case .windowEnds:
      paused = min(paused ?? ready.count, ready.count)
      // Behind the limit the last one listed has ended.
      if let last = windows.last, last.isEmpty, event.time >= last.lowerBound { windows[windows.count - 1] = last.lowerBound..<event.time }
    default: break
    }
  }

  /// Drops the events that have become ready in a pause.
  mutating func dropPaused() { if let paused { ready.count = paused } }

  /// Those that are ready now belong to a window, what is added to them perhaps to a pause.
  mutating func keepPaused() { if paused != nil { paused = ready.count } }
}
