internal import Bytes

extension EntryPrinter {
  /// Appends `entry` as its own code has it; false where the print format is to follow.
  func print(_ event: SpecialEvent, _ entry: RawSpan, time: UInt64, cpu: Int32, into line: inout TextBuffer) -> Bool {
    switch event.kind {
    case .taskSwitch: taskSwitch(event, entry, &line)
    case .wakeup: wakeup(event, entry, &line)
    case .timerStart: timerStart(event, entry, &line)
    case .timerExpiry: timerExpiry(event, entry, &line)
    case .allocation:
      callSite(event.value(0, entry, order) ?? 0, &line)
      return false
    case .futex: return futex(event, entry, &line)
    case .flush: flush(event, entry, &line)
    case .guestEntry: guestEntry(event, entry, &line)
    case .guestExit: guestExit(event, entry, &line)
    case .injectedExit: injectedExit(event, entry, &line)
    case .pageRole: pageRole(event, entry, &line)
    case .shadowPage: shadowPage(event, entry, &line)
    case .function: function(event, entry, cpu, &line)
    case .repeats: repeats(event, entry, time: time, cpu, &line)
    case .stack: stack(event, entry, &line)
    case .rawData: rawData(event, entry, &line)
    case .graphEntry: graphEntry(event, entry, &line)
    case .graphExit: graphExit(event, entry, &line)
    case .binaryPrint: binaryPrint(event, entry, into: &line)
    }
    return true
  }

  // MARK: sched

  /// A task's name and `:`; a name not known before is known from now on.
  private func task(_ event: SpecialEvent, _ index: Int, _ pid: UInt64, _ entry: RawSpan, _ line: inout TextBuffer) {
    guard let name = event.text(index, entry) else { return }
    line.appendEscaped(name)
    line.append(UInt8(ascii: ":"))
    let pid = Int32(truncatingIfNeeded: pid)
    tasks.learn(pid, name)
  }

  private func taskSwitch(_ event: SpecialEvent, _ entry: RawSpan, _ line: inout TextBuffer) {
    let previous = event.value(0, entry, order) ?? 0
    task(event, 5, previous, entry, &line)
    line.appendDecimal(previous)
    line.append(" [")
    line.append(signed: event.value(2, entry, order))
    line.append("] ")
    states(event.value(3, entry, order) ?? 0, &line)
    line.append(" ==> ")
    let next = event.value(1, entry, order) ?? 0
    task(event, 6, next, entry, &line)
    line.appendDecimal(next)
    line.append(" [")
    line.append(signed: event.value(4, entry, order))
    line.append(UInt8(ascii: "]"))
  }

  /// The letters of the lowest bits (include/linux/sched.h, TASK_INTERRUPTIBLE and so on), as libtraceevent knows them.
  private func states(_ state: UInt64, _ line: inout TextBuffer) {
    let letters: StaticString = "SDTtZXxW"
    if state & 0xff == 0 { return line.append(UInt8(ascii: "R")) }
    var isFirst = true
    for bit in 0..<8 where state & 1 << UInt64(bit) != 0 {
      if !isFirst { line.append(UInt8(ascii: "|")) }
      isFirst = false
      line.append(RawSpan(letters).byte(at: bit) ?? 0)
    }
  }

  private func wakeup(_ event: SpecialEvent, _ entry: RawSpan, _ line: inout TextBuffer) {
    let pid = event.value(0, entry, order) ?? 0
    task(event, 1, pid, entry, &line)
    line.append(long: pid)
    if let priority = event.value(2, entry, order) {
      line.append(" [")
      line.append(long: priority)
      line.append(UInt8(ascii: "]"))
    } else {
      line.append("<CANT FIND FIELD prio>")
    }
    if let success = event.value(3, entry, order) {
      line.append(" success=")
      line.append(long: success)
    }
    if let cpu = event.value(4, entry, order) {
      line.append(" CPU:")
      line.appendDecimal(cpu, digits: 3)
    }
  }

  // MARK: timers

  private func timerStart(_ event: SpecialEvent, _ entry: RawSpan, _ line: inout TextBuffer) {
    line.append("hrtimer=0x")
    line.appendDigits(event.value(0, entry, order) ?? 0, bits: 4)
    timerFunction(event.value(3, entry, order), &line)
    line.append(" expires=")
    line.appendDecimal(event.value(1, entry, order) ?? 0)
    line.append(" softexpires=")
    line.appendDecimal(event.value(2, entry, order) ?? 0)
  }

  private func timerExpiry(_ event: SpecialEvent, _ entry: RawSpan, _ line: inout TextBuffer) {
    line.append("hrtimer=0x")
    line.appendDigits(event.value(0, entry, order) ?? 0, bits: 4)
    line.append(" now=")
    line.appendDecimal(event.value(1, entry, order) ?? 0)
    timerFunction(event.value(2, entry, order), &line)
  }

  /// ` function=hrtimer_wakeup/0x0`, in at most 127 bytes behind the `=`.
  private func timerFunction(_ address: UInt64?, _ line: inout TextBuffer) {
    guard let address else { return }
    line.append(" function=")
    let start = line.count
    if let index = names.symbols.index(at: address) {
      line.appendEscaped(names.symbols.name(index))
      line.append("/0x")
      line.appendDigits(names.symbols.address(index) &- address, bits: 4)
    } else {
      line.append("0x")
      line.appendDigits(address, bits: 4, digits: 8)
    }
    line.truncate(to: min(line.count, start + 127))
  }

  // MARK: memory and futexes

  private func callSite(_ address: UInt64, _ line: inout TextBuffer) {
    guard let index = names.symbols.index(at: address) else { return }
    line.append(UInt8(ascii: "("))
    line.appendEscaped(names.symbols.name(index))
    line.append("+0x")
    line.appendDigits((address &- names.symbols.address(index)) & 0xffff_ffff, bits: 4)
    line.append(") ")
  }

  private func flush(_ event: SpecialEvent, _ entry: RawSpan, _ line: inout TextBuffer) {
    line.append("pages=")
    line.append(long: event.value(0, entry, order) ?? 0)
    line.append(" reason=")
    let reason = event.value(1, entry, order) ?? 0
    switch reason {
    case 0: line.append("flush on task switch")
    case 1: line.append("remote shootdown")
    case 2: line.append("local shootdown")
    case 3: line.append("local mm shootdown")
    default: break
    }
    line.append(" (")
    line.append(long: reason)
    line.append(UInt8(ascii: ")"))
  }

  /// The name of each operation (include/uapi/linux/futex.h), and which of val, utime, val2, uaddr2 and val3 it has; `V` and `W` are val in
  /// decimal and hexadecimal digits, `u` and `2` utime and val2, `a` uaddr2, `3` val3.
  private static let operations: [(name: StaticString, has: String)] = [
    ("FUTEX_WAIT", "Wu"), ("FUTEX_WAKE", "V"), ("FUTEX_FD", "V"), ("FUTEX_REQUEUE", "V2a"), ("FUTEX_CMP_REQUEUE", "V2a3"),
    ("FUTEX_WAKE_OP", "V2a3"), ("FUTEX_LOCK_PI", "u"), ("FUTEX_UNLOCK_PI", ""), ("FUTEX_TRYLOCK_PI", ""), ("FUTEX_WAIT_BITSET", "Wu3"),
    ("FUTEX_WAKE_BITSET", "V3"), ("FUTEX_WAIT_REQUEUE_PI", "Wua3"), ("FUTEX_CMP_REQUEUE_PI", "V2a3")
  ]

  private func futex(_ event: SpecialEvent, _ entry: RawSpan, _ line: inout TextBuffer) -> Bool {
    let op = event.value(1, entry, order) ?? 0
    let command = op & ~0x180 & 0xffff_ffff
    guard op & ~0x180 < UInt64(Self.operations.count) else { return false }
    let (name, has) = Self.operations[Int(command)]
    line.append("op=")
    line.append(name)
    if op & 0x80 != 0 { line.append("|FUTEX_PRIVATE_FLAG") }
    if op & 0x100 != 0 { line.append("|FUTEX_CLOCK_REALTIME") }
    line.append(" uaddr=0x")
    line.appendDigits(event.value(0, entry, order) ?? 0, bits: 4, digits: 8)
    for letter in has.utf8 { operand(letter, event, entry, &line) }
    return true
  }

  private func operand(_ letter: UInt8, _ event: SpecialEvent, _ entry: RawSpan, _ line: inout TextBuffer) {
    let (label, index, isDecimal): (StaticString, Int, Bool) =
      switch letter {
      case UInt8(ascii: "V"): (" val=", 2, true)
      case UInt8(ascii: "W"): (" val=0x", 2, false)
      case UInt8(ascii: "u"): (" utime=0x", 3, false)
      case UInt8(ascii: "2"): (" val2=", 3, true)
      case UInt8(ascii: "a"): (" uaddr2=0x", 4, false)
      default: (" val3=0x", 5, false)
      }
    line.append(label)
    let value = event.value(index, entry, order) ?? 0
    if isDecimal { line.appendDecimal(value) } else { line.appendDigits(value, bits: 4, digits: 8) }
  }
}

extension TextBuffer {
  /// Appends the lower half of `number` with its sign.
  mutating func append(signed number: UInt64?) { append(number: number ?? 0, Conversion(letter: UInt8(ascii: "d")), count: 0) }

  /// Appends `number` with its sign.
  mutating func append(long number: UInt64) { append(number: number, Conversion(size: 2, letter: UInt8(ascii: "d")), count: 0) }
}
