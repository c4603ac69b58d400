internal import Bytes

extension RecordingOpener {
  /// Opens a file of text. Where several traces stand in it one behind the other, such as those of several CPUs, each is a stream.
  mutating func openText(_ file: InputFile) {
    if let start = try? file.bytes(at: 0, count: min(file.size, FileKind.headSize)) {
      let head = TextHead(start.bytes)
      info.format = head.format
      info.kernel = head.kernel ?? info.kernel
      info.cpus = max(info.cpus, head.cpus)
      if head.isInCounts {
        info.isInTicks = true
        diagnostics.add(.clockIsCounter, path: file.path, offset: 0, "times are numbers without a fraction")
      }
    }
    info.isText = true
    let parts = Self.parts(of: file)
    let stride = max(Self.readAhead / parts.count, 16 << 10)
    for part in parts { streams.texts.append(TextStream(file: file, part: parts.count > 1 ? part : nil, stride: min(stride, 256 << 10))) }
  }

  /// Everything a trace in `file` begins with, and not what it may contain: the kernel's first line.
  private static let beginning: StaticString = "# tracer: "
  /// All streams of a file together read ahead by about this many bytes.
  private static let readAhead = 8 << 20

  /// The traces in `file`, each from its first line to that of the next.
  private static func parts(of file: InputFile) -> [Range<Int>] {
    var starts = [0]
    let overlap = beginning.utf8CodeUnitCount
    let buffer = ByteBuffer(capacity: 256 << 10)
    var position = 0
    while position < file.size, (try? file.read(at: position, count: buffer.capacity, into: buffer)) != nil, buffer.count > 0 {
      var at = 0
      while let found = buffer.bytes.firstIndex(of: UInt8(ascii: "#"), from: at) {
        let isFirst = found > 0 ? buffer.bytes.byte(at: found - 1) == 10 : position == 0
        if isFirst, position + found > 0, buffer.bytes.has(beginning, at: found) { starts.append(position + found) }
        at = found + 1
      }
      guard buffer.count > overlap + 1, position + buffer.count < file.size else { break }
      position += buffer.count - overlap - 1
    }
    var unique: [Int] = []
    for start in starts where start > unique.last ?? -1 { unique.append(start) }
    // More traces than machines have CPUs are not those of CPUs.
    guard unique.count > 1, unique.count <= 1024 else { return [0..<file.size] }
    return unique.indices.map { unique[$0]..<($0 + 1 < unique.count ? unique[$0 + 1] : file.size) }
  }
}
