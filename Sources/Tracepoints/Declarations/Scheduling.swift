// The scheduler: include/trace/events/sched.h.

/// A task is woken.
public struct SchedWaking: EventView {
  public let body: EventBody
  @inlinable public init(_ body: EventBody) { self.body = body }

  /// The task.
  @inlinable public var pid: Int32 { body[Self.pid] }
  /// The task's name.
  @inlinable public var comm: NameID { body.name }

  @inlinable static var pid: Slot { .first }
}

/// A CPU goes from one task to another.
public struct SchedSwitch: EventView {
  public let body: EventBody
  @inlinable public init(_ body: EventBody) { self.body = body }

  /// The task that leaves the CPU.
  @inlinable public var previous: Int32 { body[Self.previous] }
  /// Its state (include/linux/sched.h); 0 where it could have gone on.
  @inlinable public var previousState: Int64 { body[Self.previousState] }
  /// The task that gets the CPU.
  @inlinable public var next: Int32 { body[Self.next] }
  /// The name of the task that gets the CPU.
  @inlinable public var nextComm: NameID { body.name }

  @inlinable static var previous: Slot { .first }
  @inlinable static var previousState: Slot { .second }
  @inlinable static var next: Slot { .third }
}

extension Tracepoint {
  static let schedWaking = Tracepoint(
    "sched", "sched_waking", .schedWaking, fields: [Field("comm", .name, .scheduler), Field("pid", SchedWaking.pid, .scheduler)],
    need: "which task the kernel wakes for the data", cost: "the wait between wakeup and running cannot be measured",
    filter: .tasks(fields: ["comm"]))

  static let schedSwitch = Tracepoint(
    "sched", "sched_switch", .schedSwitch,
    fields: [
      Field("prev_pid", SchedSwitch.previous, .scheduler), Field("prev_state", SchedSwitch.previousState, .scheduler),
      Field("next_comm", .name, .scheduler), Field("next_pid", SchedSwitch.next, .scheduler)
    ],
    need: "when the application runs, and who held the CPU before", cost: "scheduling delays and the names of tasks are unknown",
    filter: .tasks(fields: ["prev_comm", "next_comm"]))
}

extension EventBody {
  /// What `sched:sched_waking` says.
  public static func schedWaking(pid: Int32, comm: NameID) -> EventBody { EventBody(.schedWaking, comm).with(SchedWaking.pid, pid) }
  /// What `sched:sched_switch` says.
  public static func schedSwitch(previous: Int32, previousState: Int64, next: Int32, nextComm: NameID) -> EventBody {
    EventBody(.schedSwitch, nextComm).with(SchedSwitch.previous, previous).with(SchedSwitch.previousState, previousState)
      .with(SchedSwitch.next, next)
  }
}

extension Event {
  /// What `sched:sched_waking` says.
  @inlinable public var schedWaking: SchedWaking { SchedWaking(body) }
  /// What `sched:sched_switch` says.
  @inlinable public var schedSwitch: SchedSwitch { SchedSwitch(body) }
}
