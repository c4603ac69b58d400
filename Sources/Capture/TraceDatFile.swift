internal import Linux
internal import SystemPackage

/// A trace.dat of events that come from elsewhere than this kernel's tracefs.
public struct TraceDatFile {
  /// Formats by system, `header_page`, `header_event`, symbols, and lines of a task's number and its name, all as the kernel has them.
  public var formats: [(system: String, texts: [String])] = []
  public var headerPage = ""
  public var headerEvent = ""
  public var symbols = ""
  public var tasks = ""
  /// The kernel's release.
  public var release = ""
  /// The sub-buffers of each CPU.
  public var pages: [[UInt8]] = []

  public init() {}

  /// Writes the file to `path`; answers its size in bytes.
  @discardableResult
  public func write(to path: String) throws(CaptureError) -> Int {
    let output = try OutputFile(path)
    var metadata = TraceMetadata()
    metadata.headerPage = Array(headerPage.utf8)
    metadata.headerEvent = Array(headerEvent.utf8)
    metadata.eventFormats = formats.map { ($0.system, $0.texts.map { Array($0.utf8) }) }
    metadata.symbols = Array(symbols.utf8)
    metadata.commandLines = Array(tasks.utf8)
    metadata.clock = Array("[mono]".utf8)
    metadata.uname = "Linux simulator \(release) x86_64"
    var spools: [Spool] = []
    for (cpu, content) in pages.enumerated() {
      let spool = try Spool(cpu: cpu, in: output)
      do throws(Errno) {
        try spool.file.put(content)
      } catch {
        throw CaptureError("\(path) cannot be written", error, .output)
      }
      spool.grow(by: content.count)
      spools.append(spool)
    }
    let writer = TraceDatWriter(metadata: metadata, runs: spools.map { PageRun($0) })
    return try output.replace { file throws(Errno) in try writer.write(to: file) }
  }
}

extension TraceDatFile {
  /// Writes `content` to a plain file at `path`.
  public static func write(_ content: [UInt8], to path: String) throws(CaptureError) {
    try OutputFile(path).replace { file throws(Errno) in try file.put(content) }
  }
}
