internal import Bytes

// The tracers function and function_graph, and stacks.

extension EntryPrinter {
  /// A function, further to the right the deeper it seems to be called.
  func function(_ event: SpecialEvent, _ entry: RawSpan, _ cpu: Int32, _ line: inout TextBuffer) {
    let address = event.value(0, entry, order) ?? 0
    let function = names.symbols.index(at: address)
    if let parent = names.symbols.index(at: event.value(1, entry, order) ?? 0) {
      line.append(32, times: 3 * calls.depth(of: function, calledBy: parent, cpu, names.symbols))
    }
    symbol(function, address, prefix: "0x", &line)
  }

  private func symbol(_ index: Int?, _ address: UInt64, prefix: StaticString, _ line: inout TextBuffer) {
    if let index { return line.appendEscaped(names.symbols.name(index)) }
    line.append(prefix)
    line.appendDigits(address, bits: 4)
  }

  func repeats(_ event: SpecialEvent, _ entry: RawSpan, time: UInt64, _ cpu: Int32, _ line: inout TextBuffer) {
    function(event, entry, cpu, &line)
    line.append(" (count: ")
    line.append(long: event.value(2, entry, order) ?? 0)
    line.append("  last_ts: ")
    let delta = (event.value(3, entry, order) ?? 0) << 32 | (event.value(4, entry, order) ?? 0)
    line.append(microseconds: time &- delta)
    line.append(UInt8(ascii: ")"))
  }

  /// The functions of a stack, one a line, up to the end of the entry or an address of all ones.
  func stack(_ event: SpecialEvent, _ entry: RawSpan, _ line: inout TextBuffer) {
    line.append("<stack trace >\n")
    guard var at = event.field(0)?.offset else { return }
    while let address = entry.unsigned(at: at, size: longSize, order) {
      if longSize == 8 && address == .max || address & 0xffff_ffff == 0xffff_ffff { return }
      line.append("=> ")
      if let index = names.symbols.index(at: address) {
        line.appendEscaped(names.symbols.name(index))
        line.append(" (")
        line.appendDigits(address, bits: 4)
        line.append(")\n")
      } else {
        line.appendDigits(address, bits: 4)
        line.append(10)
      }
      at += longSize
    }
  }

  func rawData(_ event: SpecialEvent, _ entry: RawSpan, _ line: inout TextBuffer) {
    line.append("# ")
    line.appendDigits(event.value(0, entry, order) ?? 0, bits: 4)
    var at = event.field(1)?.offset ?? entry.byteCount
    while let byte = entry.byte(at: at) {
      line.append(32)
      line.appendDigits(UInt64(byte), bits: 4, digits: 2)
      at += 1
    }
  }

  // MARK: function_graph

  /// `                   |  do_IRQ() {`.
  func graphEntry(_ event: SpecialEvent, _ entry: RawSpan, _ line: inout TextBuffer) {
    line.append("             |  ")
    called(event, entry, "() {", &line)
  }

  /// A function that called no other that was traced, with the time between its entry and `exit`.
  func graphLeaf(_ event: SpecialEvent, _ entry: RawSpan, _ exitEvent: SpecialEvent, _ exit: RawSpan, _ line: inout TextBuffer) {
    duration(exitEvent, exit, &line)
    called(event, entry, "();", &line)
  }

  func graphExit(_ event: SpecialEvent, _ entry: RawSpan, _ line: inout TextBuffer) {
    duration(event, entry, &line)
    indent(event, entry, &line)
    line.append(UInt8(ascii: "}"))
  }

  private func called(_ event: SpecialEvent, _ entry: RawSpan, _ end: StaticString, _ line: inout TextBuffer) {
    indent(event, entry, &line)
    let address = event.value(0, entry, order) ?? 0
    symbol(names.symbols.index(at: address), address, prefix: "", &line)
    line.append(end)
  }

  /// Two spaces a level. Kernels trace fifty levels at most (FTRACE_RETFUNC_DEPTH).
  private func indent(_ event: SpecialEvent, _ entry: RawSpan, _ line: inout TextBuffer) {
    let depth = Int32(truncatingIfNeeded: (event.value(1, entry, order) ?? 0) &* 2)
    line.append(32, times: Int(min(depth, Conversion.widest)))
  }

  /// `+ 12.345 us   |  `.
  private func duration(_ event: SpecialEvent, _ entry: RawSpan, _ line: inout TextBuffer) {
    let duration = (event.value(3, entry, order) ?? 0) &- (event.value(2, entry, order) ?? 0)
    let mark: StaticString =
      switch duration {
      case .max: "  "
      case 1_000_000_001...: "$ "
      case 1_000_001...: "# "
      case 100_001...: "! "
      case 10_001...: "+ "
      default: "  "
      }
    line.append(mark)
    let start = line.count
    line.appendDecimal(duration / 1000)
    if line.count - start < 7 {
      line.append(UInt8(ascii: "."))
      line.appendDecimal(duration % 1000, digits: 3)
    }
    let length = line.count - start
    line.append(" us ")
    line.append(32, times: 7 - length)
    line.append("|  ")
  }

  /// Whether `exit` is the end of the call that `entry` began, with nothing between: both are of one task and name one function.
  func isLeaf(_ event: SpecialEvent, _ entry: RawSpan, _ exitEvent: SpecialEvent, _ exit: RawSpan) -> Bool {
    event.kind == .graphEntry && exitEvent.kind == .graphExit && event.value(0, entry, order) == exitEvent.value(0, exit, order)
      && entry.integer(UInt32.self, at: 4, order) == exit.integer(UInt32.self, at: 4, order)
  }
}
