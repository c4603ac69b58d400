/// A record of a perf.data that waits for its turn.
public struct PerfEntry: BitwiseCopyable, Sendable {
  enum What: UInt8 {
    case sample
    case sampleWithStack
    case comm
    case fork
    case gap
  }

  /// Nanoseconds of the trace's clock.
  public var time: UInt64
  /// Records of equal time stay in the order of the file.
  var number: UInt64
  /// The buffer that holds it, or for a loss the index of the loss.
  var buffer: Int32
  /// Where a sample's raw data begin in the buffer.
  public var offset: Int32
  /// How many bytes of them there are.
  public var size: Int32
  var attribute: Int32
  /// The CPU that wrote it, or -1 where the recording does not say.
  public var cpu: Int32
  var tid: Int32
  /// How many addresses the callchain has, which ends before the size of the raw data.
  var frames: Int32 = 0
  var what: What

  static let none = PerfEntry(time: 0, number: 0, buffer: 0, offset: 0, size: 0, attribute: 0, cpu: 0, tid: 0, what: .gap)
}

/// Samples of a perf.data that come one after another: the first, and those behind it that the run holds.
public struct PerfRun: Sendable {
  /// The perf.data.
  public let stream: Int32
  /// The stream's buffer that they lie in, and which of the recording's it is.
  let (buffer, shared): (Int32, Int32)
  /// Samples behind this time, in nanoseconds, come after others.
  let latest: UInt64
  /// Which of the waiting records they are at most.
  public let entries: Range<Int>

  /// Whether `entry`, the first or the next behind one that is, is one of them.
  public func holds(_ entry: PerfEntry) -> Bool { entry.time <= latest && entry.buffer == buffer && entry.what == .sample }

  /// `entry`, one of them, as a record.
  public func record(_ entry: PerfEntry) -> Record {
    Record(time: entry.time, cpu: entry.cpu, stream: stream, offset: entry.offset, length: entry.size, buffer: shared, kind: .event)
  }
}
