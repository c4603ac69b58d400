internal import Bytes
internal import Linux
internal import SystemPackage

/// Writes a trace.dat of version 6: `trace-cmd.dat.v6(5)`. Integers have the byte order of this machine.
struct TraceDatWriter {
  /// Option ids; trace-cmd numbers them in trace-cmd-private.h.
  private enum Option: UInt16 {
    case done = 0
    case cpuStatistics = 2
    case traceClock = 4
    case uname = 5
    case version = 9
  }

  static var isBigEndian: Bool { 1.bigEndian == 1 }

  let metadata: TraceMetadata
  /// The pages of each CPU.
  let runs: [PageRun]
  /// Whether what is copied is given back to the disk at once, for there is no room for it twice. If that goes wrong, a part is here and a part there.
  var givesBack = false

  /// Writes the file to `file`, which is empty; answers its size in bytes.
  func write(to file: FileDescriptor) throws(Errno) -> Int {
    let cpuCount = (runs.map(\.cpu).max() ?? -1) + 1
    let head = head(cpuCount: cpuCount)
    var offset = aligned(head.count + 16 * cpuCount)
    var places = [(offset: Int, size: Int)](repeating: (offset, 0), count: cpuCount)
    for run in runs.sorted(by: { $0.cpu < $1.cpu }) {
      places[run.cpu] = (offset, run.range.count)
      offset = aligned(offset + run.range.count)
    }
    var bytes = WrittenBytes(head)
    for place in places {
      bytes.append(UInt64(place.offset))
      bytes.append(UInt64(place.size))
    }
    bytes.append(zeros: aligned(bytes.content.count) - bytes.content.count)
    try file.put(bytes.content)
    for run in runs.sorted(by: { $0.cpu < $1.cpu }) { try copy(run, to: file) }
    return offset
  }

  private func copy(_ run: PageRun, to file: FileDescriptor) throws(Errno) {
    guard givesBack else { return try run.file.copy(run.range, to: file) }
    var range = run.range
    while !range.isEmpty {
      let piece = range.lowerBound..<min(range.lowerBound + Self.piece, range.upperBound)
      try run.file.copy(piece, to: file)
      run.file.freeSpace(in: piece)
      range = piece.upperBound..<range.upperBound
    }
  }

  /// How many bytes lie on the disk twice while they are moved.
  private static let piece = 256 << 10

  /// How many bytes there are before the pages.
  var headBytes: Int { head(cpuCount: 0).count }

  private func aligned(_ offset: Int) -> Int { (offset + metadata.pageSize - 1) / metadata.pageSize * metadata.pageSize }

  /// Everything before the places of the CPUs' data.
  private func head(cpuCount: Int) -> [UInt8] {
    var bytes = WrittenBytes([0x17, 0x08, 0x44])
    bytes.append("tracing")
    bytes.append(terminated: "6")
    bytes.append(UInt8(Self.isBigEndian ? 1 : 0))
    bytes.append(UInt8(MemoryLayout<Int>.size))
    bytes.append(UInt32(metadata.pageSize))
    appendFormats(to: &bytes)
    bytes.append(UInt32(metadata.symbols.count))
    bytes.append(metadata.symbols)
    bytes.append(UInt32(metadata.printkFormats.count))
    bytes.append(metadata.printkFormats)
    bytes.append(counted: metadata.commandLines)
    bytes.append(UInt32(cpuCount))
    appendOptions(to: &bytes)
    bytes.append(terminated: "flyrecord")
    return bytes.content
  }

  private func appendFormats(to bytes: inout WrittenBytes) {
    bytes.append(terminated: "header_page")
    bytes.append(counted: metadata.headerPage)
    bytes.append(terminated: "header_event")
    bytes.append(counted: metadata.headerEvent)
    bytes.append(UInt32(metadata.ftraceFormats.count))
    for format in metadata.ftraceFormats { bytes.append(counted: format) }
    bytes.append(UInt32(metadata.eventFormats.count))
    for (system, formats) in metadata.eventFormats {
      bytes.append(terminated: system)
      bytes.append(UInt32(formats.count))
      for format in formats { bytes.append(counted: format) }
    }
  }

  private func appendOptions(to bytes: inout WrittenBytes) {
    func append(_ option: Option, _ data: [UInt8]) {
      bytes.append(option.rawValue)
      bytes.append(UInt32(data.count))
      bytes.append(data)
    }
    bytes.append(terminated: "options  ")
    for (cpu, text) in metadata.statistics { append(.cpuStatistics, Array("CPU: \(cpu)\n".utf8) + text + [0]) }
    append(.traceClock, metadata.clock + [0])
    append(.uname, Array(metadata.uname.utf8) + [0])
    append(.version, Array((metadata.lineSignature?.head ?? "wakepath").utf8) + [0])
    bytes.append(Option.done.rawValue)
  }
}
