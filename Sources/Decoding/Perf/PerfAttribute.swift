internal import Bytes

/// `struct perf_event_attr`: what one event's samples hold, compiled into offsets once.
struct PerfAttribute {
  /// Bits of `sample_type`.
  private enum Part {
    static let ip: UInt64 = 1 << 0
    static let tid: UInt64 = 1 << 1
    static let time: UInt64 = 1 << 2
    static let address: UInt64 = 1 << 3
    static let read: UInt64 = 1 << 4
    static let callchain: UInt64 = 1 << 5
    static let id: UInt64 = 1 << 6
    static let cpu: UInt64 = 1 << 7
    static let period: UInt64 = 1 << 8
    static let stream: UInt64 = 1 << 9
    static let raw: UInt64 = 1 << 10
    static let identifier: UInt64 = 1 << 16
  }

  /// The oldest structure has so many bytes; newer ones are longer, and what they add is not needed here.
  static let smallestSize = 64

  /// `PERF_TYPE_TRACEPOINT` is 2; `config` is then the id of the event's format.
  let isTracepoint: Bool
  let config: UInt64
  /// The clock of the samples: perf's own, or the one `perf record --clockid` names.
  let clock: String
  /// The event as perf names it, `system:name`; empty until something in the file says so.
  var name = ""

  private let order: ByteOrder
  private let sampleType: UInt64
  private let readFormat: UInt64
  /// Whether records that are no samples end with `struct sample_id`.
  private let hasTrailers: Bool
  /// Where a sample's parts lie, from the start of the record; -1 for what it lacks.
  private var tid = -1
  private var time = -1
  private var cpu = -1
  /// Where the parts begin whose size differs from sample to sample.
  private var variable = 8
  /// The same for the trailer, from its own start, and its size.
  private var trailer = (tid: -1, time: -1, cpu: -1, size: 0)
  /// Where the id of the event lies in a sample, and how far before its end in other records.
  private(set) var idInSample: Int?
  private(set) var idBeforeEnd: Int?

  /// The attribute in `bytes`, which may be of an older or newer size; nil if it is shorter than any.
  init?(_ bytes: RawSpan, _ order: ByteOrder) {
    guard bytes.byteCount >= Self.smallestSize, let type = bytes.integer(UInt32.self, at: 0, order),
      let config = bytes.integer(UInt64.self, at: 8, order), let sampleType = bytes.integer(UInt64.self, at: 24, order),
      let readFormat = bytes.integer(UInt64.self, at: 32, order), let word = bytes.integer(UInt64.self, at: 40, order)
    else { return nil }
    self.order = order
    self.config = config
    self.sampleType = sampleType
    self.readFormat = readFormat
    isTracepoint = type == 2
    // Compilers for big-endian machines begin a word of bits at its top.
    func flag(_ bit: UInt64) -> Bool { word >> (order == .little ? bit : 63 - bit) & 1 != 0 }
    hasTrailers = flag(18)
    clock = flag(25) ? Self.clock(bytes.integer(UInt32.self, at: 92, order) ?? 0) : "perf"
    layOutSample()
    layOutTrailer()
  }

  private static func clock(_ id: UInt32) -> String {
    switch id {
    case 0: "realtime"
    case 1: "mono"
    case 4: "mono_raw"
    case 7: "boot"
    case 11: "tai"
    default: "clock \(id)"
    }
  }

  private func has(_ part: UInt64) -> Bool { sampleType & part != 0 }

  private mutating func layOutSample() {
    var place = 8
    func next(_ part: UInt64, id: Bool = false) -> Int {
      guard has(part) else { return -1 }
      defer { place += 8 }
      return place
    }
    let identifier = next(Part.identifier)
    _ = next(Part.ip)
    tid = next(Part.tid)
    time = next(Part.time)
    _ = next(Part.address)
    let id = next(Part.id)
    _ = next(Part.stream)
    cpu = next(Part.cpu)
    _ = next(Part.period)
    variable = place
    idInSample = identifier >= 0 ? identifier : id >= 0 ? id : nil
  }

  private mutating func layOutTrailer() {
    guard hasTrailers else { return }
    var place = 0
    func next(_ part: UInt64) -> Int {
      guard has(part) else { return -1 }
      defer { place += 8 }
      return place
    }
    let tid = next(Part.tid)
    let time = next(Part.time)
    let id = next(Part.id)
    _ = next(Part.stream)
    let cpu = next(Part.cpu)
    let identifier = next(Part.identifier)
    trailer = (tid, time, cpu, place)
    idBeforeEnd = identifier >= 0 ? 8 : id >= 0 ? place - id : nil
  }

  /// Where the parts of a sample lie, for reading many at once.
  struct Places: BitwiseCopyable, Equatable {
    var tid: UInt16 = 0
    var time: UInt16 = 0
    var cpu: UInt16 = 0
    /// Where the size of the raw data stands, in front of them.
    var raw: UInt16 = 0
    /// The size of a sample without raw data; no sample has it where they lie elsewhere from sample to sample, or not all are there.
    var least = Int.max
  }

  /// The places of a tracepoint's samples.
  var places: Places {
    guard isTracepoint, tid >= 0, time >= 0, cpu >= 0, has(Part.raw), !has(Part.read), !has(Part.callchain),
      let tid = UInt16(exactly: tid + 4), let time = UInt16(exactly: time), let cpu = UInt16(exactly: cpu), let raw = UInt16(exactly: variable)
    else { return Places() }
    return Places(tid: tid, time: time, cpu: cpu, raw: raw, least: Int(raw) + 4)
  }

  /// What a record says of when and where it was written.
  struct Stamp {
    /// Nanoseconds, or nil where the record does not say.
    var time: UInt64?
    var cpu: Int32 = -1
    var tid: Int32 = -1
  }

  /// What `sample`, a whole record, says of when and where, and where its raw data lie; nil if it is shorter than its parts.
  func read(sample: RawSpan) -> (stamp: Stamp, raw: Range<Int>)? {
    var stamp = Stamp()
    guard variable <= sample.byteCount, read(sample, base: 0, (tid, time, cpu), &stamp) else { return nil }
    guard has(Part.raw) else { return (stamp, 0..<0) }
    guard var place = afterRead(sample) else { return nil }
    if has(Part.callchain) {
      guard let count = sample.integer(UInt64.self, at: place, order), count <= UInt64((sample.byteCount - place - 8) / 8) else { return nil }
      place += 8 + Int(count) * 8
    }
    guard let size = sample.integer(UInt32.self, at: place, order), Int(size) <= sample.byteCount - place - 4 else { return nil }
    return (stamp, place + 4..<place + 4 + Int(size))
  }

  /// Whether its samples are wakeups, whose callchains say what wakes.
  var isWaking: Bool { has(Part.callchain) && name == "sched:sched_waking" }

  /// How many addresses the callchain of `sample` has, which `read(sample:)` has found to be whole.
  func frames(of sample: RawSpan) -> Int {
    guard has(Part.raw), has(Part.callchain), let place = afterRead(sample) else { return 0 }
    return Int(truncatingIfNeeded: sample.integer(UInt64.self, at: place, order) ?? 0)
  }

  /// Where the part behind the counters' values (`PERF_SAMPLE_READ`) begins.
  private func afterRead(_ sample: RawSpan) -> Int? {
    guard has(Part.read) else { return variable }
    let times = (readFormat & 3).nonzeroBitCount * 8
    let perValue = 8 + (readFormat & 0x14).nonzeroBitCount * 8
    guard readFormat & 8 != 0 else { return variable + times + perValue }
    guard let count = sample.integer(UInt64.self, at: variable, order) else { return nil }
    guard count <= UInt64(sample.byteCount / perValue) else { return nil }
    return variable + 8 + times + Int(count) * perValue
  }

  /// What the end of `record`, which is no sample, says of when and where.
  func read(trailerOf record: RawSpan) -> Stamp {
    var stamp = Stamp()
    let base = record.byteCount - trailer.size
    guard hasTrailers, base >= 8, read(record, base: base, (trailer.tid, trailer.time, trailer.cpu), &stamp) else { return Stamp() }
    // perf stamps what it makes up itself with 0.
    if stamp.time == 0 || stamp.time == .max { stamp.time = nil }
    return stamp
  }

  private func read(_ record: RawSpan, base: Int, _ places: (tid: Int, time: Int, cpu: Int), _ stamp: inout Stamp) -> Bool {
    if places.tid >= 0 { stamp.tid = Int32(bitPattern: record.integer(UInt32.self, at: base + places.tid + 4, order) ?? 0) }
    if places.time >= 0 { stamp.time = record.integer(UInt64.self, at: base + places.time, order) }
    guard places.cpu >= 0 else { return true }
    guard let number = record.integer(UInt32.self, at: base + places.cpu, order), number < Record.cpuLimit else { return false }
    stamp.cpu = Int32(number)
    return true
  }
}
