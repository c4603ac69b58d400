internal import Bytes

/// The scheduler's events in text. Names of tasks may hold anything, so these are read from their ends.
enum TextSched {
  /// A task that is woken or switched to.
  struct Task {
    var pid: Int32
    /// Where its name stands.
    var start: Int
    var end: Int
  }

  private static let pid: TextKey = " pid="
  private static let comm: TextKey = "comm="
  private static let previousPID: TextKey = " prev_pid="
  private static let previousState: TextKey = " prev_state="
  private static let nextPID: TextKey = " next_pid="
  private static let nextComm: TextKey = "==> next_comm="
  private static let rawNextComm: TextKey = " next_comm="
  private static let arrow: TextKey = " ==> "

  /// `comm=%s pid=%d prio=%d target_cpu=%03d`.
  static func waking(_ text: RawSpan) -> Task? {
    guard comm.stands(in: text, at: 0), let end = pid.last(in: text, before: text.byteCount) else { return nil }
    return number(text, end &+ pid.count).map { Task(pid: $0, start: comm.count, end: end) }
  }

  /// The kernel's form, or the shorter one of libtraceevent's plugin.
  static func change(_ text: RawSpan) -> (previous: Int32, state: Int64, next: Task)? { kernelForm(text) ?? pluginForm(text) ?? rawForm(text) }

  /// `prev_comm=%s prev_pid=%d prev_prio=%d prev_state=%s ==> next_comm=%s next_pid=%d next_prio=%d`.
  private static func kernelForm(_ text: RawSpan) -> (previous: Int32, state: Int64, next: Task)? {
    guard let end = nextPID.last(in: text, before: text.byteCount), let next = number(text, end &+ nextPID.count),
      let arrow = nextComm.last(in: text, before: end), let letters = previousState.last(in: text, before: arrow),
      let place = previousPID.last(in: text, before: letters), let previous = number(text, place &+ previousPID.count)
    else { return nil }
    return (previous, state(text, letters &+ previousState.count), Task(pid: next, start: arrow &+ nextComm.count, end: end))
  }

  /// `prev_comm=%s prev_pid=%d prev_prio=%d prev_state=%d next_comm=%s next_pid=%d next_prio=%d`, as `trace-cmd report -R` prints it.
  private static func rawForm(_ text: RawSpan) -> (previous: Int32, state: Int64, next: Task)? {
    guard let end = nextPID.last(in: text, before: text.byteCount), let next = number(text, end &+ nextPID.count),
      let name = rawNextComm.last(in: text, before: end), let letters = previousState.last(in: text, before: name),
      let place = previousPID.last(in: text, before: letters), let previous = number(text, place &+ previousPID.count)
    else { return nil }
    var at = letters &+ previousState.count
    guard let state = TextFields.number(text, &at) else { return nil }
    // Whoever could have gone on is 0, or has the bit above all states (TASK_REPORT_MAX, include/linux/sched.h).
    return (previous, state & 0xff, Task(pid: next, start: name &+ rawNextComm.count, end: end))
  }

  /// `comm:pid [prio] state ==> comm:pid [prio]`.
  private static func pluginForm(_ text: RawSpan) -> (previous: Int32, state: Int64, next: Task)? {
    for at in 0..<max(text.byteCount &- arrow.count, 0) where arrow.stands(in: text, at: at) {
      if let (previous, letters) = pluginTask(text, 0, at), let (next, _) = pluginTask(text, at &+ arrow.count, text.byteCount) {
        return (previous.pid, state(text, letters), next)
      }
    }
    return nil
  }

  /// `comm:pid [prio] ` in `start ..< end`, and where it goes on behind it.
  private static func pluginTask(_ text: RawSpan, _ start: Int, _ end: Int) -> (Task, rest: Int)? {
    let bracket: TextKey = " ["
    var limit = end
    while let open = bracket.last(in: text, before: limit), open >= start {
      var at = open &+ bracket.count
      var colon = open &- 1
      while colon >= start, let byte = text.byte(at: colon), byte &- 48 < 10 { colon &-= 1 }
      if TextFields.number(text, &at) != nil, text.byte(at: at) == UInt8(ascii: "]"), colon >= start,
        text.byte(at: colon) == UInt8(ascii: ":"),
        let pid = number(text, colon &+ 1)
      {
        return (Task(pid: pid, start: start, end: colon), text.skippingSpaces(from: at &+ 1))
      }
      limit = open &+ 1
    }
    return nil
  }

  private static func number(_ text: RawSpan, _ start: Int) -> Int32? {
    var at = start
    return TextFields.number(text, &at).flatMap { Int32(exactly: $0) }
  }

  /// The letters of a task's state as its bits (include/linux/sched.h; libtraceevent 1.7 has its own for the last two);
  /// 0 where it could have gone on (`R`, `R+`).
  private static func state(_ text: RawSpan, _ start: Int) -> Int64 {
    var state: Int64 = 0
    var at = start
    while let byte = text.byte(at: at), byte != 32 {
      switch byte {
      case UInt8(ascii: "S"): state |= 0x01
      case UInt8(ascii: "D"): state |= 0x02
      case UInt8(ascii: "T"): state |= 0x04
      case UInt8(ascii: "t"): state |= 0x08
      case UInt8(ascii: "X"): state |= 0x10
      case UInt8(ascii: "Z"): state |= 0x20
      case UInt8(ascii: "P"), UInt8(ascii: "x"): state |= 0x40
      case UInt8(ascii: "I"), UInt8(ascii: "W"): state |= 0x80
      case UInt8(ascii: "+"): return 0
      case UInt8(ascii: "R"), UInt8(ascii: "|"): break
      // Other letters of older kernels (K, N): not running, that is all that counts.
      default: state |= 0x400
      }
      at &+= 1
    }
    return state
  }
}
