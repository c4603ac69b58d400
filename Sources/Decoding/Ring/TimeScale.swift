/// How the times of a recording become nanoseconds: trace.dat says it for counters of cycles (`tsc2nsec`), and for recordings with the date.
struct TimeScale {
  /// `count * mult >> shift` is nanoseconds; 0 where counts are nanoseconds.
  var mult: UInt32 = 0
  var shift: UInt32 = 0
  /// What is added then, in nanoseconds.
  var offset: Int64 = 0

  /// Whether anything has to be done.
  var isNeeded: Bool { mult != 0 || offset != 0 }

  /// The nanoseconds that `count` stands for.
  func nanoseconds(_ count: UInt64) -> UInt64 {
    var time = count
    if mult != 0 {
      let (high, low) = count.multipliedFullWidth(by: UInt64(mult))
      time = shift == 0 ? low : high << (64 - UInt64(shift)) | low >> UInt64(shift)
    }
    return time &+ UInt64(bitPattern: offset)
  }

  /// `gap`, whose times are counts, in nanoseconds.
  func nanoseconds(_ gap: Gap) -> Gap {
    guard isNeeded else { return gap }
    var gap = gap
    gap.after = nanoseconds(gap.after)
    if gap.before != .max { gap.before = nanoseconds(gap.before) }
    return gap
  }

  /// The clocks whose times trace-cmd prints in seconds where the file is of version 6; those of all others it prints as they are.
  static func isPrintedInSeconds(_ clock: String) -> Bool {
    ["local", "global", "uptime", "perf", "tai", "tsc2nsec"].contains(clock) || clock.hasPrefix("mono")
  }

  /// The clocks that do not count nanoseconds (kernel/trace/trace.c, `trace_clocks`).
  static func isCounter(_ clock: String) -> Bool { ["counter", "uptime", "x86-tsc", "ppc-tb"].contains(clock) }
}
