internal import Events

/// A departure from the reference model's rules, for the checker to find.
public enum Deviation: String, CaseIterable, Sendable {
  /// napi_poll counts a packet that nobody delivered.
  case pollWork = "R1"
  /// A packet leaves GRO with fewer bytes than went in.
  case mergedBytes = "R2"
  /// TCP takes data in order and does not announce them.
  case dataReady = "R3"
  /// An announcement wakes a task that does not wait for the socket.
  case wakings = "R4"
  /// A reader is woken and never gets a CPU.
  case reader = "R5"
  /// More bytes are copied to a reader than TCP accepted.
  case copiedBytes = "R6"
  /// A hard interrupt's exit comes before that of the one inside it.
  case nesting = "R7"
  /// A task is switched to inside a soft interrupt.
  case switching = "R8"
}

extension CPU {
  /// Whether `deviation` is to happen here and now; it happens once.
  func deviates(_ deviation: Deviation, if condition: Bool = true) -> Bool {
    guard machine.deviation == deviation, condition, machine.truth.received.count > 20 else { return false }
    machine.deviation = nil
    return true
  }

  /// Another handler begins inside handler `number`, and ends behind its end.
  func leaveOutOfOrder(_ number: Int32) {
    emit(.irqHandlerEntry(irq: 99, name: name("nested")))
    run({ $0.emit(.irqHandlerExit(irq: number)) }, { $0.emit(.irqHandlerExit(irq: 99)) }, {
      $0.emit(.irqHandlerEntry(irq: number, name: $0.name("again")))
    })
  }

  /// Another task gets the CPU for a moment.
  func switchAndBack() {
    let task = current
    let other = ksoftirqd
    emit(.schedSwitch(previous: task.pid, previousState: 0, next: other.pid, nextComm: name(other.name)), 0x01)
    current = other
    emit(.schedSwitch(previous: other.pid, previousState: 1, next: task.pid, nextComm: name(task.name)), 0x01)
    current = task
  }
}
