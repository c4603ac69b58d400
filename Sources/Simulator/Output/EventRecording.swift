public import Events

/// The events that a machine wrote, in order of time.
public struct EventRecording {
  public private(set) var events: [Event] = []
  /// The strings and flows that events name by id.
  public internal(set) var names = NameTable()
  public internal(set) var flows = FlowTable()
  /// Tasks by pid.
  public internal(set) var tasks: [Int32: String] = [:]

  /// The kinds of event that a kernel of this generation has, of those that a machine writes.
  static func kinds(of kernel: Kernel, hasProbes: Bool) -> Set<EventKind> {
    let own = Set(EventFormats.all(kernel).map(\.kind))
    return hasProbes ? own.union([.flow, .flowSent]) : own
  }

  /// Keeps what a kernel of this generation writes.
  mutating func append(_ event: Event, _ kernel: Kernel) {
    switch event.kind {
    case .skDataReady, .sockRecvLength, .sockSendLength: if kernel.hasDataReady { events.append(event) }
    default: events.append(event)
    }
  }
}
