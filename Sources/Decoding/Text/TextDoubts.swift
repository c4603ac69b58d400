internal import Bytes

/// What lines that cannot be understood make doubtful: each may have been an event of any CPU, which is therefore missing there.
struct TextDoubts {
  /// CPUs with events since the last doubt, and whether they have; a CPU that has shown nothing new cannot become more doubtful.
  private var cpus: [Int32] = []
  private var isActive: [Bool] = []
  private var lastTime: UInt64 = 0
  private var gaps: [Gap] = []
  private var next = 0
  /// Whether the last event was text that somebody wrote into the trace, which may go on in lines of its own.
  private(set) var isInMarker = false

  /// An event was read.
  @inline(__always)
  mutating func see(_ event: TextLine, _ line: RawSpan) {
    let cpu = Int(event.cpu)
    while cpu >= isActive.count { isActive.append(false) }
    if !isActive[cpu] {
      isActive[cpu] = true
      cpus.append(event.cpu)
    }
    if gaps.isEmpty { lastTime = event.time }
    isInMarker = Self.isMarker(event.name.bytes(of: line))
  }

  /// A line was not understood.
  mutating func begin() {
    for cpu in cpus {
      gaps.append(Gap(cpu: cpu, after: lastTime, before: lastTime, events: nil))
      isActive[Int(cpu)] = false
    }
    cpus.removeAll(keepingCapacity: true)
  }

  /// The next gap that the event at `time` ends, or nil.
  @inline(__always)
  mutating func gap(until time: UInt64) -> Gap? {
    if gaps.isEmpty { return nil }
    guard next < gaps.count else {
      gaps.removeAll(keepingCapacity: true)
      next = 0
      lastTime = time
      return nil
    }
    next += 1
    return Gap(cpu: gaps[next - 1].cpu, after: gaps[next - 1].after, before: max(time, gaps[next - 1].after), events: nil)
  }

  /// `tracing_mark_write` and what trace_printk writes.
  private static func isMarker(_ name: RawSpan) -> Bool {
    switch name.byteCount {
    case 18: name.has("tracing_mark_write", at: 0)
    case 5: name.has("print", at: 0) || name.has("bputs", at: 0)
    case 6: name.has("bprint", at: 0)
    default: false
    }
  }
}
