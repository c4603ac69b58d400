import Events
import Journeys
import Testing

/// Who holds a CPU.
@Suite struct CPUAccountTests {
  private var account = CPUAccount()

  /// One more event of the CPU, at a time in nanoseconds.
  private mutating func at(_ time: UInt64, pid: Int32 = 7, _ body: Event.Body) -> CPUAccount.Ended? {
    account.observe(Event(time: time, cpu: 0, pid: pid, flags: [], body: body))
  }

  @Test mutating func handlersStandBeforeSoftInterruptsAndThoseBeforeTasks() {
    #expect(account.holder == nil)
    _ = at(10, .softirqRaise(vector: 3))
    #expect(account.holder == .task(7, .none))
    _ = at(20, .softirqEntry(vector: 3))
    #expect(account.holder == .softirq(3))
    _ = at(30, .irqHandlerEntry(irq: 40, name: .none))
    _ = at(31, .irqHandlerEntry(irq: 41, name: .none))
    #expect(account.holder == .hardirq(41, .none))
    #expect(account.isInHandler)
    _ = at(32, .irqHandlerExit(irq: 41))
    #expect(account.holder == .hardirq(40, .none))
    _ = at(40, .irqHandlerExit(irq: 40))
    #expect(account.holder == .softirq(3))
    _ = at(50, .softirqExit(vector: 3))
    _ = at(60, .schedSwitch(previous: 7, previousState: 1, next: 9, nextComm: .none))
    #expect(account.holder == .task(9, .none))
    #expect(account.since == 60)
  }

  /// The time of a soft interrupt is without the handlers in it, also without what is left of one that it broke into.
  @Test mutating func timeIsCountedOnce() throws {
    _ = at(100, .softirqEntry(vector: 3))
    _ = at(130, .irqHandlerEntry(irq: 40, name: .none))
    _ = at(135, .irqHandlerEntry(irq: 41, name: .none))
    #expect(at(140, .irqHandlerExit(irq: 41)) == nil)
    guard case .handlers(20) = at(150, .irqHandlerExit(irq: 40)) else {
      Issue.record("the handlers took 20 ns")
      return
    }
    guard case .softInterrupt(vector: 3, begin: 100, time: 80) = at(200, .softirqExit(vector: 3)) else {
      Issue.record("the soft interrupt took 80 ns")
      return
    }
  }

  @Test mutating func whatHasNoBeginningEndsNothing() {
    #expect(at(10, .irqHandlerExit(irq: 40)) == nil)
    #expect(at(20, .softirqExit(vector: 3)) == nil)
  }

  @Test mutating func aLossForgets() {
    _ = at(10, .softirqEntry(vector: 3))
    _ = at(20, .irqHandlerEntry(irq: 40, name: .none))
    _ = at(30, .gap(before: 25, events: 4))
    #expect(account.holder == nil)
    #expect(at(40, .irqHandlerExit(irq: 40)) == nil)
    #expect(at(50, .softirqExit(vector: 3)) == nil)
  }
}
