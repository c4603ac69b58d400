internal import Bytes

/// Where samples of a perf.data were lost, found before the samples are read.
///
/// The kernel tells of a loss when its CPU next writes, which may be long after: the samples of other CPUs that the loss makes doubtful have
/// gone by then. A gap belongs behind the last sample of its CPU, and so a file that tells of losses is looked through once before:
///
///     written    0₁  1₂  0₃  0₄  round  0₅  0₆  round  LOST of 1  1₇
///     read       0₁  1₂  gap of 1 from 2 to 7  0₃  0₄  0₅  0₆  1₇
struct PerfLosses {
  private struct Loss {
    /// How many samples have been read when the gap has its place.
    var anchor: Int
    var gap: Gap
  }

  private var losses: [Loss] = []
  private var next = 0
  /// More losses than this are joined with the last one.
  private static let limit = 1 << 16

  init() {}

  /// Looks through the records of `files`.
  init(files: [InputFile], header: PerfHeader) {
    guard Self.hasLosses(files, header) else { return }
    var buffers = PerfBuffers()
    var records = PerfFiles(files: files, header: header, &buffers)
    var ignored = Diagnostics()
    var last: [(time: UInt64, count: Int)?] = []
    var count = 0
    let ids = PerfIDs(header)
    while true {
      if let stretch = records.stretch(buffers) {
        let buffer = buffers[stretch.buffer]
        var scan = PerfScan(stretch, header.order)
        while let sample = scan.skip(buffer.bytes, ids) {
          count += 1
          while Int(sample.cpu) >= last.count { last.append(nil) }
          last[Int(sample.cpu)] = (sample.time, count)
        }
        records.advance(stretch, by: scan.at - stretch.start)
      }
      switch records.next(&buffers, &ignored) {
      case .end:
        losses.sort { $0.anchor < $1.anchor }
        return
      case .passedOver: continue
      case .record(let found):
        let buffer = buffers[found.buffer]
        let record = buffer.bytes.slice(found.offset, found.size)
        if found.kind == PerfHeader.Kind.sample {
          count += 1
          guard let (stamp, _) = header.attribute(ofSample: record).flatMap({ header.attributes[$0].read(sample: record) }), let time = stamp.time,
            stamp.cpu >= 0
          else { continue }
          while Int(stamp.cpu) >= last.count { last.append(nil) }
          last[Int(stamp.cpu)] = (time, count)
          records.reach(time)
        } else if let loss = header.loss(record, found), let time = loss.stamp.time, loss.stamp.cpu >= 0 {
          let seen = last.indices.contains(Int(loss.stamp.cpu)) ? last[Int(loss.stamp.cpu)] : nil
          add(Gap(cpu: loss.stamp.cpu, after: min(seen?.time ?? time, time), before: time, events: loss.events), seen?.count ?? count)
        }
      }
    }
  }

  private mutating func add(_ gap: Gap, _ anchor: Int) {
    guard losses.count >= Self.limit else { return losses.append(Loss(anchor: anchor, gap: gap)) }
    losses[losses.count - 1].gap.before = max(losses[losses.count - 1].gap.before, gap.before)
    losses[losses.count - 1].gap.events = nil
  }

  private static func hasLosses(_ files: [InputFile], _ header: PerfHeader) -> Bool {
    var buffers = PerfBuffers()
    var records = PerfFiles(files: files, header: header, &buffers)
    var ignored = Diagnostics()
    while true {
      if let stretch = records.stretch(buffers) {
        let bytes = buffers[stretch.buffer]
        records.advance(stretch, by: samples(bytes.bytes, stretch.start, stretch.end, header.order))
      }
      switch records.next(&buffers, &ignored) {
      case .end: return false
      case .passedOver: continue
      case .record(let found): if found.kind == PerfHeader.Kind.lost || found.kind == PerfHeader.Kind.lostSamples { return true }
      }
    }
  }

  /// How many bytes of `bytes` from `start` on are whole samples.
  private static func samples(_ bytes: RawSpan, _ start: Int, _ end: Int, _ order: ByteOrder) -> Int {
    var at = start
    while let kind = bytes.integer(UInt32.self, at: at, order), kind == PerfHeader.Kind.sample,
      let size = bytes.integer(UInt16.self, at: at &+ 6, order), size >= 8, Int(size) <= end &- at
    {
      at &+= Int(size)
    }
    return at &- start
  }

  /// How many more samples may be read behind `count` before a gap has its place.
  func distance(from count: Int) -> Int { next < losses.count ? max(losses[next].anchor - count, 0) : .max }

  /// The gap that has its place where `count` samples have been read, if there is one; asked again there may be another.
  @inline(__always)
  mutating func gap(behind count: Int) -> Gap? {
    guard next < losses.count, losses[next].anchor <= count else { return nil }
    next &+= 1
    return losses[next &- 1].gap
  }
}

extension PerfHeader {
  /// The attribute that `sample` is of, by its id; nil if none has that id.
  func attribute(ofSample sample: RawSpan) -> Int? { attribute(sample, attributes[0].idInSample) }

  /// The attribute that `record` is of, by the id at `place`; nil if no attribute has that id.
  private func attribute(_ record: RawSpan, _ place: Int?) -> Int? {
    guard attributes.count > 1, let place, let id = record.integer(UInt64.self, at: place, order) else { return 0 }
    return attributeOfID[id]
  }

  /// When and where a record that is no sample was written.
  func stamp(_ record: RawSpan) -> PerfAttribute.Stamp {
    let place = attributes[0].idBeforeEnd.map { record.byteCount - $0 }
    return attributes[attribute(record, place) ?? 0].read(trailerOf: record)
  }

  /// LOST: an id and how many records of a buffer were lost before it. LOST_SAMPLES: how many, those that a filter dropped (bit 15) aside;
  /// what perf adds up at the end has no time.
  func loss(_ record: RawSpan, _ found: PerfRecords.Found) -> (stamp: PerfAttribute.Stamp, events: UInt64)? {
    let isLost = found.kind == Kind.lost
    guard isLost || found.kind == Kind.lostSamples && found.misc & 0x8000 == 0,
      let count = record.integer(UInt64.self, at: isLost ? 16 : 8, order), count > 0
    else { return nil }
    return (stamp(record), count)
  }
}
