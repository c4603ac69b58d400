internal import Events
internal import Journeys

/// S3, S4 and S6a: what hard and soft interrupts do.
struct InterruptClaims: Sendable {
  private struct CPU {
    /// Who holds it.
    var account = CPUAccount()
    /// What the outermost of the handlers that run has done.
    var hasRaised = false
    var hasTouched = false
    /// NET_RX was asked for and has not run since.
    var isAsked = false
    /// It was asked for more than once before it ran: if a pass had begun in between, the next pass answers the second request.
    var isAskedTwice = false
    /// The run of NET_RX that is going on was not asked for.
    var isUnasked = false
    /// It has polled a NAPI instance.
    var hasPolled = false
    var mayRunAgain = false
    var askedAt: UInt64 = 0
    /// A run of NET_RX has been seen: before, it may have been asked for before the recording.
    var isSynchronised = false
    /// Nanoseconds in handlers that asked for NET_RX, and in NET_TX and NET_RX.
    var hardTime: UInt64 = 0
    var softTime: UInt64 = 0
    /// Nanoseconds in all handlers, and in all soft interrupts.
    var allHardTime: UInt64 = 0
    var allSoftTime: UInt64 = 0
  }

  private var cpus: [CPU] = []
  private var hasAllInterrupts = true
  private var brief = 0
  private var busy = 0
  private var briefTime: UInt64 = 0
  private var answered = 0
  private var waited = 0
  private var unasked = 0
  private var waits: UInt64 = 0

  mutating func observe(_ e: Event) {
    guard e.cpu >= 0 else { return }
    let cpu = Int(e.cpu)
    while cpus.count <= cpu { cpus.append(CPU()) }
    switch e.kind {
    case .gap:
      let before = cpus[cpu]
      cpus[cpu] = CPU()
      (cpus[cpu].hardTime, cpus[cpu].softTime) = (before.hardTime, before.softTime)
      (cpus[cpu].allHardTime, cpus[cpu].allSoftTime) = (before.allHardTime, before.allSoftTime)
    case .interruptsChosen: hasAllInterrupts = false
    case .irqHandlerEntry: if e.flags.contains(.hardirq) { enter(e, cpu) }
    case .irqHandlerExit: if e.flags.contains(.hardirq) { exit(e, cpu) }
    case .softirqRaise: if e.softirqRaise.vector == SoftIRQ.netRX { ask(e, cpu) }
    case .softirqEntry: beginSoft(e, cpu, e.softirqEntry.vector)
    case .softirqExit: endSoft(e, cpu)
    case .napiPoll: cpus[cpu].hasPolled = true
    case .groEntry, .netifReceiveSkb, .tcpProbe, .skDataReady: if e.flags.contains(.hardirq) { cpus[cpu].hasTouched = true }
    default: break
    }
  }

  private mutating func enter(_ e: Event, _ cpu: Int) {
    if !cpus[cpu].account.isInHandler {
      cpus[cpu].hasRaised = false
      cpus[cpu].hasTouched = false
    }
    cpus[cpu].account.observe(e)
  }

  private mutating func exit(_ e: Event, _ cpu: Int) {
    guard case .handlers(let time) = cpus[cpu].account.observe(e) else { return }
    cpus[cpu].allHardTime &+= time
    if cpus[cpu].hasRaised || cpus[cpu].hasTouched { cpus[cpu].hardTime &+= time }
    if cpus[cpu].hasTouched {
      busy += 1
    } else if cpus[cpu].hasRaised {
      brief += 1
      briefTime &+= time
    }
  }

  private mutating func ask(_ e: Event, _ cpu: Int) {
    if e.flags.contains(.hardirq), cpus[cpu].account.isInHandler { cpus[cpu].hasRaised = true }
    if cpus[cpu].isAsked { cpus[cpu].isAskedTwice = true } else { cpus[cpu].askedAt = e.time }
    cpus[cpu].isAsked = true
  }

  private mutating func beginSoft(_ e: Event, _ cpu: Int, _ vector: Int32) {
    cpus[cpu].account.observe(e)
    cpus[cpu].hasPolled = false
    guard vector == SoftIRQ.netRX else { return }
    if cpus[cpu].isAsked {
      answered += 1
      waited += 1
      waits &+= e.time.since(cpus[cpu].askedAt)
    } else if cpus[cpu].mayRunAgain {
      answered += 1
    } else {
      cpus[cpu].isUnasked = cpus[cpu].isSynchronised
    }
    cpus[cpu].isSynchronised = true
    cpus[cpu].mayRunAgain = cpus[cpu].isAskedTwice
    cpus[cpu].isAsked = false
    cpus[cpu].isAskedTwice = false
  }

  private mutating func endSoft(_ e: Event, _ cpu: Int) {
    guard case .softInterrupt(let vector, _, let time) = cpus[cpu].account.observe(e) else { return }
    cpus[cpu].allSoftTime &+= time
    // A run that finds nothing to poll answers a request whose work an earlier run has done.
    if cpus[cpu].isUnasked, cpus[cpu].hasPolled { unasked += 1 }
    cpus[cpu].isUnasked = false
    if vector == SoftIRQ.netRX || vector == SoftIRQ.netTX { cpus[cpu].softTime &+= time }
  }

  /// S3: handlers ask for NET_RX and touch no packet.
  func handlers(_ claim: Claim) -> ClaimResult {
    let mean = brief > 0 ? briefTime / UInt64(brief) : 0
    return ClaimResult(
      claim, by: .trace, for: brief, against: busy,
      detail: "\(brief) handlers asked for NET_RX and touched no packet, \(mean) ns each on average; \(busy) touched one")
  }

  /// S4: NET_RX runs where it was asked for.
  func requests(_ claim: Claim) -> ClaimResult {
    let mean = waited > 0 ? waits / UInt64(waited) : 0
    return ClaimResult(
      claim, by: .trace, for: answered, against: unasked,
      detail: "\(answered) runs of NET_RX were asked for, \(mean) ns before on average; \(unasked) were not")
  }

  /// S6a: more time goes to soft than to hard interrupts.
  func times(_ claim: Claim) -> ClaimResult {
    let hard = cpus.reduce(0) { $0 &+ $1.hardTime }
    let soft = cpus.reduce(0) { $0 &+ $1.softTime }
    guard hard > 0 || soft > 0 else { return .unobserved(claim, by: .trace, because: "no interrupt of a network device was seen") }
    let (more, less) = (cpus.count { $0.softTime > $0.hardTime }, cpus.count { $0.softTime < $0.hardTime })
    let all = (cpus.reduce(0) { $0 &+ $1.allSoftTime }, cpus.reduce(0) { $0 &+ $1.allHardTime })
    return ClaimResult(
      claim, by: .trace, soft > hard ? .confirmed : .refuted, for: more, against: less,
      detail: "\(soft / 1000) µs in NET_RX and NET_TX, \(hard / 1000) µs in handlers that asked for them; with everything else "
        + "\(all.0 / 1000) µs in soft and \(all.1 / 1000) µs in hard interrupts"
        + (hasAllInterrupts ? "" : ", of which other devices' are not in the recording"))
  }
}
