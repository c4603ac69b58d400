internal import Bytes

/// Reads samples that lie side by side and are all of one CPU and in order, in one loop; whatever is uncommon about a sample ends it.
struct PerfScan {
  private let order: ByteOrder
  private let buffer: UInt16
  /// Where the next sample begins, and where the bytes end.
  private(set) var at: Int
  private let end: Int
  /// The CPU whose samples are read.
  var lane = PerfClocks.Lane()
  /// The time of the last sample in the queue's run, up to which time samples are let go at once, and the number of the next.
  var latest: UInt64 = 0
  var released: UInt64 = 0
  var number: UInt32 = 0
  /// The time up to which the CPU has surely come.
  private(set) var newest: UInt64 = 0

  init(_ stretch: PerfRecords.Stretch, _ order: ByteOrder) {
    (self.order, buffer, at, end) = (order, UInt16(truncatingIfNeeded: stretch.buffer), stretch.start, stretch.end)
  }

  /// Writes samples of layout `layout` into `table` from `first` up to `limit`; the result is where it ended.
  mutating func run(_ bytes: RawSpan, into table: inout [PerfEntry], _ first: Int, _ limit: Int, _ layout: Int, _ ids: PerfIDs) -> Int {
    // One loop for each byte order, so that neither asks for it with every number.
    order == .little ? run(.little, bytes, &table, first, limit, layout, ids) : run(.big, bytes, &table, first, limit, layout, ids)
  }

  @inline(__always)
  private mutating func run(
    _ order: ByteOrder, _ bytes: RawSpan, _ table: inout [PerfEntry], _ first: Int, _ limit: Int, _ layout: Int, _ ids: PerfIDs
  ) -> Int {
    let places = ids.places[layout]
    let (least, timeAt, cpuAt, tidAt, rawAt) = (places.least, Int(places.time), Int(places.cpu), Int(places.tid), Int(places.raw))
    let (idAt, layout, slots, mask) = (ids.place, Int32(truncatingIfNeeded: layout), ids.slots.span, ids.slots.count &- 1)
    // No sample is let go at once, and none is older than the one before it or a second before its CPU's last. What is known here of the places
    // need not be asked for every sample.
    guard released < .max, least >= 8, timeAt <= least &- 8, cpuAt <= least &- 4, tidAt <= least &- 4, rawAt <= least &- 4, idAt <= least &- 8
    else { return first }
    var earliest = max(latest, released + 1, lane.time > PerfClocks.tolerance ? lane.time - PerfClocks.tolerance : 0)
    var room = table.mutableSpan
    let (end, cpu, start) = (end, lane.cpu, number &- UInt32(truncatingIfNeeded: first))
    let place = PerfEntry.Lane(cpu: Int16(truncatingIfNeeded: cpu), buffer: buffer)
    var (at, target, last, before) = (at, first, lane.time, lane.before)
    var attribute: UInt16 = 0
    while target < limit, bytes.has(least, from: at) {
      // struct perf_event_header: 32 bits of kind, 16 of flags, 16 of size.
      guard let head = bytes.integer(UInt64.self, at: 0, from: at, count: least, order) else { break }
      let kind = UInt32(truncatingIfNeeded: order == .little ? head : head >> 32)
      let size = Int(truncatingIfNeeded: order == .little ? head >> 48 : head & 0xffff)
      guard kind == PerfHeader.Kind.sample, size >= least, size <= end &- at else { break }
      if idAt >= 0 {
        guard let id = bytes.integer(UInt64.self, at: idAt, from: at, count: least, order) else { break }
        let slot = slots[Int(truncatingIfNeeded: id) & mask]
        guard slot.id == id, slot.layout == layout else { break }
        attribute = UInt16(truncatingIfNeeded: slot.attribute)
      }
      guard let time = bytes.integer(UInt64.self, at: timeAt, from: at, count: least, order), time >= earliest,
        let number = bytes.integer(UInt32.self, at: cpuAt, from: at, count: least, order), Int32(truncatingIfNeeded: number) == cpu,
        let tid = bytes.integer(UInt32.self, at: tidAt, from: at, count: least, order),
        let length = bytes.integer(UInt32.self, at: rawAt, from: at, count: least, order), Int(length) <= size &- least
      else { break }
      room[target] = PerfEntry(
        time: time, number: start &+ UInt32(truncatingIfNeeded: target), offset: Int32(truncatingIfNeeded: at &+ least),
        tid: Int32(bitPattern: tid), lane: place, attribute: attribute, size: UInt16(truncatingIfNeeded: length), what: .sample)
      (before, last, earliest) = (last, time, time)
      at &+= size
      target &+= 1
    }
    let count = target &- first
    guard count > 0 else { return first }
    // All but the last were surely not too late.
    newest = max(newest, min(before, last))
    number &+= UInt32(truncatingIfNeeded: count)
    (lane.time, lane.before, lane.number, lane.count) = (last, before, number &- 1, lane.count &+ count)
    (self.at, latest) = (at, last)
    return target
  }

  /// Goes over the next sample, whatever its CPU; the CPU and the time of it, or nil if it is an uncommon one.
  mutating func skip(_ bytes: RawSpan, _ ids: PerfIDs) -> (cpu: Int32, time: UInt64)? {
    guard let said = bytes.integer(UInt16.self, at: at &+ 6, order), said >= 8, Int(said) <= end &- at, ids.place &+ 8 <= Int(said),
      let found = next(bytes, ids), ids.places[found.layout].least <= Int(said)
    else { return nil }
    at &+= Int(said)
    return (found.cpu, found.time)
  }

  /// The CPU, the time and the layout of the sample that ended the loop; nil if it is none of a tracepoint.
  func next(_ bytes: RawSpan, _ ids: PerfIDs) -> (cpu: Int32, time: UInt64, layout: Int)? {
    guard bytes.integer(UInt32.self, at: at, order) == PerfHeader.Kind.sample else { return nil }
    var layout = 0
    if ids.place >= 0 {
      guard let slot = ids.find(bytes.integer(UInt64.self, at: at &+ ids.place, order) ?? 0) else { return nil }
      layout = Int(slot.layout)
    }
    guard ids.places[layout].least < .max, let time = bytes.integer(UInt64.self, at: at &+ Int(ids.places[layout].time), order),
      let cpu = bytes.integer(UInt32.self, at: at &+ Int(ids.places[layout].cpu), order), cpu < Record.cpuLimit
    else { return nil }
    return (Int32(cpu), time, layout)
  }
}
