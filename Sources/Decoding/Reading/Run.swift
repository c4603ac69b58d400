/// An event of a ring buffer or of a perf.data: when it was written, and where its bytes lie in a buffer of the recording.
public struct Entry: BitwiseCopyable, Sendable {
  /// Nanoseconds of the trace's clock.
  public var time: UInt64 = 0
  /// Where its data begin in the buffer.
  public var offset: UInt32 = 0
  /// How many bytes of data it has.
  public var length: UInt32 = 0
}

/// Events that come one after another and that one catalog of formats describes, to be decoded where they lie.
public struct Run: Sendable {
  /// The stream, one CPU of one file or one perf.data, that the first of them is of.
  public let stream: Int32
  /// Which of the recording's `formats` describes them.
  public let format: Int
  /// How many they are, one at least.
  public let count: Int
}

/// Events of a run that one CPU wrote and that lie in one buffer.
public struct RunPart: Sendable {
  /// The stream they are of.
  public let stream: Int32
  /// The CPU that wrote them, or -1 where the recording does not say.
  public let cpu: Int32
  /// Which of the recording's buffers they lie in.
  public let buffer: Int32
  /// Which of the run's entries they are.
  public let entries: Range<Int>
  /// Of a ring buffer: which of the events that its walk found is the first. Of a perf.data: where the first lies among the records that wait.
  var first = 0
  /// Of a ring buffer: by which time it was next, in nanoseconds.
  var turn: UInt64 = 0

  /// `entry`, one of them, as a record.
  public func record(_ entry: Entry) -> Record {
    Record(
      time: entry.time, cpu: cpu, stream: stream, offset: Int32(truncatingIfNeeded: entry.offset),
      length: Int32(truncatingIfNeeded: entry.length), buffer: buffer, kind: .event)
  }
}

/// The events of the last run, and which of them lie where.
struct RunTable {
  var entries = [Entry](repeating: Entry(), count: Self.limit)
  var parts: [RunPart] = []
  /// So many events at most are gathered from ring buffers for the next run.
  var patience = Self.limit

  /// So many events at most make a run.
  static let limit = 1024
}
