/// What to record, for how long, and into which file.
public struct RecordingOptions: Sendable {
  /// The trace.dat to write; a file that is there already is replaced once the recording is complete.
  public var output = "wakepath.dat"
  /// Records until this has passed; without it and without a command, until a signal comes.
  public var duration: Duration?
  /// The kernel's memory for events not yet written, for each CPU; nil takes 8 MiB, or less where memory is short.
  public var bufferBytesPerCPU: Int?
  /// The program to run while recording, and its arguments; searched in PATH. The recording ends with it.
  public var command: [String] = []
  /// Keeps only these devices' packets, in the events that name a device, and only their hard interrupts where their lines are known; empty
  /// keeps all.
  public var devices: [String] = []
  /// Records the scheduling of tasks with these names only, and of the threads that packets take their way through; empty records all.
  public var tasks: [String] = []
  /// Records the addresses, ports and TCP header of each packet, one event more for a packet, where the kernel can be asked for them.
  public var recordsFlows = true
  /// Records when drivers hand memory to their devices and take it back; one or two events more for a packet.
  public var recordsDMA = false
  /// Records in windows with pauses between them; nil records all the time.
  public var burst: Burst?
  /// Keeps only the last so many bytes of each CPU until the recording ends; nil keeps all.
  public var flightBytesPerCPU: Int?
  /// Asked about every stretch of a flight recording, as a trace.dat at the given path; true ends the recording. Without it nothing is
  /// read from the kernel before the end.
  public var trigger: (@Sendable (String) -> Bool)?
  /// The clock of the recording, one of those in the kernel's `trace_clock`.
  public var clock = "mono"

  /// Runs the command as root also where sudo was called by somebody else.
  public var runsAsRoot = false
  /// The file ends before it is larger than so many bytes; nil for no bound but the disk's.
  public var maximumBytes: Int?
  /// Starts a process that does `Supervision.run`: should this one be killed, it gives tracing back. Empty for none.
  public var supervisor: [String] = []
  /// A directory of temporary files that is to go should this process be killed.
  public var temporaryFolder: String?
  /// Told what the user should know at once, a sentence each.
  public var tell: (@Sendable (String) -> Void)?

  /// Windows of recording and the pauses between them.
  public struct Burst: Sendable, Equatable {
    public var on: Duration
    public var off: Duration

    public init(on: Duration, off: Duration) {
      self.on = on
      self.off = off
    }

    /// Whether events are disabled in the pauses, and not just not kept, which costs a third of what recording them does. To disable and enable all
    /// takes the kernel 6 ms, so that short pauses would not be worth it.
    var disablesEvents: Bool { off >= .milliseconds(100) }
  }

  public init() {}

  /// Why `name` cannot be one of `tasks`; nil if it can.
  public static func problem(ofTask name: String) -> String? { TaskFilter.problem(name) }

  /// What the recording is to say of what it leaves out.
  var notes: [String] { [InterruptLines(of: devices)?.note(devices)].compactMap(\.self) + (TaskFilter(tasks)?.notes ?? []) }

  /// The bytes that `text` means: a number with K, KiB, M, MiB, G or GiB behind it, KiB without (as for trace-cmd); nil if it is none.
  public static func bufferSize(_ text: String) -> Int? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let shifts = ["": 10, "K": 10, "KIB": 10, "KB": 10, "M": 20, "MIB": 20, "MB": 20, "G": 30, "GIB": 30, "GB": 30]
    guard let number = Int(digits), number > 0, let shift = shifts[text.dropFirst(digits.count).uppercased()] else { return nil }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: 1 << shift)
    return overflow ? nil : bytes
  }
}
