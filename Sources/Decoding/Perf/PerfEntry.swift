/// A record of a perf.data that waits for its turn. Many wait, so its numbers are no wider than what they count.
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
  /// Records are counted as they come; of those that wait at once, no two have the same number.
  var number: UInt32 = 0
  /// Where a sample's raw data begin in the buffer; for a loss, its index.
  public var offset: Int32
  var tid: Int32
  /// The buffer that holds it.
  var buffer: UInt16
  var attribute: UInt16
  /// The CPU that wrote it, or -1 where the recording does not say.
  public var cpu: Int16
  /// How many bytes of raw data there are.
  public var size: UInt16
  /// How many addresses the callchain has, which ends before the size of the raw data.
  var frames: UInt16 = 0
  var what: What

  static let none = PerfEntry(time: 0, offset: 0, tid: 0, buffer: 0, attribute: 0, cpu: 0, size: 0, what: .gap)
}

/// Samples of a perf.data that come one after another.
public struct PerfRun: Sendable {
  /// The perf.data.
  public let stream: Int32
  /// How many they are, one at least.
  public let count: Int

  /// `entry`, one of them, which lies in `part`, as a record.
  public func record(_ entry: PerfEntry, _ part: PerfPart) -> Record {
    Record(
      time: entry.time, cpu: Int32(entry.cpu), stream: stream, offset: entry.offset, length: Int32(entry.size), buffer: part.buffer, kind: .event)
  }
}

/// Samples of a run that lie side by side.
public struct PerfPart: Sendable {
  /// Which of the waiting records they are.
  public let entries: Range<Int>
  /// Which of the recording's buffers they lie in.
  public let buffer: Int32
}
