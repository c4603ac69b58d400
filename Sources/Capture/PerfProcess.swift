internal import Linux
internal import SystemPackage

/// A running `perf record`.
///
/// It does not run the user's command, which is not root's, but a gate: a shell that says that recording has begun and waits for the end of its input,
/// which comes when this process closes it, or is no more, however it ended. So perf never outlives the recorder.
struct PerfProcess {
  private let perf: Workload
  private let gate: FileDescriptor

  /// Its file, in the recording's folder.
  static let file = "perf.data"

  /// What `perf record` is asked for.
  static func arguments(for events: [RecordedEvent], _ options: RecordingOptions, _ filter: ((String) -> String)?) -> [String] {
    // Without a cache of build ids, which perf would keep below HOME, or here.
    var arguments = ["record", "-q", "-N", "-a", "-k", "CLOCK_MONOTONIC", "-m", "\(size(options) >> 10)K", "-o", file]
    if let maximum = options.maximumBytes { arguments += ["--max-size", "\(max(maximum >> 10, 1))K"] }
    for event in events {
      arguments += ["-e", event.fullName]
      if let condition = event.condition(keeping: filter) { arguments += ["--filter", condition] }
    }
    return arguments
  }

  /// Starts it with `arguments` and returns when it records.
  init(_ arguments: [String], in folder: RecordingFolder, _ inbox: Inbox) throws(CaptureError) {
    let path: String
    do throws(Errno) {
      // As root only what no user can have put there.
      path = try Program.find("perf", in: ThisProcess.isRoot ? Program.systemPath : nil)
    } catch {
      throw CaptureError("there is no perf here: recording through it needs the one of your distribution (Debian: linux-perf)")
    }
    let (input, output) = try Self.pipes()
    var setting = ChildProcess.Setting()
    setting.input = input.readEnd
    setting.output = output.writeEnd
    setting.directory = folder.directory.file
    setting.endsWithStarter = true
    if ThisProcess.isRoot { setting.environment = ["PATH=\(Program.systemPath.joined(separator: ":"))", "LC_ALL=C"] }
    defer {
      try? input.readEnd.close()
      try? output.readEnd.close()
    }
    gate = input.writeEnd
    do throws(CaptureError) {
      perf = try Workload([path] + arguments + ["--", "/bin/sh", "-c", "echo; exec cat >/dev/null"], inbox: inbox, setting)
    } catch {
      try? input.writeEnd.close()
      try? output.writeEnd.close()
      throw error
    }
    try? output.writeEnd.close()
    // At its end if perf ends before.
    guard FileDescriptor.wait(for: [output.readEnd], timeout: Self.patience) == [true], (try? output.readEnd.receive(limit: 1))?.isEmpty == false
    else {
      try? gate.close()
      perf.finish(inbox: inbox, grace: .seconds(5))
      throw Self.failure
    }
  }

  private static func pipes() throws(CaptureError) -> (Pipe, Pipe) {
    do throws(Errno) {
      return (try Pipe(), try Pipe())
    } catch {
      throw CaptureError("no pipe can be made", error)
    }
  }

  /// Where perf ends without a recording.
  static let failure = CaptureError("perf recorded nothing; why, it has said above")

  /// How long it may take to begin, in milliseconds; on machines of many CPUs that is seconds.
  private static let patience: Int32 = 30_000

  /// Bytes of memory for the events of each CPU: a power of two, as perf wants it.
  private static func size(_ options: RecordingOptions) -> Int {
    var size = 64 << 10
    while size < min(options.bufferBytesPerCPU ?? RecordingInstance.defaultBufferBytes, 1 << 30) { size *= 2 }
    return size
  }

  /// Returns when the recording is to end.
  func wait(_ inbox: Inbox, _ workload: Workload?, until deadline: ContinuousClock.Instant?, _ folder: RecordingFolder) -> RecordingSummary.End {
    let reserve = DiskBudget.reserve(of: folder.directory)
    while true {
      let second = ContinuousClock.now + .seconds(1)
      switch inbox.next(until: min(second, deadline ?? second)) {
      case .signal(let number): return .signal(number)
      case .commandEnded where workload.map { $0.status != .running } ?? false: return .commandEnded
      // perf has ended before it was asked to, as it does at --max-size.
      case .commandEnded, .readerFailed, .spaceEnded: return perf.status == .exited(0) ? .sizeReached : .commandEnded
      case nil:
        if let deadline, ContinuousClock.now >= deadline { return .durationPassed }
        if let space = folder.directory.space, space.free <= reserve { return .diskFull }
      }
    }
  }

  /// Lets it end, and write its file to the end.
  func finish(_ inbox: Inbox) throws(CaptureError) {
    try? gate.close()
    let deadline = ContinuousClock.now + .seconds(30)
    while perf.status == .running, inbox.next(until: deadline) != nil {}
    if perf.status == .running { perf.finish(inbox: inbox, grace: .seconds(5)) }
  }

  /// The size of its file; nil if perf did not come to write its end, which its header tells (`data.size`,
  /// tools/perf/Documentation/perf.data-file-format.txt).
  func recordedBytes(in folder: RecordingFolder) -> Int? {
    guard let file = try? folder.directory.open(Self.file) else { return nil }
    let owned = OwnedDescriptor(file)
    guard let head = try? owned.file.bytes(at: 0, count: 56), head[48..<56].contains(where: { $0 != 0 }) else { return nil }
    return (try? FileStatus(owned.file))?.size
  }
}
