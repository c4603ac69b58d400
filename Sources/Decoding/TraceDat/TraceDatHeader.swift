internal import Bytes

/// What the head of a trace.dat says: `trace-cmd.dat.v6(5)` and `trace-cmd.dat.v7(5)`.
struct TraceDatHeader {
  /// Where the data of one CPU lie.
  struct CPUData {
    var cpu: Int32
    /// Byte offset in the file.
    var offset: Int
    /// Bytes in the file.
    var size: Int
    /// Whether nothing says that this is all the CPU wrote.
    var mayBeCut = false
  }

  /// One ring buffer (the top one or an instance).
  struct Buffer {
    var name: String
    var clock: String
    var pageSize: Int
    var isCompressed: Bool
    var cpus: [CPUData]
  }

  var version = 6
  var order = ByteOrder.little
  var longSize = 8
  var pageSize = 4096
  var compression: Compression?
  var headerPage: [UInt8] = []
  var ftraceFormats: [[UInt8]] = []
  /// With the place in the file at which each begins, or nil.
  var eventFormats: [(system: String, text: [UInt8], offset: Int?)] = []
  var kallsyms: [UInt8] = []
  var printkFormats: [UInt8] = []
  var commandLines: [UInt8] = []
  var clock: String?
  /// Whether version 6 names the clock again behind the list of CPUs.
  var listsClocks = false
  var scale = TimeScale()
  var uname: String?
  /// How many CPUs the machine had.
  var cpuCount = 0
  var buffers: [Buffer] = []
  /// The recorder's own count of events lost for each CPU (`per_cpu/cpuN/stats`).
  var statistics: [String] = []

  /// What the recorder ends its own lines with; nil where it does not say.
  var lineSignature: LineSignature?

  /// CPUs of which a flight recorder says that it has let go what was before (`Recorder` in Capture).
  var letGo: [Int32] {
    statistics.compactMap { text in
      guard text.contains("\nwakepath: what was before is let go"), text.hasPrefix("CPU: ") else { return nil }
      return Int32(text.dropFirst(5).prefix { $0.isNumber })
    }
  }

  static let magic: [UInt8] = [0x17, 0x08, 0x44] + Array("tracing".utf8)
}
