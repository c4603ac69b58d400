internal import Events

/// R7: interrupt handlers end in the reverse order of their beginning, and nothing but interrupts happens before they end.
struct NestingCheck: Sendable {
  private struct CPU {
    /// The interrupts whose handlers run, innermost last.
    var handlers: [Int32] = []
    /// Both events have been seen here: recordings begin and end event by event.
    var hasEntry = false
    var hasExit = false
    /// A handler without an end; it counts once a later end shows that ends are still recorded.
    var suspect: (irq: Int32, event: Event)?
  }

  private var cpus: [CPU] = []
  private(set) var count = RuleCount()

  private static let nmi = ContextFlags(rawValue: 0x40)

  mutating func observe(_ e: Event, _ log: inout DeviationLog) {
    guard e.cpu >= 0 else { return }
    let cpu = Int(e.cpu)
    while cpus.count <= cpu { cpus.append(CPU()) }
    switch e.kind {
    case .gap: cpus[cpu] = CPU()
    case .irqHandlerEntry:
      cpus[cpu].hasEntry = true
      // An interrupt that was lost is resent from a tasklet, outside of hard interrupts.
      guard e.flags.contains(.hardirq) else { return }
      if cpus[cpu].handlers.count >= 16 { cpus[cpu].handlers.removeAll() }
      cpus[cpu].handlers.append(e.irqHandlerEntry.irq)
    case .irqHandlerExit: if e.flags.contains(.hardirq) { exit(e, cpu, e.irqHandlerExit.irq, &log) }
    default:
      guard !cpus[cpu].handlers.isEmpty, !e.flags.contains(.hardirq), !e.flags.contains(Self.nmi) else { return }
      if cpus[cpu].hasExit, let irq = cpus[cpu].handlers.last { cpus[cpu].suspect = (irq, e) }
      cpus[cpu].handlers.removeAll()
    }
  }

  private mutating func exit(_ e: Event, _ cpu: Int, _ irq: Int32, _ log: inout DeviationLog) {
    if let suspect = cpus[cpu].suspect {
      cpus[cpu].suspect = nil
      count.checked += 1
      log.note(.r7, kind: 0, at: suspect.event) {
        ("the handler of interrupt \(suspect.irq) was still open on CPU \(e.cpu) when a task or soft interrupt went on", "its irq_handler_exit")
      }
    }
    defer { cpus[cpu].hasExit = true }
    if cpus[cpu].handlers.last == irq {
      count.checked += 1
      cpus[cpu].handlers.removeLast()
      return
    }
    guard cpus[cpu].hasEntry, cpus[cpu].hasExit else {
      count.excused += 1
      return
    }
    count.checked += 1
    let open = cpus[cpu].handlers
    log.note(.r7, kind: 1, at: e) {
      let what = open.last.map { "while that of interrupt \($0) was the innermost" } ?? "without having begun"
      return ("the handler of interrupt \(irq) ended on CPU \(e.cpu) \(what)", "the innermost handler to end first")
    }
    if let place = open.lastIndex(of: irq) { cpus[cpu].handlers.removeSubrange(place...) }
  }
}
