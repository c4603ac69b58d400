/// What a recording came to.
public struct RecordingSummary: Sendable {
  /// Why the recording ended.
  public enum End: Sendable, Equatable {
    case commandEnded
    case durationPassed
    /// A signal that asked for it, by number.
    case signal(Int32)
    /// What the flight recorder was waiting for has happened.
    case triggered
    /// The file has come to the size that it may have.
    case sizeReached
    /// What is left of the disk is kept free.
    case diskFull
  }

  /// How the recorded command fared.
  public enum CommandStatus: Sendable, Equatable {
    case exited(Int32)
    /// Ended by this signal.
    case killed(Int32)
    /// Did not end when it was asked to (SIGTERM), and runs on.
    case running
  }

  /// What the kernel counted on one CPU (`per_cpu/cpuN/stats`).
  public struct CPU: Sendable, Equatable {
    public var cpu: Int
    /// Events in the file.
    public var events: Int
    /// Events that were overwritten before they were read, or found no room: lost.
    public var lost: Int
    /// Events that a flight recorder let go because later ones needed their place.
    public var letGo: Int
    /// Bytes of ring-buffer pages in the file.
    public var bytes: Int
  }

  /// The file, as the user named it.
  public var output: String
  public var end: End
  /// How long events were recorded.
  public var duration: Duration
  /// nil if no command was given.
  public var command: CommandStatus?
  /// The size of the file in bytes.
  public var bytes: Int
  public var cpus: [CPU]
  /// Events that this kernel does not have, with what their absence costs.
  public var skipped: [RecordedEvent]
  /// What else the user should know, one sentence each: leftovers that were removed, a smaller buffer than asked for.
  public var notes: [String]

  /// Events in the file.
  public var events: Int { cpus.reduce(0) { $0 + $1.events } }
  /// Events let go by a flight recorder.
  public var letGo: Int { cpus.reduce(0) { $0 + $1.letGo } }
  /// Events lost.
  public var lost: Int { cpus.reduce(0) { $0 + $1.lost } }
}
