/// One record of a recording, in time order: when and where, and which bytes say what happened. Nothing of the event is decoded yet.
public struct Record: Sendable {
  /// What a record is.
  public enum Kind: UInt8, Sendable {
    /// An event; its bytes are a ring-buffer entry as the `format` file of its type describes it.
    case event
    /// An event; its bytes are a line of text.
    case line
    /// What the event before it was called from; its bytes are addresses of 64 bits.
    case stack
    /// Events were lost here; `Recording.gap` says between which times.
    case gap
  }

  /// Nanoseconds of the trace's clock.
  public var time: UInt64
  /// The CPU that wrote it, or -1 where the recording does not say.
  public var cpu: Int32
  /// The stream (one CPU of one file) it comes from.
  public var stream: Int32
  /// Where its bytes begin in the stream's buffer.
  public var offset: Int32
  /// How many bytes it has.
  public var length: Int32
  /// The buffer of the recording that holds its bytes.
  @usableFromInline var buffer: Int32
  /// What it is.
  public var kind: Kind

  /// No kernel has more CPUs: the largest `CONFIG_NR_CPUS` is 8,192 (x86 with `CONFIG_MAXSMP`, powerpc). A larger number is none.
  static let cpuLimit = 8192
}

/// A span of time in which a CPU wrote events that the recording has lost.
public struct Gap: Sendable, Equatable {
  /// The CPU that wrote them.
  public var cpu: Int32
  /// The time of the last event before the loss, in nanoseconds.
  public var after: UInt64
  /// The time of the first event after the loss, in nanoseconds; the largest number where the rest of the CPU's events are missing.
  public var before: UInt64
  /// How many events were lost, or nil where the kernel did not say.
  public var events: UInt64?

  /// A loss of `events` events of `cpu` between `after` and `before`, in nanoseconds.
  public init(cpu: Int32, after: UInt64, before: UInt64, events: UInt64?) {
    self.cpu = cpu
    self.after = after
    self.before = before
    self.events = events
  }
}
