internal import Bytes

/// What each CPU was doing, told from the text: by its columns of letters, or where it has none from the interrupts' own events.
struct TextContext {
  /// A CPU without letters: how many hard interrupts it is in, and whether it serves a soft one.
  private struct CPU {
    var hardirqs: UInt8 = 0
    var isInSoftirq = false

    var flags: ContextFlags {
      var flags: ContextFlags = hardirqs > 0 ? .hardirq : []
      if isInSoftirq { flags.insert(.softirq) }
      return flags
    }
  }

  private var cpus: [CPU] = []

  /// The flags of an event of `kind` on `cpu`, whose entry or exit changes what comes after it.
  mutating func pass(_ kind: EventKind, cpu: Int32) -> ContextFlags {
    let index = Int(cpu)
    while index >= cpus.count { cpus.append(CPU()) }
    switch kind {
    case .irqHandlerEntry: cpus[index].hardirqs = min(cpus[index].hardirqs, 15) + 1
    case .softirqEntry: cpus[index] = CPU(hardirqs: 0, isInSoftirq: true)
    // No task is switched to inside an interrupt, so whatever had begun has ended unseen.
    case .schedSwitch: cpus[index] = CPU()
    default: break
    }
    let flags = cpus[index].flags
    switch kind {
    case .irqHandlerExit: cpus[index].hardirqs -= min(cpus[index].hardirqs, 1)
    case .softirqExit: cpus[index] = CPU()
    default: break
    }
    return flags
  }

  /// The flags of an event on `cpu` that changes nothing.
  func now(cpu: Int32) -> ContextFlags { cpus.indices.contains(Int(cpu)) ? cpus[Int(cpu)].flags : [] }

  /// Events of `cpu` were lost: what it is doing is no longer known.
  mutating func forget(cpu: Int32) {
    if cpus.indices.contains(Int(cpu)) { cpus[Int(cpu)] = CPU() }
  }

  /// The flags that the letters `d.h1.` stand for (kernel/trace/trace_output.c, trace_print_lat_fmt).
  static func flags(letters: RawSpan) -> ContextFlags {
    var flags: UInt8 =
      switch letters.byte(at: 0) {
      case UInt8(ascii: "d"): 0x01
      case UInt8(ascii: "D"): 0x81
      case UInt8(ascii: "b"): 0x80
      case UInt8(ascii: "X"): 0x02
      default: 0
      }
    switch letters.byte(at: 1) {
    case UInt8(ascii: "B"): flags |= 0x26
    case UInt8(ascii: "N"): flags |= 0x24
    case UInt8(ascii: "L"): flags |= 0x22
    case UInt8(ascii: "p"): flags |= 0x20
    case UInt8(ascii: "b"): flags |= 0x06
    case UInt8(ascii: "n"): flags |= 0x04
    case UInt8(ascii: "l"): flags |= 0x02
    default: break
    }
    // PREEMPT_RT before 5.15 has a column for the lazy reschedule before this one.
    let interrupt = interrupt(letters.byte(at: 2))
    return ContextFlags(rawValue: flags | (interrupt != 0 ? interrupt : Self.interrupt(letters.byte(at: 3))))
  }

  private static func interrupt(_ letter: UInt8?) -> UInt8 {
    switch letter {
    case UInt8(ascii: "Z"): 0x48
    case UInt8(ascii: "z"): 0x40
    case UInt8(ascii: "H"): 0x18
    case UInt8(ascii: "h"): 0x08
    case UInt8(ascii: "s"): 0x10
    default: 0
    }
  }
}
