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
  /// Keeps only these devices' packets, in the events that name a device; empty keeps all.
  public var devices: [String] = []
  /// The clock of the recording, one of those in the kernel's `trace_clock`.
  public var clock = "mono"

  public init() {}

  /// The bytes that `text` means: a number with K, KiB, M, MiB, G or GiB behind it, KiB without (as for trace-cmd); nil if it is none.
  public static func bufferSize(_ text: String) -> Int? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let shifts = ["": 10, "K": 10, "KIB": 10, "KB": 10, "M": 20, "MIB": 20, "MB": 20, "G": 30, "GIB": 30, "GB": 30]
    guard let number = Int(digits), number > 0, let shift = shifts[text.dropFirst(digits.count).uppercased()] else { return nil }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: 1 << shift)
    return overflow ? nil : bytes
  }
}
