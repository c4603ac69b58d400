/// What a recording says of itself.
public struct RecordingInfo: Sendable {
  /// The files it was read from, as the user named them.
  public internal(set) var files: [String] = []
  /// The format, for example `trace.dat 7` or `ftrace text`.
  public internal(set) var format = ""
  /// The release of the kernel that was recorded, where the file says.
  public internal(set) var kernel: String?
  /// The trace clock, where the file says.
  public internal(set) var clock: String?
  /// Whether the clock counts something else than nanoseconds, such as cycles, jiffies or events; all times and durations are so many of them.
  public internal(set) var isInTicks = false
  /// Whether trace-cmd prints the times of this clock in seconds and not as they are.
  public internal(set) var isPrintedInSeconds = true
  /// The ring buffers that are read, where the file has more than one; the top one is called `top`.
  public internal(set) var buffers: [String] = []
  /// How many columns trace-cmd gives the name of the ring buffer before each line; nil where there is only one.
  public internal(set) var bufferNameWidth: Int?
  /// How many CPUs the machine had, or 0 where the file does not say.
  public internal(set) var cpus = 0
  /// Whether records carry the sockets' addresses; text never prints the one of sk_data_ready.
  public internal(set) var isText = false
  /// To how many columns perf script pads the names of events; nil for what is no perf.data.
  public internal(set) var eventNameWidth: Int?
}
