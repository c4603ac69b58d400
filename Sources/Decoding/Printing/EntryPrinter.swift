internal import Bytes

/// Prints the entries that one catalog describes: what is compiled and learned on the way stays here.
final class EntryPrinter {
  /// The events met so far by type, one more; 0 for those not met.
  private var indices = [UInt32](repeating: 0, count: 1 << 16)
  private var events: [EventPrinting?] = []
  let names: PrintNames
  var tasks: CommandLines
  var heads = TaskHeads()
  var calls = CallStacks()
  private var printks: [UInt64: PrintProgram?] = [:]
  let order: ByteOrder
  let longSize: Int

  init(_ names: PrintNames, commandLines: [UInt8], order: ByteOrder, longSize: Int) {
    self.names = names
    tasks = CommandLines(commandLines)
    self.order = order
    self.longSize = longSize
  }

  /// How events of `type` are printed, or nil if `catalog` does not describe them.
  @inline(__always)
  func event(_ type: UInt16, _ catalog: FormatCatalog) -> EventPrinting? {
    let index = Int(indices[Int(type)])
    return index > 0 ? events[index &- 1] : meet(type, catalog)
  }

  @inline(never)
  private func meet(_ type: UInt16, _ catalog: FormatCatalog) -> EventPrinting? {
    let event = catalog.format(id: Int(type)).map { EventPrinting($0, catalog.text(ofFormat: Int(type)), catalog) }
    events.append(event)
    indices[Int(type)] = UInt32(events.count)
    return event
  }

  /// Appends what a line of task `pid` begins with.
  @inline(__always)
  func appendTask(_ pid: Int32, to line: inout TextBuffer) {
    if !heads.append(pid, to: &line) { heads.make(pid, &tasks, to: &line) }
  }

  /// Appends what `event` says, as `trace-cmd report` prints it.
  func describe(_ event: EventPrinting, _ entry: RawSpan, time: UInt64, cpu: Int32, into line: inout TextBuffer) {
    if let special = event.special, print(special, entry, time: time, cpu: cpu, into: &line) { return }
    if let program = event.program { return program.print(entry, names, into: &line) }
    line.append("[FAILED TO PARSE]")
    event.rawFields.print(entry, into: &line)
  }

  /// Appends what a trace_printk says that is recorded by its format's address and arguments.
  func binaryPrint(_ special: SpecialEvent, _ entry: RawSpan, into line: inout TextBuffer) {
    let instruction = special.value(0, entry, order) ?? 0
    let address = special.value(1, entry, order) ?? 0
    if let format = names.printkFormat(at: address) {
      let known = printks[address] ?? compile(format, at: address)
      if let known {
        let start = special.field(2)?.offset ?? 0
        let arguments = BinaryArguments(format, instruction: instruction, entry, from: start, order, longSize: longSize)
        return known.print(entry, names, arguments, into: &line)
      }
    }
    names.append(symbolAt: instruction, hasOffset: false, longSize: longSize, to: &line)
    line.append(": (NO FORMAT FOUND at ")
    line.appendDigits(address, bits: 4)
    line.append(")\n")
  }

  private func compile(_ format: [UInt8], at address: UInt64) -> PrintProgram? {
    let program = try? PrintProgram(printk: Array("%ps: ".utf8) + format, order: order, longSize: longSize)
    printks[address] = .some(program)
    return program
  }
}
