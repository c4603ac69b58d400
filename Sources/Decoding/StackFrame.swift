internal import Bytes

/// What a function in a stack says of the event that the stack is of. Frames are looked at from the innermost outwards.
public enum StackFrame: Sendable {
  /// `sock_def_readable` (net/core/sock.c): it announces data.
  case readable
  /// An interrupt or soft interrupt begins here: what lies further out was interrupted, and has not called.
  case interruption
  case other

  /// The frame of the function `name`.
  public init(_ name: RawSpan) {
    if name.has(Self.readableName, at: 0), name.byteCount == Self.readableName.utf8CodeUnitCount {
      self = .readable
    } else {
      self = Self.isInterruption(name) ? .interruption : .other
    }
  }

  private static let readableName: StaticString = "sock_def_readable"

  private static func isInterruption(_ name: RawSpan) -> Bool {
    switch name.byte(at: 0) {
    // `asm_common_interrupt`, `asm_sysvec_apic_timer_interrupt` … (arch/x86/include/asm/idtentry.h).
    case UInt8(ascii: "a"): name.has("asm_", at: 0)
    // `el1h_64_irq`, `el1_interrupt` (arch/arm64/kernel/entry-common.c); taken from the source, no recording has shown them.
    case UInt8(ascii: "e"): name.has("el1h_64_", at: 0) || name.has("el1_", at: 0)
    case UInt8(ascii: "g"): name.has("generic_handle_", at: 0)
    case UInt8(ascii: "h"): name.has("handle_irq_event", at: 0) || name.has("handle_softirqs", at: 0)
    // The last is where the section begins that `__do_softirq` stands first in; tables of symbols may name it so.
    case UInt8(ascii: "_"):
      name.has("__handle_irq_event", at: 0) || name.has("__do_softirq", at: 0) || name.has("__softirqentry_text_start", at: 0)
    default: false
    }
  }
}
