public import Foundation

/// Builds perf.data byte by byte, in either byte order, as a file or as a pipe.
public struct PerfDataBuilder: Sendable {
  public var isBigEndian = false
  public var isPipe = false
  /// Bytes of `struct perf_event_attr`: 64 in the oldest perf.
  public var attributeSize = 128
  /// Ids of the events; more than one make samples name theirs.
  public var ids: [UInt64] = [7]
  /// Those of them that are software events and no tracepoints.
  public var softwareIDs: Set<UInt64> = []
  /// `PERF_SAMPLE_…`; samples are built to it.
  public var sampleType: UInt64 = 0x1_0587
  /// The id of the event that the samples say they are of.
  public var event: UInt64 = 9
  public var release = "6.1.0"
  /// Says in the header that there are no data, as a recorder that was killed does.
  public var isUnfinished = false
  /// Says that the samples lie in files beside it.
  public var isDirectory = false
  public var records: [Data] = []
  /// Format texts by system.
  public var formats = [(system: "irq", texts: [TraceDatBuilder.softirqRaiseFormat])]
  /// Tasks that had a name before the recording began.
  public var names: [(tid: UInt32, name: String)] = []

  public init() {}

  /// An integer in the file's byte order.
  public func bytes<T: FixedWidthInteger>(_ value: T) -> Data {
    withUnsafeBytes(of: isBigEndian ? value.bigEndian : value.littleEndian) { Data($0) }
  }

  /// A record of `kind`, with its size unless `size` says another.
  public func record(_ kind: UInt32, misc: UInt16 = 0, size: UInt16? = nil, _ body: Data) -> Data {
    let padded = body + Data(count: (8 - body.count % 8) % 8)
    return bytes(kind) + bytes(misc) + bytes(size ?? UInt16(padded.count + 8)) + padded
  }

  private func has(_ bit: UInt64) -> Bool { sampleType >> bit & 1 != 0 }

  /// A softirq_raise of vector `vector`, in a sample of whatever `sampleType` asks for.
  public func sample(time: UInt64, cpu: UInt32 = 0, tid: UInt32 = 1, id: UInt64? = nil, vector: UInt32 = 3) -> Data {
    sample(time: time, cpu: cpu, tid: tid, id: id, raw: bytes(UInt16(9)) + Data([0, 0]) + bytes(tid) + bytes(vector))
  }

  /// A sample with the entry `raw`, in whatever form `sampleType` asks for.
  public func sample(time: UInt64, cpu: UInt32, tid: UInt32, id: UInt64? = nil, raw entry: Data) -> Data {
    let word = bytes(id ?? ids[0])
    var body = Data()
    if has(16) { body += word }
    if has(0) { body += bytes(UInt64(0xffff_ffff_8100_0000)) }
    if has(1) { body += bytes(tid) + bytes(tid) }
    if has(2) { body += bytes(time) }
    if has(3) { body += bytes(UInt64(0)) }
    if has(6) { body += word }
    if has(9) { body += bytes(UInt64(99)) }
    if has(7) { body += bytes(cpu) + bytes(UInt32(0)) }
    if has(8) { body += bytes(UInt64(1)) }
    // The counter's value and its id.
    if has(4) { body += bytes(UInt64(5)) + word }
    if has(5) { body += bytes(UInt64(2)) + bytes(UInt64(0xffff_ffff_ffff_ff80)) + bytes(UInt64(0x1000)) }
    if has(10) { body += bytes(UInt32(entry.count)) + entry }
    return record(9, body)
  }

  /// What records that are no samples end with.
  public func trailer(time: UInt64, cpu: UInt32 = 0, tid: UInt32 = 1) -> Data {
    var end = Data()
    if has(1) { end += bytes(tid) + bytes(tid) }
    if has(2) { end += bytes(time) }
    if has(6) { end += bytes(ids[0]) }
    if has(9) { end += bytes(UInt64(99)) }
    if has(7) { end += bytes(cpu) + bytes(UInt32(0)) }
    if has(16) { end += bytes(ids[0]) }
    return end
  }

  /// `count` records of `cpu` were lost before `time`.
  public func lost(time: UInt64, cpu: UInt32, count: UInt64) -> Data { record(2, bytes(ids[0]) + bytes(count) + trailer(time: time, cpu: cpu)) }

  /// Task `tid` is called `name`.
  public func comm(time: UInt64, tid: UInt32, _ name: String) -> Data {
    let text = Data(name.utf8) + Data(count: 8 - name.utf8.count % 8)
    return record(3, bytes(tid) + bytes(tid) + text + trailer(time: time, tid: tid))
  }

  /// `parent` made task `tid`.
  public func fork(time: UInt64, tid: UInt32, parent: UInt32) -> Data {
    record(7, bytes(tid) + bytes(parent) + bytes(tid) + bytes(parent) + bytes(time) + trailer(time: time, tid: parent))
  }

  public var finishedRound: Data { record(68, Data()) }

  private func attribute(_ id: UInt64) -> Data {
    // sample_id_all is bit 18, on big-endian machines counted from the top.
    let flags: UInt64 = isBigEndian ? 1 << 45 : 1 << 18
    var attribute =
      bytes(UInt32(softwareIDs.contains(id) ? 1 : 2)) + bytes(UInt32(attributeSize)) + bytes(event) + bytes(UInt64(1)) + bytes(sampleType)
    attribute += bytes(UInt64(4)) + bytes(flags)
    return attribute + Data(count: attributeSize - attribute.count)
  }

  /// The formats, as perf packs them.
  public func tracingData() -> Data {
    var formats = TraceDatBuilder()
    formats.isBigEndian = isBigEndian
    formats.formats = self.formats
    var data = Data([0x17, 0x08, 0x44]) + Data("tracing0.6\0".utf8) + Data([isBigEndian ? 1 : 0, 8]) + bytes(UInt32(4096))
    data += Data("header_page\0".utf8) + bytes(UInt64(0)) + Data("header_event\0".utf8) + bytes(UInt64(0)) + bytes(UInt32(0))
    return data + formats.eventFormats + bytes(UInt32(0)) + bytes(UInt32(0)) + bytes(UInt64(0))
  }

  private func string(_ text: String) -> Data { bytes(UInt32(64)) + Data(text.utf8) + Data(count: 64 - text.utf8.count) }

  /// The whole file.
  public func build() -> Data { layOut().file }

  /// The whole file, and where in it each of `records` lies.
  public func layOut() -> (file: Data, records: [Range<Int>]) {
    var start = 0
    let file = isPipe ? pipe(&start) : file(&start)
    var ranges: [Range<Int>] = []
    for record in records {
      ranges.append(start..<start + record.count)
      start += record.count
    }
    return (file, ranges)
  }

  private var magic: Data { Data((isBigEndian ? "2ELIFREP" : "PERFILE2").utf8) }

  private var comms: Data { names.reduce(Data()) { $0 + comm(time: 0, tid: $1.tid, $1.name) } }

  private func pipe(_ records: inout Int) -> Data {
    var file = magic + bytes(UInt64(16))
    for id in ids { file += record(64, attribute(id) + bytes(id)) }
    file += record(80, bytes(UInt64(4)) + string(release))
    let formats = tracingData()
    file += record(66, bytes(UInt32(formats.count))) + formats + Data(count: (8 - formats.count % 8) % 8) + comms
    records = file.count
    return file + self.records.reduce(Data(), +)
  }

  private func file(_ records: inout Int) -> Data {
    let data = comms + self.records.reduce(Data(), +)
    let attributes = 104 + ids.count * 8
    let start = attributes + ids.count * (attributeSize + 16)
    let end = start + data.count
    let formats = tracingData()
    let texts = string(release)
    var file = magic + bytes(UInt64(104)) + bytes(UInt64(attributeSize + 16))
    file += bytes(UInt64(attributes)) + bytes(UInt64(ids.count * (attributeSize + 16)))
    file += bytes(UInt64(start)) + bytes(UInt64(isUnfinished ? 0 : data.count)) + Data(count: 16)
    // Features 1 (formats), 4 (release) and 24 (directory).
    file += bytes(UInt64(1 << 1 | 1 << 4 | (isDirectory ? 1 << 24 : 0))) + Data(count: 24)
    for id in ids { file += bytes(id) }
    for index in ids.indices { file += attribute(ids[index]) + bytes(UInt64(104 + index * 8)) + bytes(UInt64(8)) }
    records = file.count + comms.count
    file += data
    if isUnfinished { return file }
    let table = isDirectory ? 48 : 32
    file += bytes(UInt64(end + table)) + bytes(UInt64(formats.count)) + bytes(UInt64(end + table + formats.count)) + bytes(UInt64(texts.count))
    if isDirectory { file += bytes(UInt64(end + table + formats.count + texts.count)) + bytes(UInt64(8)) }
    return file + formats + texts + (isDirectory ? bytes(UInt64(1)) : Data())
  }
}
