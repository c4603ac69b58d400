internal import Bytes

/// What the head of a perf.data says, gathered from the file's sections or from the first records of a pipe.
struct PerfHeader {
  var order = ByteOrder.little
  /// Whether it was written to a pipe: everything is a record then.
  var isPipe = false
  var attributes: [PerfAttribute] = []
  /// Which attribute the events with an id are of.
  var attributeOfID: [UInt64: Int] = [:]
  /// Where the records lie in the file; the end may lie behind the file's.
  var records = 0..<0
  /// Whether the recorder never came to write how many records there are.
  var isUnfinished = false
  /// The formats of events, in the form that trace.dat has them.
  var tracing: TraceDatHeader?
  var release: String?
  /// A symbol at the start of the kernel's code, and where it was.
  var kernelStart: (symbol: String, address: UInt64)?
  var cpus = 0
  /// Whether the samples lie in files beside it, called `data.0` and so on.
  var isDirectory = false

  /// The kernel that was recorded, if the file says.
  var kernel: KernelIdentity? {
    guard let release, let kernelStart else { return nil }
    return KernelIdentity(release: release, symbol: kernelStart.symbol, address: kernelStart.address)
  }

  /// The longest name of an event, to which perf script pads all of them; a damaged file may have names without end.
  var nameWidth: Int { min(attributes.map(\.name.count).max() ?? 0, 256) }

  static let magic = Array("PERFILE2".utf8)
  /// What perf wrote before its files described themselves.
  static let oldMagic = Array("PERFFILE".utf8)

  /// Record types of `perf_event.h`, and from 64 on those of perf's own.
  enum Kind {
    static let map: UInt32 = 1
    static let lost: UInt32 = 2
    static let comm: UInt32 = 3
    static let fork: UInt32 = 7
    static let sample: UInt32 = 9
    static let lostSamples: UInt32 = 13
    static let attribute: UInt32 = 64
    static let tracingData: UInt32 = 66
    static let finishedRound: UInt32 = 68
    static let auxTrace: UInt32 = 71
    static let eventUpdate: UInt32 = 78
    static let feature: UInt32 = 80
    static let compressed: UInt32 = 81
    static let compressed2: UInt32 = 83

    /// Whether a record may be of `kind`, with room for what kernels to come may add.
    static func isPlausible(_ kind: UInt32) -> Bool { (1..<32).contains(kind) || (64..<96).contains(kind) }
  }
}
