// What a recording says of itself: no tracepoint tells it.

extension EventBody {
  /// sock_def_readable was entered, which announces data (also where there is no sk_data_ready). A probe may name the socket; the function
  /// tracer does not (0). It is of any family, AF_UNIX too, and it is not said of which.
  public static func sockDefReadable(socket: UInt64) -> EventBody { EventBody(.sockDefReadable).with(Readable.socket, socket) }

  /// sock_def_readable announced data to the task that is woken next, as the stack behind that wakeup tells. Announcements that wake nobody
  /// leave no such event.
  public static var announcedByStack: EventBody { EventBody(.announcedByStack) }

  /// A recording in windows goes on: what is under way is cut.
  public static var windowBegins: EventBody { EventBody(.windowBegins) }

  /// A recording in windows pauses: what is under way is cut.
  public static var windowEnds: EventBody { EventBody(.windowEnds) }

  /// Of the hard interrupts only those of the recorded devices are in the recording.
  public static var interruptsChosen: EventBody { EventBody(.interruptsChosen) }

  /// Of scheduling only that of tasks of this name, and of others told so, is in the recording.
  public static func taskChosen(comm: NameID) -> EventBody { EventBody(.taskChosen, comm) }

  /// Events of a CPU were lost until `before`, in nanoseconds; `events` of them, if that is known.
  public static func gap(before: UInt64, events: UInt64?) -> EventBody {
    var body = EventBody(.gap).with(LostEvents.before, before).with(LostEvents.events, events ?? 0)
    body.detail = events == nil ? 0 : 1
    return body
  }
}

/// Events of a CPU were lost.
public struct LostEvents: EventView {
  public let body: EventBody
  @inlinable public init(_ body: EventBody) { self.body = body }

  /// Up to here, in nanoseconds.
  @inlinable public var before: UInt64 { body[Self.before] }
  /// So many, if that is known.
  public var events: UInt64? { body.detail == 0 ? nil : body[Self.events] }

  @inlinable static var before: Slot { .first }
  static var events: Slot { .second }
}

extension Event {
  /// A gap's values.
  @inlinable public var gap: LostEvents { LostEvents(body) }
}
