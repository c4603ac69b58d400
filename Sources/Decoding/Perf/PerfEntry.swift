/// A record of a perf.data that waits for its turn. Many wait, so its numbers are no wider than what they count.
struct PerfEntry: BitwiseCopyable {
  enum What: UInt8 {
    case sample
    case sampleWithStack
    case comm
    case fork
    case gap
  }

  /// Nanoseconds of the trace's clock.
  var time: UInt64
  /// Records are counted as they come; of those that wait at once, no two have the same number.
  var number: UInt32 = 0
  /// Where a sample's raw data begin in the buffer; for a loss, its index.
  var offset: Int32
  var tid: Int32
  /// The CPU that wrote it, and the buffer that holds it.
  var lane: Lane
  var attribute: UInt16
  /// How many bytes of raw data there are.
  var size: UInt16
  /// How many addresses the callchain has, which ends before the size of the raw data.
  var frames: UInt16 = 0
  var what: What

  static let none = PerfEntry(time: 0, offset: 0, tid: 0, lane: Lane(cpu: 0, buffer: 0), attribute: 0, size: 0, what: .gap)

  /// A CPU and a buffer, compared as one number.
  struct Lane: BitwiseCopyable, Equatable {
    private var bits: UInt32

    init(cpu: Int16, buffer: UInt16) { bits = UInt32(buffer) << 16 | UInt32(UInt16(bitPattern: cpu)) }

    /// The CPU, or -1 where the recording does not say.
    var cpu: Int16 { Int16(truncatingIfNeeded: bits) }
    var buffer: UInt16 { UInt16(truncatingIfNeeded: bits >> 16) }
  }

  /// The CPU that wrote it, or -1 where the recording does not say.
  var cpu: Int16 { lane.cpu }
  /// The buffer that holds it.
  var buffer: UInt16 { lane.buffer }
}

extension Entry {
  /// The raw data of a sample.
  @inline(__always)
  init(_ sample: PerfEntry) {
    self.init(time: sample.time, offset: UInt32(truncatingIfNeeded: sample.offset), length: UInt32(sample.size))
  }
}
