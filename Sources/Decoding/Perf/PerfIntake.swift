internal import Bytes

/// Reads a perf.data ahead: puts its samples, losses and tasks into the queue that brings them into the order of time.
struct PerfIntake {
  private let header: PerfHeader
  private let files: [InputFile]
  private var records: PerfFiles
  /// What hands the records out takes them from here, and releases their buffers.
  var buffers = PerfBuffers()
  var queue = PerfQueue()
  /// The time of the newest record that was handed out, in nanoseconds; what comes later and is older has come too late.
  var delivered: UInt64 = 0
  private(set) var tasks = PerfTasks()
  /// The losses that entries of the queue name by their index.
  private(set) var gaps: [Gap] = []
  private var losses: PerfLosses?
  private let assumesNoLosses: Bool
  /// Whether it was assumed that nothing was lost, and something was.
  private(set) var hasUnexpectedLosses = false
  /// Samples read so far.
  private var count = 0
  /// The time of the last sample of each CPU, in the order of the file.
  private var lastTimes: [UInt64?] = []
  private var clocks = PerfClocks()
  private var doubts = PerfDoubts()
  /// How many samples have come too late since the last one that did not.
  private var late = 0
  /// Whether the queue is being emptied because somebody has set the clock back.
  private var isClockSet = false
  /// Whether everything is in the queue.
  private(set) var hasEnded = false
  private let ids: PerfIDs

  /// Reads `files`, of which the first has `header`.
  init(files: [InputFile], header: PerfHeader, assumesNoLosses: Bool) {
    self.header = header
    self.assumesNoLosses = assumesNoLosses
    self.files = files
    ids = PerfIDs(header)
    records = PerfFiles(files: files, header: header, &buffers)
  }

  /// The event that `entry` is a sample of, as perf names it.
  func eventName(of entry: PerfEntry) -> String { header.attributes[Int(entry.attribute)].name }

  /// Takes in what `entry` says of a task.
  mutating func noteTask(_ entry: PerfEntry) {
    let buffer = buffers[Int(entry.buffer)]
    tasks.take(buffer.bytes.slice(Int(entry.offset), Int(entry.size)), isComm: entry.what == .comm, header.order)
  }

  /// Reads the samples that can be read at once, and one record more, and puts them where they belong.
  @inline(never)
  mutating func read(_ diagnostics: inout Diagnostics) {
    if losses == nil { losses = assumesNoLosses ? PerfLosses() : PerfLosses(files: files, header: header) }
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
      time: stamp.time ?? 0, offset: Int32(found.offset + raw.lowerBound), tid: stamp.tid,
      lane: PerfEntry.Lane(cpu: Int16(stamp.cpu), buffer: UInt16(found.buffer)), attribute: attribute, size: UInt16(raw.count),
      frames: UInt16(frames), what: frames > 0 ? .sampleWithStack : .sample)
    buffers.retain(found.buffer)
    if entry.cpu >= 0 { records.reach(entry.time) }
    place(entry, found.fileOffset, &diagnostics)
  }

  /// Puts a sample into the queue, once it is sure that its time can be.
  @inline(__always)
  private mutating func place(_ entry: PerfEntry, _ offset: Int, _ diagnostics: inout Diagnostics) {
    switch clocks.judge(entry) {
    case .accepts: break
    case .holds: return
    case .acceptsHeld(let held): add(held, &diagnostics)
    case .rejectsHeld(let held):
      buffers.release(Int(held.buffer))
      lose(entry, held.time, offset, &diagnostics)
    case .rejectsLast(let number):
      queue.discard(number)
      lose(entry, lastTimes.indices.contains(Int(entry.cpu)) ? lastTimes[Int(entry.cpu)] ?? 0 : 0, offset, &diagnostics)
    case .rejectsFirst(let number, let held):
      queue.discard(number)
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
      time: stamp.time ?? 0, offset: Int32(found.offset), tid: stamp.tid,
      lane: PerfEntry.Lane(cpu: Int16(stamp.cpu), buffer: UInt16(found.buffer)), attribute: 0, size: UInt16(found.size), what: what)
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
        time: max(gap.after, delivered), offset: Int32(gaps.count - 1), tid: 0, lane: PerfEntry.Lane(cpu: Int16(gap.cpu), buffer: 0),
        attribute: 0, size: 0, what: .gap))
  }
}
