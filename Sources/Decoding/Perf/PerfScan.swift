internal import Bytes

/// Reads samples that lie side by side and are all of one CPU and in order, in one loop; whatever is uncommon about a sample ends it.
struct PerfScan {
  private let order: ByteOrder
  private let buffer: Int32
  /// Where the next sample begins, and where the bytes end.
  private(set) var at: Int
  private let end: Int
  /// The CPU whose samples are read.
  var lane = PerfClocks.Lane()
  /// The time of the last sample in the queue's run, up to which time samples are let go at once, and the number of the next.
  var latest: UInt64 = 0
  var released: UInt64 = 0
  var number: UInt64 = 0
  /// The time up to which the CPU has surely come.
  private(set) var newest: UInt64 = 0

  init(_ stretch: PerfRecords.Stretch, _ order: ByteOrder) {
    (self.order, buffer, at, end) = (order, Int32(truncatingIfNeeded: stretch.buffer), stretch.start, stretch.end)
  }

  /// Writes the samples into `table` from `first` up to `limit`; the result is where it ended.
  mutating func run(
    _ bytes: RawSpan, into table: inout [PerfEntry], _ first: Int, _ limit: Int, _ places: [PerfAttribute.Places], _ ids: PerfIDs
  ) -> Int {
    // One loop for each byte order, so that neither asks for it with every number.
    order == .little ? run(.little, bytes, &table, first, limit, places, ids) : run(.big, bytes, &table, first, limit, places, ids)
  }

  @inline(__always)
  private mutating func run(
    _ order: ByteOrder, _ bytes: RawSpan, _ table: inout [PerfEntry], _ first: Int, _ limit: Int, _ places: [PerfAttribute.Places],
    _ ids: PerfIDs
  ) -> Int {
    // No sample is let go at once, and none is older than the one before it or a second before its CPU's last.
    guard released < .max else { return first }
    var earliest = max(latest, released + 1, lane.time > PerfClocks.tolerance ? lane.time - PerfClocks.tolerance : 0)
    var room = table.mutableSpan
    let places = places.span
    let (end, buffer, cpu, start) = (end, buffer, lane.cpu, number &- UInt64(truncatingIfNeeded: first))
    var (at, target, last, before) = (at, first, lane.time, lane.before)
    while target < limit {
      // struct perf_event_header: 32 bits of kind, 16 of flags, 16 of size.
      guard let head = bytes.integer(UInt64.self, at: at, order) else { break }
      let kind = UInt32(truncatingIfNeeded: order == .little ? head : head >> 32)
      let size = Int(truncatingIfNeeded: order == .little ? head >> 48 : head & 0xffff)
      guard kind == PerfHeader.Kind.sample, size <= end &- at else { break }
      let sample = bytes.slice(at, size)
      var attribute = 0
      if ids.place >= 0 {
        guard let id = sample.integer(UInt64.self, at: ids.place, order) else { break }
        attribute = ids.attribute(id)
        guard attribute >= 0 else { break }
      }
      guard places[attribute].least <= size,
        let time = sample.integer(UInt64.self, at: Int(places[attribute].time), order), time >= earliest,
        let number = sample.integer(UInt32.self, at: Int(places[attribute].cpu), order), Int32(truncatingIfNeeded: number) == cpu,
        let tid = sample.integer(UInt32.self, at: Int(places[attribute].tid), order),
        let length = sample.integer(UInt32.self, at: Int(places[attribute].raw), order), Int(length) <= size &- places[attribute].least
      else { break }
      room[target] = PerfEntry(
        time: time, number: start &+ UInt64(truncatingIfNeeded: target), buffer: buffer,
        offset: Int32(truncatingIfNeeded: at &+ places[attribute].least), size: Int32(truncatingIfNeeded: length),
        attribute: Int32(truncatingIfNeeded: attribute), cpu: cpu, tid: Int32(bitPattern: tid), what: .sample)
      (before, last, earliest) = (last, time, time)
      at &+= size
      target &+= 1
    }
    let count = target &- first
    guard count > 0 else { return first }
    // All but the last were surely not too late.
    newest = max(newest, min(before, last))
    number &+= UInt64(truncatingIfNeeded: count)
    (lane.time, lane.before, lane.number, lane.count) = (last, before, number &- 1, lane.count &+ count)
    (self.at, latest) = (at, last)
    return target
  }

  /// Goes over the next sample, whatever its CPU; the CPU and the time of it, or nil if it is an uncommon one.
  mutating func skip(_ bytes: RawSpan, _ places: [PerfAttribute.Places], _ ids: PerfIDs) -> (cpu: Int32, time: UInt64)? {
    guard let said = bytes.integer(UInt16.self, at: at &+ 6, order), said >= 8, Int(said) <= end &- at, ids.place &+ 8 <= Int(said),
      let found = next(bytes, places, ids), places[found.attribute].least <= Int(said)
    else { return nil }
    at &+= Int(said)
    return (found.cpu, found.time)
  }

  /// The CPU and the time of the sample that ended the loop; nil if it is none of a tracepoint.
  func next(_ bytes: RawSpan, _ places: [PerfAttribute.Places], _ ids: PerfIDs) -> (cpu: Int32, time: UInt64, attribute: Int)? {
    guard bytes.integer(UInt32.self, at: at, order) == PerfHeader.Kind.sample else { return nil }
    let attribute = ids.place < 0 ? 0 : ids.attribute(bytes.integer(UInt64.self, at: at &+ ids.place, order) ?? 0)
    guard attribute >= 0, places[attribute].least < .max,
      let time = bytes.integer(UInt64.self, at: at &+ Int(places[attribute].time), order),
      let cpu = bytes.integer(UInt32.self, at: at &+ Int(places[attribute].cpu), order), cpu < Record.cpuLimit
    else { return nil }
    return (Int32(cpu), time, attribute)
  }
}
