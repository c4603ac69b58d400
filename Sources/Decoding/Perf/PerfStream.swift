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
  private let header: PerfHeader
  private let files: [InputFile]
  private var records: PerfFiles
  private var buffers = PerfBuffers()
  private(set) var queue = PerfQueue()
  private(set) var tasks = PerfTasks()
  private var gaps: [Gap] = []
  private var losses: PerfLosses?
  private let assumesNoLosses: Bool
  /// Whether it was assumed that nothing was lost, and something was: the stream ends there.
  private(set) var hasUnexpectedLosses = false
  /// Samples read so far.
  private var count = 0
  /// The time of the last sample of each CPU, in the order of the file.
  private var lastTimes: [UInt64?] = []
  private var clocks = PerfClocks()
  private var doubts = PerfDoubts()
  private var delivered: UInt64 = 0
  /// How many samples have come too late since the last one that did not.
  private var late = 0
  /// Whether the queue is being emptied because somebody has set the clock back.
  private var isClockSet = false
  private var hasEnded = false
  /// How many samples are to be gathered at once: more while all of them are taken.
  private var patience = 64
  /// Which of the recording's buffers each of `buffers` is.
  private var shared: [Int32] = []
  /// In which buffer the sample lies that was handed out last, which is kept until another is asked for; -1 if none was.
  private var handed = -1
  private let ids: PerfIDs

  /// More buffers than this (64 MiB) are not kept waiting for their turn.
  private let bufferLimit: Int

  /// The samples of `files`, of which the first has `header`.
  init(files: [InputFile], header: PerfHeader, catalog: Int, assumesNoLosses: Bool = false, bufferLimit: Int = 256) {
    self.header = header
    self.assumesNoLosses = assumesNoLosses
    self.catalog = catalog
    self.bufferLimit = max(bufferLimit, 8)
    self.files = files
    ids = PerfIDs(header)
    records = PerfFiles(files: files, header: header, &buffers)
  }

  /// The task and the event of the sample the stream is at.
  var sample: PerfSample? {
    guard head == .event, let current else { return nil }
    return PerfSample(tid: current.tid, comm: tasks[current.tid], event: header.attributes[Int(current.attribute)].name)
  }

  /// Moves to the next sample, gap or the end; one of the buffers in `output` then holds the sample.
  mutating func advance(_ output: inout ByteBuffers, _ diagnostics: inout Diagnostics) {
    if hasStack, let current {
      headLength = Int32(current.frames) * 8
      (head, headOffset) = (.stack, current.offset - 4 - headLength)
      return
    }
    if handed >= 0 { buffers.release(handed) }
    handed = -1
    current = nil
    while true {
      while queue.isDue || isFull, let entry = queue.next(force: isFull) {
        if go(to: entry, &diagnostics) { return }
      }
      guard !hasEnded else {
        head = .end
        return
      }
      read(&output, &diagnostics)
    }
  }

  /// Whether something must go although its turn has not surely come.
  private var isFull: Bool { buffers.count > bufferLimit }

  /// Whether the callchain of the sample the stream is at comes next, alone.
  private var hasStack: Bool { head == .event && current?.what == .sampleWithStack }

  /// The sample the stream is at, with those behind it that come next and not after `latest`, at most `limit`, as a run of stream `stream`; nil
  /// where the stream is at something else, or at a sample with a callchain.
  mutating func run(_ stream: Int32, upTo latest: UInt64, limit: Int) -> PerfRun? {
    guard head == .event, current?.what == .sample else { return nil }
    return PerfRun(stream: stream, count: queue.gather(upTo: latest, limit: isFull ? 1 : min(limit, patience), shared))
  }

  /// The first `count` samples of `run` were taken, one at least; the time of the last.
  mutating func take(_ run: PerfRun, _ count: Int) -> UInt64 {
    var left = count
    for part in queue.parts where left > 0 {
      let taken = min(left, part.entries.count)
      left &-= taken
      let entry = queue.table[part.entries.lowerBound &+ taken &- 1]
      // The last one's buffer is kept.
      if left > 0 || taken > 1 { buffers.release(Int(entry.buffer), left > 0 ? taken : taken &- 1) }
      if left == 0 {
        handed = Int(entry.buffer)
        show(entry)
      }
    }
    if count == run.count {
      patience = min(patience &* 2, Self.patienceLimit)
    } else {
      queue.putBack(behind: count)
      patience = max(count, 8)
    }
    return headTime
  }

  /// So many samples are gathered at most at once.
  private static let patienceLimit = 1024

  /// Makes `entry` the head, or takes in what it says of a task (false).
  @inline(__always)
  private mutating func go(to entry: PerfEntry, _ diagnostics: inout Diagnostics) -> Bool {
    switch entry.what {
    case .comm, .fork:
      noteTask(entry)
      buffers.release(Int(entry.buffer))
      return false
    case .gap:
      headLength = 0
      gap = gaps[Int(entry.offset)]
      head = .gap
    case .sample, .sampleWithStack:
      if queue.isCondemned(entry.number) {
        buffers.release(Int(entry.buffer))
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
    delivered = max(delivered, entry.time)
    (headTime, headCPU, current) = (entry.time, Int32(entry.cpu), entry)
    if entry.what == .sample || entry.what == .sampleWithStack {
      (headOffset, headLength, headBuffer) = (entry.offset, Int32(entry.size), shared[Int(entry.buffer)])
    }
  }

  private mutating func noteTask(_ entry: PerfEntry) {
    let buffer = buffers[Int(entry.buffer)]
    tasks.take(buffer.bytes.slice(Int(entry.offset), Int(entry.size)), isComm: entry.what == .comm, header.order)
  }

  // MARK: reading ahead

  /// Reads the samples that can be read at once, and one record more, and puts them where they belong.
  @inline(never)
  private mutating func read(_ output: inout ByteBuffers, _ diagnostics: inout Diagnostics) {
    if losses == nil { losses = assumesNoLosses ? PerfLosses() : PerfLosses(files: files, header: header) }
    defer { share(&output) }
    if isClockSet { beginAgain() }
    readSamples()
    guard !queue.isDue else { return }
    switch records.next(&buffers, &diagnostics) {
    case .record(let found): take(found, &diagnostics)
    case .passedOver: doubts.begin(lastTimes)
    case .end:
      for entry in clocks.takeAll() { add(entry, &diagnostics) }
      while let gap = losses?.gap(behind: .max) { addGap(gap) }
      for gap in doubts.endAll(at: lastTime) { addGap(gap) }
      if records.isCut { for cpu in lastTimes.indices { loseRest(Int32(cpu)) } }
      queue.finish()
      hasEnded = true
    }
  }

  /// Shows the recording every buffer that it has not seen.
  private mutating func share(_ output: inout ByteBuffers) {
    while shared.count < buffers.total {
      output.append(buffers[shared.count])
      shared.append(Int32(output.count - 1))
    }
  }

  /// Reads samples that lie side by side, for as long as nothing about them is uncommon.
  private mutating func readSamples() {
    guard !doubts.isOpen, let stretch = records.stretch(buffers) else { return }
    let bytes = buffers[stretch.buffer]
    var scan = PerfScan(stretch, header.order)
    let samples = readSamples(bytes.bytes, &scan, limit: losses?.distance(from: count) ?? 0)
    records.advance(stretch, by: scan.at - stretch.start)
    buffers.retain(stretch.buffer, samples)
    count += samples
    if samples > 0 { late = 0 }
    while let gap = losses?.gap(behind: count) { addGap(gap) }
  }

  private mutating func readSamples(_ bytes: RawSpan, _ scan: inout PerfScan, limit: Int) -> Int {
    var samples = 0
    while samples < limit, let next = scan.next(bytes, ids) {
      if next.cpu != scan.lane.cpu {
        leave(scan.lane)
        scan.lane.count = 0
        guard let lane = clocks.lane(next.cpu) else { break }
        scan.lane = lane
      }
      queue.prepare(for: next.time)
      let seen = scan.lane.count
      queue.add(&scan, bytes, upTo: min(limit - samples, Self.scanLimit), next.layout, ids)
      guard scan.lane.count > seen else { break }
      samples += scan.lane.count - seen
    }
    leave(scan.lane)
    return samples
  }

  /// So many samples are read in one go.
  private static let scanLimit = 1024

  private mutating func leave(_ lane: PerfClocks.Lane) {
    guard lane.count > 0 else { return }
    clocks.put(lane)
    lastTimes[Int(lane.cpu)] = lane.time
  }

  private mutating func take(_ found: PerfRecords.Found, _ diagnostics: inout Diagnostics) {
    switch found.kind {
    case PerfHeader.Kind.sample: takeSample(found, &diagnostics)
    case PerfHeader.Kind.comm: takeTask(found, .comm)
    case PerfHeader.Kind.fork: takeTask(found, .fork)
    case PerfHeader.Kind.lost, PerfHeader.Kind.lostSamples: takeLoss(found, &diagnostics)
    case PerfHeader.Kind.finishedRound:
      guard records.hasRounds else { return }
      queue.finishRound()
      for gap in doubts.finishRound(at: lastTime) { addGap(gap) }
    default: break
    }
  }

  /// The time of the newest sample.
  private var lastTime: UInt64 { lastTimes.compactMap(\.self).max() ?? 0 }

  private mutating func takeSample(_ found: PerfRecords.Found, _ diagnostics: inout Diagnostics) {
    let bytes = buffers[found.buffer]
    let record = bytes.bytes.slice(found.offset, found.size)
    count += 1
    defer { while let gap = losses?.gap(behind: count) { addGap(gap) } }
    guard let index = header.attribute(ofSample: record), let attribute = UInt16(exactly: index) else {
      return diagnostics.add(.unknownEvent, path: records.path, offset: found.fileOffset, "a sample of an unknown id")
    }
    guard header.attributes[index].isTracepoint else {
      return diagnostics.add(.otherSamples, path: records.path, offset: found.fileOffset, header.attributes[index].name)
    }
    guard let (stamp, raw) = header.attributes[index].read(sample: record) else {
      diagnostics.add(.sampleTooShort, path: records.path, offset: found.fileOffset, "\(found.size) bytes")
      return doubts.begin(lastTimes)
    }
    guard stamp.time != 0 else {
      diagnostics.add(.recordDamaged, path: records.path, offset: found.fileOffset, "a sample of time 0")
      return doubts.begin(lastTimes)
    }
    let frames = header.attributes[index].isWaking ? header.attributes[index].frames(of: record) : 0
    let entry = PerfEntry(
      time: stamp.time ?? 0, offset: Int32(found.offset + raw.lowerBound), tid: stamp.tid, buffer: UInt16(found.buffer), attribute: attribute,
      cpu: Int16(stamp.cpu), size: UInt16(raw.count), frames: UInt16(frames), what: frames > 0 ? .sampleWithStack : .sample)
    buffers.retain(found.buffer)
    if entry.cpu >= 0 { records.reach(entry.time) }
    place(entry, found.fileOffset, &diagnostics)
  }

  /// Puts a sample into the queue, once it is sure that its time can be.
  @inline(__always)
  private mutating func place(_ entry: PerfEntry, _ offset: Int, _ diagnostics: inout Diagnostics) {
    switch clocks.judge(entry) {
    case .takes: break
    case .holds: return
    case .takesHeld(let held): add(held, &diagnostics)
    case .condemnsHeld(let held):
      buffers.release(Int(held.buffer))
      lose(entry, held.time, offset, &diagnostics)
    case .condemnsLast(let number):
      queue.condemn(number)
      lose(entry, lastTimes.indices.contains(Int(entry.cpu)) ? lastTimes[Int(entry.cpu)] ?? 0 : 0, offset, &diagnostics)
    case .condemnsFirst(let number, let held):
      queue.condemn(number)
      lose(held, lastTimes.indices.contains(Int(entry.cpu)) ? lastTimes[Int(entry.cpu)] ?? 0 : 0, offset, &diagnostics)
      add(held, &diagnostics)
    }
    add(entry, &diagnostics)
  }

  /// The sample before `entry` had a time that cannot be, `wrong`: something happened there, but nobody knows when.
  private mutating func lose(_ entry: PerfEntry, _ wrong: UInt64, _ offset: Int, _ diagnostics: inout Diagnostics) {
    diagnostics.add(.recordDamaged, path: records.path, offset: offset, "the sample of CPU \(entry.cpu) before this one has the time \(wrong) ns")
    guard entry.cpu >= 0 else { return }
    addGap(Gap(cpu: Int32(entry.cpu), after: min(clocks.lastSound(entry.cpu) ?? entry.time, entry.time), before: entry.time, events: 1))
  }

  @inline(__always)
  private mutating func add(_ entry: PerfEntry, _ diagnostics: inout Diagnostics) {
    guard entry.time >= delivered, !isClockSet else { return pass(entry, &diagnostics) }
    late = 0
    queue.reach(clocks.took(entry.cpu, entry.time, queue.add(entry)))
    guard entry.cpu >= 0 else { return }
    while Int(entry.cpu) >= lastTimes.count { lastTimes.append(nil) }
    if doubts.isOpen, let gap = doubts.end(Int32(entry.cpu), at: entry.time) { addGap(gap) }
    lastTimes[Int(entry.cpu)] = entry.time
  }

  /// Passes over a sample that comes too late for its place: among what came before it, it would show what was not.
  private mutating func pass(_ entry: PerfEntry, _ diagnostics: inout Diagnostics) {
    diagnostics.add(.recordsOutOfOrder, path: records.path, "CPU \(entry.cpu), \(delivered > entry.time ? delivered - entry.time : 0) ns late")
    buffers.release(Int(entry.buffer))
    doubts.begin(lastTimes)
    late += 1
    guard late == Self.lateLimit else { return }
    isClockSet = true
    for gap in doubts.endAll(at: lastTime) { addGap(gap) }
    queue.finish()
  }

  /// If so many samples in a row are late, so will be all others: the clock was set back.
  private static let lateLimit = 1000

  /// Everything from before the clock was set back has gone; what comes is in an order of its own.
  private mutating func beginAgain() {
    for held in clocks.takeAll() { buffers.release(Int(held.buffer)) }
    (queue, clocks, doubts, isClockSet, late, delivered) = (PerfQueue(), PerfClocks(), PerfDoubts(), false, 0, 0)
    lastTimes = lastTimes.map { _ in nil }
  }

  private mutating func takeTask(_ found: PerfRecords.Found, _ what: PerfEntry.What) {
    let bytes = buffers[found.buffer]
    let stamp = header.stamp(bytes.bytes.slice(found.offset, found.size))
    let entry = PerfEntry(
      time: stamp.time ?? 0, offset: Int32(found.offset), tid: stamp.tid, buffer: UInt16(found.buffer), attribute: 0, cpu: Int16(stamp.cpu),
      size: UInt16(found.size), what: what)
    // What perf found running when it began has no time, and holds at once.
    guard stamp.time != nil else { return noteTask(entry) }
    buffers.retain(found.buffer)
    queue.add(entry)
  }

  /// Says that samples were lost; where is known already.
  private mutating func takeLoss(_ found: PerfRecords.Found, _ diagnostics: inout Diagnostics) {
    let bytes = buffers[found.buffer]
    guard let loss = header.loss(bytes.bytes.slice(found.offset, found.size), found) else { return }
    diagnostics.add(.lostEvents, path: records.path, offset: found.fileOffset, "CPU \(loss.stamp.cpu): \(loss.events) events")
    if assumesNoLosses { (hasUnexpectedLosses, hasEnded) = (true, true) }
  }

  /// Whatever `cpu` wrote after its last sample is lost.
  private mutating func loseRest(_ cpu: Int32) {
    guard let last = lastTimes[Int(cpu)] else { return }
    addGap(Gap(cpu: cpu, after: last, before: .max, events: nil))
  }

  private mutating func addGap(_ gap: Gap) {
    guard gaps.count < Int(Int32.max) else { return }
    gaps.append(gap)
    queue.add(
      .init(
        time: max(gap.after, delivered), offset: Int32(gaps.count - 1), tid: 0, buffer: 0, attribute: 0, cpu: Int16(gap.cpu), size: 0, what: .gap))
  }
}
