@_exported public import Tracepoints

/// Events that lie side by side, to be filled over and over.
public struct EventBatch: Sendable {
  /// The events, and behind them room for more.
  public internal(set) var events: [Event]
  /// How many there are.
  public internal(set) var count = 0
  /// How many events there were before the first of them.
  var before: UInt32 = 0

  /// A batch for `EventStream.next` to fill, with room for `capacity` events or a few more.
  public init(capacity: Int = Self.step) {
    events = Array(
      repeating: Event(time: 0, cpu: 0, pid: 0, flags: [], body: EventBody(.recorderLine)), count: max(capacity, Self.step) + Self.heldLimit)
  }

  /// So many events at once still lie in a cache near the processor when they are looked at, and the loops that decode and follow them take
  /// turns seldom enough.
  public static let step = 1024

  /// So many events at most are held for the next batch.
  static let heldLimit = 16

  /// There is room for so many more.
  var room: Int { events.count &- count }

  /// Event `index` of them.
  @inlinable public subscript(index: Int) -> Event { events[index] }

  /// Puts `event` where event `place` is, which moves behind it with all others.
  mutating func insert(_ event: Event, at place: Int) {
    append(event)
    for index in stride(from: count &- 1, to: place, by: -1) { events[index] = events[index &- 1] }
    events[place] = event
    for index in place..<count { events[index].order = before &+ UInt32(truncatingIfNeeded: index) &+ 1 }
  }

  mutating func append(_ event: Event) {
    events[count] = event
    events[count].order = before &+ UInt32(truncatingIfNeeded: count) &+ 1
    count &+= 1
  }
}
