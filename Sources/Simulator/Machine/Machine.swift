internal import Events

/// One thing a CPU does at one time. What it leads to is handed to `CPU.run`, as a function's calls are.
typealias Step = (CPU) -> Void

/// A computer that plays the kernel's network path: a clock, CPUs that take one step after another, and what happens outside of them.
///
/// Kernel functions are extensions of `CPU`. Each is broken into steps, so that interrupts come between them and other CPUs' steps fall
/// between them in time, as on a real machine.
final class Machine {
  let kernel: Kernel
  var random: SeededGenerator
  /// Nanoseconds of the trace's clock.
  private(set) var now: UInt64 = 1_000_000_000
  private(set) var cpus: [CPU] = []
  var agenda = Agenda()
  var recording = EventRecording()
  var truth = Truth()
  let pool = PacketPool()
  var settings = MachineSettings()
  /// The rule that is to be broken.
  var injection: Injection?
  /// Switches between tasks so far.
  var switches = 0
  /// Whether the probes of `wakepath record` are there.
  var hasProbes = false
  /// Sockets by port or connection.
  var endpoints = Endpoints()
  var nics: [NIC] = []
  private var lastEvent: UInt64 = 0
  private var nextPID: Int32 = 300
  private var nextInterrupt: Int32 = 40
  private var nextNAPI: UInt32 = 0x2001

  init(kernel: Kernel, seed: UInt64, cpus count: Int) {
    self.kernel = kernel
    random = SeededGenerator(seed: seed)
    for number in 0..<count { cpus.append(CPU(Int32(number), self)) }
  }

  /// Does `action` in `delay` nanoseconds.
  func after(_ delay: Int, _ action: @escaping () -> Void) { agenda.add(now + UInt64(max(delay, 0)), action) }

  /// Plays until nothing is left to do, or until `end`.
  func play(until end: UInt64 = .max) {
    var steps = 0
    while steps < Self.stepLimit {
      var cpu: CPU?
      for candidate in cpus where candidate.isRunnable && candidate.readyAt < cpu?.readyAt ?? .max { cpu = candidate }
      let isAgenda = (agenda.nextTime ?? .max) <= (cpu?.readyAt ?? .max)
      let next = isAgenda ? agenda.nextTime : cpu?.readyAt
      guard let next, next <= end else { return }
      now = max(now, next)
      if isAgenda { agenda.popNext()?() } else { cpu?.step() }
      steps += 1
    }
  }

  /// A scenario that goes on longer would never end.
  private static let stepLimit = 400_000

  /// The time of the event that is written now; no two are equal.
  func tick() -> UInt64 {
    now = max(now, lastEvent + 1)
    lastEvent = now
    return now
  }

  func newPID() -> Int32 {
    nextPID += 1
    return nextPID
  }

  func newInterrupt() -> Int32 {
    nextInterrupt += 1
    return nextInterrupt
  }

  func newNAPI() -> UInt32 {
    nextNAPI += 1
    return nextNAPI - 1
  }
}

/// What a scenario sets of the machine.
struct MachineSettings {
  /// `netdev_max_backlog`, 1000 in the kernel.
  var backlogLimit = 1000
  /// The CPU that RPS hands packets to, or nil: each is processed where it arrived.
  var rpsTarget: Int?
  /// How likely a segment's data can join those before it in the receive queue.
  var coalescing = 0.5
  /// How likely an ACK waits for the reader or the delayed-ACK timer.
  var delayedACK = 0.3
  /// How likely data is announced before the ACK is sent (tcp_data_queue) and not after (tcp_rcv_established).
  var slowPath = 0.3
  /// Nanoseconds that a step takes.
  var stepTime = 300...2500
  /// How likely a waking task displaces the one that runs.
  var preemption = 0.3
}
