internal import Bytes

extension PrintProgram {
  /// Appends what a function that libtraceevent's plugins define prints.
  func function(
    _ node: PrintNode, _ entry: RawSpan, _ printing: PrintNames, _ arguments: borrowing BinaryArguments, _ line: inout TextBuffer
  ) {
    let argument = value(node.a, entry, printing, arguments)
    switch node.op {
    case .deviceName:
      line.appendDecimal(argument >> 20 & 0xfff)
      line.append(UInt8(ascii: ":"))
      line.appendDecimal(argument & 0xfffff)
    case .milliseconds: line.append(long: argument)
    case .hypercall: if argument < Self.hypercalls.count { line.append(Self.hypercalls[Int(argument)]) }
    case .command:
      guard let start = Int(exactly: argument), start <= entry.byteCount else { return }
      line.append(command: entry.slice(start, entry.byteCount - start))
    default: break
    }
  }

  /// By their numbers (include/xen/interface/xen.h).
  private static let hypercalls: [StaticString] = [
    "(set_trap_table)", "(mmu_update)", "(set_gdt)", "(stack_switch)", "(set_callbacks)", "(fpu_taskswitch)", "(sched_op_compat)", "(dom0_op)",
    "(set_debugreg)", "(get_debugreg)", "(update_descriptor)", "", "(memory_op)", "(multicall)", "(update_va_mapping)", "(set_timer_op)",
    "(event_channel_op_compat)", "(xen_version)", "(console_io)", "(physdev_op_compat)", "(grant_table_op)", "(vm_assist)",
    "(update_va_mapping_otherdomain)", "(iret)", "(vcpu_op)", "(set_segment_base)", "(mmuext_op)", "(acm_op)", "(nmi_op)", "(sched_op)",
    "(callback_op)", "(xenoprof_op)", "(event_channel_op)", "(physdev_op)", "(hvm_op)", "", "", "", "", "", "", "", "", "", "", "", "", "",
    "(arch_0)", "(arch_1)", "(arch_2)", "(arch_3)", "(arch_4)", "(arch_5)", "(arch_6)", "(arch_7)"
  ]
}

extension TextBuffer {
  /// Appends what a SCSI command block asks for (T10 SBC-4), as libtraceevent's plugin has it.
  mutating func append(command bytes: RawSpan) {
    func number(_ range: ClosedRange<Int>) -> UInt64 { range.reduce(0) { $0 << 8 | UInt64(bytes.byte(at: $1) ?? 0) } }
    // The plugin puts 32 bits together as a number with a sign.
    func signed(_ range: ClosedRange<Int>) -> UInt64 { UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: number(range)))) }
    let code = bytes.byte(at: 0) ?? 0
    switch code {
    case 0x08, 0x0a: append(blocks: number(1...3) & 0x1fffff, number(4...4), nil)
    case 0x28, 0x2a, 0x2f, 0x41: append(blocks: signed(2...5), number(7...8), number(1...1))
    case 0xa8, 0xaa, 0xaf: append(blocks: signed(2...5), signed(6...9), number(1...1))
    case 0x88, 0x8a, 0x8f, 0x93: append(blocks: number(2...5) << 32 | signed(6...9), signed(10...13), number(1...1))
    case 0x42:
      append("regions=")
      appendDecimal(((number(7...8) &- 8) & 0xffff_ffff) / 16)
    default: append(UInt8(ascii: "-"))
    }
    guard code == 0x41 || code == 0x93 else { return }
    append(" unmap=")
    appendDecimal(number(1...1) >> 3 & 1)
  }

  private mutating func append(blocks first: UInt64, _ count: UInt64, _ protection: UInt64?) {
    append("lba=")
    appendDecimal(first)
    append(" txlen=")
    appendDecimal(count)
    guard let protection else { return }
    append(" protect=")
    appendDecimal(protection >> 5)
  }
}
