internal import Events

/// Where an event was written, in three bits: what a machine's `in` and `outside` ask for.
struct EventPlace {
  let rawValue: UInt8

  static let all = (0..<UInt8(8)).map { EventPlace(rawValue: $0) }

  func contains(_ place: Machine.Place) -> Bool {
    switch place {
    case .hardInterrupt: rawValue & 1 != 0
    case .softInterrupt: rawValue & 2 != 0
    case .nmi: rawValue & 4 != 0
    }
  }
}

extension Event {
  /// A number for the context that a chain of events belongs to: the CPU's soft interrupt, or the task.
  var contextKey: UInt64 {
    flags.contains(.softirq) ? UInt64(UInt32(bitPattern: cpu)) : 1 << 32 | UInt64(UInt32(bitPattern: pid))
  }

  /// The tasks that it names.
  var scheduledTasks: NamedTasks {
    var tasks = NamedTasks(current: pid)
    switch kind {
    case .schedWaking: tasks.woken = schedWaking.pid
    case .schedSwitch: (tasks.previous, tasks.next) = (schedSwitch.previous, schedSwitch.next)
    default: break
    }
    return tasks
  }

  /// The number of the interrupt whose handler begins or ends, else -1.
  var interrupt: Int32 {
    switch kind {
    case .irqHandlerEntry: irqHandlerEntry.irq
    case .irqHandlerExit: irqHandlerExit.irq
    default: -1
    }
  }
}
