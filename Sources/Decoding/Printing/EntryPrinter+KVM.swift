internal import Bytes

// The events of KVM that libtraceevent's plugin prints.

extension EntryPrinter {
  /// ` rip 0x…` and what else a kvm_entry has.
  func guestEntry(_ event: SpecialEvent, _ entry: RawSpan, _ line: inout TextBuffer) {
    line.append(" vcpu ")
    line.appendDecimal((event.value(0, entry, order) ?? 0) & 0xffff_ffff)
    line.append(" rip 0x")
    line.appendDigits(event.value(1, entry, order) ?? 0, bits: 4)
  }

  func guestExit(_ event: SpecialEvent, _ entry: RawSpan, _ line: inout TextBuffer) {
    exitReason(event.value(0, entry, order) ?? 0, event.value(2, entry, order) ?? 1, &line)
    line.append(" rip 0x")
    line.appendDigits(event.value(1, entry, order) ?? 0, bits: 4)
    guard let one = event.value(3, entry, order), let two = event.value(4, entry, order) else { return }
    line.append(" info ")
    line.appendDigits(one, bits: 4)
    line.append(32)
    line.appendDigits(two, bits: 4)
  }

  func injectedExit(_ event: SpecialEvent, _ entry: RawSpan, _ line: inout TextBuffer) {
    exitReason(event.value(0, entry, order) ?? 0, event.value(5, entry, order) ?? 1, &line)
    for (index, label) in [(1, " info1 "), (2, " info2 "), (3, " int_info "), (4, " int_info_err ")] as [(Int, StaticString)] {
      line.append(label)
      line.appendDigits(event.value(index, entry, order) ?? 0, bits: 4)
    }
  }

  private func exitReason(_ reason: UInt64, _ isa: UInt64, _ line: inout TextBuffer) {
    line.append("reason ")
    let number = Int32(truncatingIfNeeded: reason)
    switch isa & 0xffff_ffff {
    case 1: if let name = ExitReasons.vmx[number] { return line.append(Array(name.utf8)) }
    case 2: if let name = ExitReasons.svm(number) { return line.append(Array(name.utf8)) }
    default: return line.append("UNKNOWN-ISA")
    }
    line.append("UNKNOWN (")
    line.appendDecimal(reason)
    line.append(UInt8(ascii: ")"))
  }

  /// What a page of shadow paging is for (arch/x86/include/asm/kvm_host.h, union kvm_mmu_page_role, as it was in 2012).
  func pageRole(_ event: SpecialEvent, _ entry: RawSpan, _ line: inout TextBuffer) {
    let role = event.value(0, entry, order) ?? 0
    func has(_ bit: UInt64) -> Bool { role >> bit & 1 != 0 }
    if order == .little {
      line.appendDecimal(role & 15)
      line.append(" q")
      line.appendDecimal(role >> 5 & 3)
      if has(7) { line.append(" direct") }
      line.append(32)
      line.append(Array(["---", "--x", "w--", "w-x", "-u-", "-ux", "wu-", "wux"][Int(role >> 8 & 7)].utf8))
      line.append(has(11) ? " invalid " : " ")
      for (bit, name) in [(4, "pae "), (12, "nxe "), (13, "wp")] as [(UInt64, StaticString)] {
        if !has(bit) { line.append(UInt8(ascii: "!")) }
        line.append(name)
      }
      if has(14) { line.append(" smep") }
      if has(15) { line.append(" smap") }
      if role >> 24 & 0xff != 0 { line.append(" smm") }
    } else {
      line.append("WORD: ")
      line.appendDigits(role & 0xffff_ffff, bits: 4, digits: 8)
    }
    line.append(" root ")
    line.appendDecimal((event.value(1, entry, order) ?? 0) & 0xffff_ffff)
    line.append(32)
    line.append((event.value(2, entry, order) ?? 0) != 0 ? "unsync" : "sync")
  }

  func shadowPage(_ event: SpecialEvent, _ entry: RawSpan, _ line: inout TextBuffer) {
    line.append((event.value(3, entry, order) ?? 0) != 0 ? "new " : "existing ")
    line.append("sp gfn ")
    line.appendDigits(event.value(4, entry, order) ?? 0, bits: 4)
    line.append(32)
    pageRole(event, entry, &line)
  }
}

/// Why a guest was left, by the processor's numbers, as far as libtraceevent's plugin knows them.
private enum ExitReasons {
  /// Intel's (arch/x86/include/uapi/asm/vmx.h).
  static let vmx: [Int32: String] = [
    0: "EXCEPTION_NMI", 1: "EXTERNAL_INTERRUPT", 2: "TRIPLE_FAULT", 7: "PENDING_INTERRUPT", 8: "NMI_WINDOW", 9: "TASK_SWITCH", 10: "CPUID",
    12: "HLT", 13: "INVD", 14: "INVLPG", 15: "RDPMC", 16: "RDTSC", 18: "VMCALL", 19: "VMCLEAR", 20: "VMLAUNCH", 21: "VMPTRLD", 22: "VMPTRST",
    23: "VMREAD", 24: "VMRESUME", 25: "VMWRITE", 26: "VMOFF", 27: "VMON", 28: "CR_ACCESS", 29: "DR_ACCESS", 30: "IO_INSTRUCTION",
    31: "MSR_READ", 32: "MSR_WRITE", 36: "MWAIT_INSTRUCTION", 39: "MONITOR_INSTRUCTION", 40: "PAUSE_INSTRUCTION", 41: "MCE_DURING_VMENTRY",
    43: "TPR_BELOW_THRESHOLD", 44: "APIC_ACCESS", 45: "EOI_INDUCED", 48: "EPT_VIOLATION", 49: "EPT_MISCONFIG", 50: "INVEPT",
    52: "PREEMPTION_TIMER", 54: "WBINVD", 55: "XSETBV", 56: "APIC_WRITE", 58: "INVPCID", 62: "PML_FULL", 63: "XSAVES", 64: "XRSTORS"
  ]

  /// AMD's (arch/x86/include/uapi/asm/svm.h): those for registers, for exceptions, and others one after another.
  static func svm(_ number: Int32) -> String? {
    switch number {
    case 0x000, 0x003, 0x004, 0x008: "EXIT_READ_CR\(number)"
    case 0x010, 0x013, 0x014, 0x018: "EXIT_WRITE_CR\(number - 0x10)"
    case 0x020...0x027: "EXIT_READ_DR\(number - 0x20)"
    case 0x030...0x037: "EXIT_WRITE_DR\(number - 0x30)"
    case 0x060...0x08d: "EXIT_\(others[Int(number - 0x60)])"
    default: rare[number].map { "EXIT_\($0)" }
    }
  }

  private static let rare: [Int32: String] = [
    0x40: "EXCP_DE", 0x41: "EXCP_DB", 0x43: "EXCP_BP", 0x44: "EXCP_OF", 0x45: "EXCP_BR", 0x46: "EXCP_UD", 0x47: "EXCP_NM", 0x48: "EXCP_DF",
    0x4a: "EXCP_TS", 0x4b: "EXCP_NP", 0x4c: "EXCP_SS", 0x4d: "EXCP_GP", 0x4e: "EXCP_PF", 0x50: "EXCP_MF", 0x51: "EXCP_AC", 0x52: "EXCP_MC",
    0x53: "EXCP_XF", 0x400: "NPF", 0x401: "AVIC_INCOMPLETE_IPI", 0x402: "AVIC_UNACCELERATED_ACCESS", -1: "ERR"
  ]
  private static let others = [
    "INTR", "NMI", "SMI", "INIT", "VINTR", "CR0_SEL_WRITE", "IDTR_READ", "GDTR_READ", "LDTR_READ", "TR_READ", "IDTR_WRITE", "GDTR_WRITE",
    "LDTR_WRITE", "TR_WRITE", "RDTSC", "RDPMC", "PUSHF", "POPF", "CPUID", "RSM", "IRET", "SWINT", "INVD", "PAUSE", "HLT", "INVLPG", "INVLPGA",
    "IOIO", "MSR", "TASK_SWITCH", "FERR_FREEZE", "SHUTDOWN", "VMRUN", "VMMCALL", "VMLOAD", "VMSAVE", "STGI", "CLGI", "SKINIT", "RDTSCP", "ICEBP",
    "WBINVD", "MONITOR", "MWAIT", "MWAIT_COND", "XSETBV"
  ]
}
