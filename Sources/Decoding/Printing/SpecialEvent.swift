internal import Bytes

/// An event that trace-cmd prints by code of its own or of libtraceevent's plugins, and not by its print format.
final class SpecialEvent: Sendable {
  enum Kind {
    case taskSwitch, wakeup, timerStart, timerExpiry, allocation, futex, flush
    case guestEntry, guestExit, injectedExit, pageRole, shadowPage
    case function, repeats, stack, rawData, graphEntry, graphExit, binaryPrint
  }

  let kind: Kind
  /// The event's fields that are printed, in the order of `names`; nil for those it does not have.
  private let fields: [PrintField?]

  private struct Way: Sendable {
    let kind: Kind
    let fields: [String]
    /// So many of them the event has to have.
    let needed: Int
  }

  private static let wakeup = Way(kind: .wakeup, fields: ["pid", "comm", "prio", "success", "target_cpu"], needed: 1)
  private static let allocation = Way(kind: .allocation, fields: ["call_site"], needed: 1)
  private static let pageRole = Way(kind: .pageRole, fields: ["role", "root_count", "unsync"], needed: 3)
  private static let ways: [String: Way] = [
    "sched:sched_switch": Way(
      kind: .taskSwitch, fields: ["prev_pid", "next_pid", "prev_prio", "prev_state", "next_prio", "prev_comm", "next_comm"], needed: 5),
    "sched:sched_wakeup": wakeup, "sched:sched_wakeup_new": wakeup,
    "timer:hrtimer_start": Way(kind: .timerStart, fields: ["hrtimer", "expires", "softexpires", "function"], needed: 3),
    "timer:hrtimer_expire_entry": Way(kind: .timerExpiry, fields: ["hrtimer", "now", "function"], needed: 2),
    "kmem:kfree": allocation, "kmem:kmalloc": allocation, "kmem:kmalloc_node": allocation, "kmem:kmem_cache_alloc": allocation,
    "kmem:kmem_cache_alloc_node": allocation, "kmem:kmem_cache_free": allocation,
    "syscalls:sys_enter_futex": Way(kind: .futex, fields: ["uaddr", "op", "val", "utime", "uaddr2", "val3"], needed: 6),
    "tlb:tlb_flush": Way(kind: .flush, fields: ["pages", "reason"], needed: 2),
    "kvm:kvm_entry": Way(kind: .guestEntry, fields: ["vcpu_id", "rip"], needed: 2),
    "kvm:kvm_exit": Way(kind: .guestExit, fields: ["exit_reason", "guest_rip", "isa", "info1", "info2"], needed: 2),
    "kvm:kvm_nested_vmexit_inject": Way(
      kind: .injectedExit, fields: ["exit_code", "exit_info1", "exit_info2", "exit_int_info", "exit_int_info_err", "isa"], needed: 5),
    "kvmmmu:kvm_mmu_get_page": Way(kind: .shadowPage, fields: ["role", "root_count", "unsync", "created", "gfn"], needed: 5),
    "kvmmmu:kvm_mmu_sync_page": pageRole, "kvmmmu:kvm_mmu_unsync_page": pageRole, "kvmmmu:kvm_mmu_zap_page": pageRole,
    "kvmmmu:kvm_mmu_prepare_zap_page": pageRole,
    "ftrace:function": Way(kind: .function, fields: ["ip", "parent_ip"], needed: 2),
    "ftrace:func_repeats": Way(kind: .repeats, fields: ["ip", "parent_ip", "count", "top_delta_ts", "bottom_delta_ts"], needed: 5),
    "ftrace:kernel_stack": Way(kind: .stack, fields: ["caller"], needed: 1),
    "ftrace:raw_data": Way(kind: .rawData, fields: ["id", "buf"], needed: 2),
    "ftrace:funcgraph_entry": Way(kind: .graphEntry, fields: ["func", "depth"], needed: 2),
    "ftrace:funcgraph_exit": Way(kind: .graphExit, fields: ["func", "depth", "calltime", "rettime"], needed: 4),
    "ftrace:bprint": Way(kind: .binaryPrint, fields: ["ip", "fmt", "buf"], needed: 3)
  ]

  /// How `format` is printed otherwise, or nil; without plugins, which perf does not have, only trace_printk is.
  init?(_ format: EventFormat, usesPlugins: Bool) {
    guard let way = Self.ways["\(format.system):\(format.name)"], usesPlugins || way.kind == .binaryPrint else { return nil }
    fields = way.fields.map { name in
      // Kernels before 2.6.36 called the timer so.
      let found = format.field(name) ?? (name == "hrtimer" ? format.field("timer") : nil)
      return found.map(PrintField.init)
    }
    guard fields.prefix(way.needed).allSatisfy({ $0 != nil }) else { return nil }
    kind = way.kind
  }

  /// Field `index` of `entry` as a number, or nil if the event does not have it; 0 where the entry ends before it.
  func value(_ index: Int, _ entry: RawSpan, _ order: ByteOrder) -> UInt64? {
    fields[index].map { entry.unsigned(at: $0.offset, size: $0.size, order) ?? 0 }
  }

  /// Field `index`, or nil if the event does not have it.
  func field(_ index: Int) -> PrintField? { fields[index] }

  /// The text in field `index` of `entry`, or nil if the event does not have it.
  @_lifetime(copy entry)
  func text(_ index: Int, _ entry: RawSpan) -> RawSpan? {
    guard let field = fields[index] else { return nil }
    let bytes = entry.slice(field.offset, min(field.size, max(entry.byteCount - field.offset, 0)))
    return bytes.slice(0, bytes.lengthToZero)
  }
}
