public import Bytes

extension TextBuffer {
  /// Appends ` [003] `… as trace-cmd and perf write CPUs: three digits at least.
  @inline(__always)
  public mutating func append(cpu: Int32) {
    append(" [")
    if cpu < 0 {
      append(UInt8(ascii: "-"))
      appendDecimal(UInt64(cpu.magnitude), digits: 2)
    } else {
      appendDecimal(UInt64(cpu), digits: 3)
    }
    append(UInt8(ascii: "]"))
  }

  /// Appends `time`, in nanoseconds, in seconds, rounded to microseconds as trace-cmd does: `%5.6f`.
  public mutating func append(microseconds time: UInt64) {
    // Times near the end of 64 bits are damaged ones.
    let microseconds = (time &+ 500) / 1000
    let seconds = microseconds / 1_000_000
    append(32, times: 5 - Self.decimalDigits(seconds))
    appendDecimal(seconds)
    append(UInt8(ascii: "."))
    appendDecimal(microseconds % 1_000_000, digits: 6)
  }

  /// Appends `time` as it is, in twelve digits at least.
  public mutating func append(ticks time: UInt64) {
    append(32, times: 12 - Self.decimalDigits(time))
    appendDecimal(time)
  }
}
