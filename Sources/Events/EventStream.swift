internal import Bytes
public import Decoding

/// The events of a recording in time order, decoded; memory does not depend on how many there are.
public struct EventStream {
  /// What is read.
  public internal(set) var recording: Recording
  /// The strings that events name by id.
  public internal(set) var names = NameTable()
  /// The flows that events name by id.
  public internal(set) var flows = FlowTable()
  /// What the recording can show.
  public let capabilities: Capabilities
  /// Records read so far, those that are not of the network path included.
  public internal(set) var recordCount = 0
  /// The time of the first record, in nanoseconds.
  public internal(set) var first: UInt64?
  /// The time of the last record, in nanoseconds.
  public internal(set) var last: UInt64 = 0
  /// Every loss met so far.
  public internal(set) var gaps: [Gap] = []
  /// The windows of a recording with pauses, in nanoseconds; empty where it has none. The last ends with the recording if its end is not in it.
  public internal(set) var windows: [Range<UInt64>] = []
  /// In a pause: where among the events that are ready those of the pause begin.
  var paused: Int?

  let dropReasons: [Int32: String]
  let decoders: [EventDecoder]
  var text = TextEventDecoder()
  /// Records of the function tracers that mark no step.
  var functionCount = 0
  var readable = ReadableAddresses()
  /// Events that are decoded, and which of them comes next.
  var ready = EventBatch()
  private(set) var nextReady = 0
  /// Whether there were stacks.
  var hasStacks = false
  /// Events that wait for the stack of a wakeup among them.
  var held: [Event] = []

  /// The events of `recording`.
  public init(_ recording: Recording) {
    self.recording = recording
    decoders = recording.formats.map { EventDecoder($0) }
    dropReasons = Self.dropReasons(recording.formats)
    capabilities = Capabilities(decoders, recording)
  }

  /// The next event of the network path, or nil at the end.
  public mutating func next() -> Event? {
    if nextReady == ready.count {
      beginBatch()
      guard refill() else { return nil }
    }
    nextReady &+= 1
    return ready[nextReady &- 1]
  }

  /// Replaces `events` by the next ones; false at the end.
  public mutating func next(_ events: inout EventBatch) -> Bool {
    // The buffer of the other way to read is empty, but for what that one has read ahead.
    guard nextReady == ready.count else { return takeRest(&events) }
    beginBatch()
    events.before = ready.before
    swap(&ready, &events)
    ready.count = 0
    let isMore = refill()
    swap(&ready, &events)
    ready.before = events.before &+ UInt32(truncatingIfNeeded: events.count)
    return isMore
  }

  /// What is ready has been taken; what comes next is counted on behind it.
  private mutating func beginBatch() {
    ready.before &+= UInt32(truncatingIfNeeded: ready.count)
    (nextReady, ready.count) = (0, 0)
  }

  /// Replaces `events` by what is ready and was not taken.
  private mutating func takeRest(_ events: inout EventBatch) -> Bool {
    (events.count, events.before) = (0, ready.before &+ UInt32(truncatingIfNeeded: nextReady))
    for index in nextReady..<ready.count { events.append(ready[index]) }
    nextReady = ready.count
    return true
  }

  /// Fills `ready`, which is empty; false at the end.
  private mutating func refill() -> Bool {
    takeHeld()
    keepPaused()
    // A record makes one event at most.
    while ready.room > 0 {
      if let run = recording.nextRun(limit: ready.room) {
        decode(run)
      } else if let record = recording.next() {
        take(record)
      } else {
        noteFunctions()
        break
      }
      dropPaused()
    }
    holdBack()
    return ready.count > 0
  }

  private mutating func noteFunctions() {
    guard functionCount > 0 else { return }
    recording.note(.functionRecords, "\(functionCount) records")
    functionCount = 0
  }
}
