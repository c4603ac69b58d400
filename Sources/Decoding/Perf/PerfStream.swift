internal import Bytes

/// The samples of a perf.data as one stream of records in time order, with the losses between them.
struct PerfStream {
  /// What the stream is at now.
  enum Head {
    case event
    /// The callchain of the event before it.
    case stack
    case gap
    case end

    var kind: Record.Kind {
      switch self {
      case .event, .end: .event
      case .stack: .stack
      case .gap: .gap
      }
    }
  }
  private(set) var head = Head.end
  /// The time of the sample the stream is at, in nanoseconds (for a gap: of the CPU's last event before it).
  private(set) var headTime: UInt64 = 0
  private(set) var headCPU: Int32 = -1
  /// Where the sample's raw data or the addresses of its callchain begin in the buffer, and how many bytes they have.
  private(set) var headOffset: Int32 = 0
  private(set) var headLength: Int32 = 0
  /// Which of the recording's buffers holds the sample.
  private(set) var headBuffer: Int32 = 0
  /// The loss the stream is at, if it is at one.
  private(set) var gap: Gap?
  private var current: PerfEntry?

  /// Which of the recording's catalogs describes the samples.
  let catalog: Int
  private var intake: PerfIntake
  /// How many samples are to be gathered at once: more while all of them are taken.
  private var patience = 64
  /// Which of the recording's buffers each of the intake's is.
  private var shared: [Int32] = []
  /// In which buffer the sample lies that was handed out last, which is kept until another is asked for; -1 if none was.
  private var handed = -1
  /// More buffers than this (64 MiB) are not kept waiting for their turn.
  private let bufferLimit: Int

  /// The samples of `files`, of which the first has `header`.
  init(files: [InputFile], header: PerfHeader, catalog: Int, assumesNoLosses: Bool = false, bufferLimit: Int = 256) {
    self.catalog = catalog
    self.bufferLimit = max(bufferLimit, 8)
    intake = PerfIntake(files: files, header: header, assumesNoLosses: assumesNoLosses)
  }

  /// Whether it was assumed that nothing was lost, and something was: the stream ends there.
  var hasUnexpectedLosses: Bool { intake.hasUnexpectedLosses }

  /// The names of the tasks up to what the stream is at.
  var tasks: PerfTasks { intake.tasks }

  /// The task and the event of the sample the stream is at.
  var sample: PerfSample? {
    guard head == .event, let current else { return nil }
    return PerfSample(tid: current.tid, comm: intake.tasks[current.tid], event: intake.eventName(of: current))
  }

  /// Moves to the next sample, gap or the end; one of the buffers in `output` then holds the sample.
  mutating func advance(_ output: inout ByteBuffers, _ diagnostics: inout Diagnostics) {
    if hasStack, let current {
      headLength = Int32(current.frames) * 8
      (head, headOffset) = (.stack, current.offset - 4 - headLength)
      return
    }
    if handed >= 0 { intake.buffers.release(handed) }
    handed = -1
    current = nil
    while true {
      while intake.queue.isDue || isFull, let entry = intake.queue.next(force: isFull) {
        if go(to: entry, &diagnostics) { return }
      }
      guard !intake.hasEnded else {
        head = .end
        return
      }
      intake.read(&diagnostics)
      share(&output)
    }
  }

  /// Shows the recording every buffer that it has not seen.
  private mutating func share(_ output: inout ByteBuffers) {
    while shared.count < intake.buffers.total {
      output.append(intake.buffers[shared.count])
      shared.append(Int32(output.count - 1))
    }
  }

  /// Whether something must go although its turn has not surely come.
  private var isFull: Bool { intake.buffers.count > bufferLimit }

  /// Whether the callchain of the sample the stream is at comes next, alone.
  private var hasStack: Bool { head == .event && current?.what == .sampleWithStack }

  /// Writes the sample the stream is at, with those behind it that come next and not after `latest`, at most `limit`, as a run of stream
  /// `stream` into `table`; how many they are, or nil where the stream is at something else, or at a sample with a callchain.
  mutating func run(_ stream: Int32, upTo latest: UInt64, limit: Int, _ table: inout RunTable) -> Int? {
    guard head == .event, current?.what == .sample else { return nil }
    return intake.queue.gather(stream, upTo: latest, limit: isFull ? 1 : min(limit, patience), shared, into: &table)
  }

  /// The first `count` of the `all` samples of the last run, which lie in `parts`, were taken, one at least.
  mutating func take(_ count: Int, of all: Int, _ parts: [RunPart]) {
    var left = count
    for part in parts where left > 0 {
      let taken = min(left, part.entries.count)
      left &-= taken
      let entry = intake.queue.table[part.first &+ taken &- 1]
      // The last one's buffer is kept.
      if left > 0 || taken > 1 { intake.buffers.release(Int(entry.buffer), left > 0 ? taken : taken &- 1) }
      if left == 0 {
        handed = Int(entry.buffer)
        show(entry)
      }
    }
    if count == all {
      patience = min(patience &* 2, RunTable.limit)
    } else {
      intake.queue.putBack(parts, behind: count)
      patience = max(count, 8)
    }
  }

  /// Makes `entry` the head, or takes in what it says of a task (false).
  @inline(__always)
  private mutating func go(to entry: PerfEntry, _ diagnostics: inout Diagnostics) -> Bool {
    switch entry.what {
    case .comm, .fork:
      intake.noteTask(entry)
      intake.buffers.release(Int(entry.buffer))
      return false
    case .gap:
      headLength = 0
      gap = intake.gaps[Int(entry.offset)]
      head = .gap
    case .sample, .sampleWithStack:
      if intake.queue.isDiscarded(entry.number) {
        intake.buffers.release(Int(entry.buffer))
        return false
      }
      handed = Int(entry.buffer)
      head = .event
    }
    show(entry)
    return true
  }

  /// The stream is at `entry`.
  @inline(__always)
  private mutating func show(_ entry: PerfEntry) {
    intake.delivered = max(intake.delivered, entry.time)
    (headTime, headCPU, current) = (entry.time, Int32(entry.cpu), entry)
    if entry.what == .sample || entry.what == .sampleWithStack {
      (headOffset, headLength, headBuffer) = (entry.offset, Int32(entry.size), shared[Int(entry.buffer)])
    }
  }
}
