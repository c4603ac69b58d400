internal import Events

/// A simulated recording in the form that a kernel's ring buffer has: what a trace.dat needs.
public struct SimulatedTrace {
  /// The formats of the events, by system.
  public let formats: [(system: String, texts: [String])]
  /// Each CPU's sub-buffers, one behind the other.
  public let pages: [[UInt8]]
  /// `header_page` and `header_event` of the kernel's event directory.
  public let headerPage = """
    \tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;
    \tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;
    \tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;
    \tfield: char data;\toffset:16;\tsize:4080;\tsigned:1;

    """
  public let headerEvent = """
    # compressed entry header
    \ttype_len    :    5 bits
    \ttime_delta  :   27 bits
    \tarray       :   32 bits

    """
  /// The kernel's symbols, and the names of the tasks by number.
  public var symbols: String { SymbolList.text }
  public let tasks: String
  public let release: String

  public init(_ outcome: Scenario.Outcome, _ kernel: Kernel) {
    let all = EventFormats.all(kernel)
    var bySystem: [(system: String, texts: [String])] = []
    for format in all {
      if let index = bySystem.firstIndex(where: { $0.system == format.system }) {
        bySystem[index].texts.append(format.text)
      } else {
        bySystem.append((format.system, [format.text]))
      }
    }
    formats = bySystem
    tasks = outcome.recording.tasks.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)\n" }.joined()
    release = kernel.release
    let encoder = EventEncoder(outcome.recording, all)
    var writers = [RingWriter](repeating: RingWriter(), count: Int(outcome.recording.events.map(\.cpu).max() ?? 0) + 1)
    for event in outcome.recording.events { writers[Int(event.cpu)].append(event.time, encoder.bytes(of: event)) }
    pages = writers.map { $0.finished() }
  }
}

/// Writes one CPU's sub-buffers (kernel/trace/ring_buffer.c).
private struct RingWriter {
  private static let size = 4096
  private var pages: [UInt8] = []
  private var page: [UInt8] = []
  private var last: UInt64 = 0

  mutating func append(_ time: UInt64, _ payload: [UInt8]) {
    let padded = payload + Array(repeating: 0, count: (4 - payload.count % 4) % 4)
    if page.isEmpty || 16 + page.count + padded.count + 16 > Self.size { startPage(time) }
    let delta = time - last
    last = time
    if delta >= 1 << 27 {
      // A time extend in front carries the whole difference.
      append(30 | (delta & 0x7ff_ffff) << 5)
      append(delta >> 27)
    }
    let short = delta >= 1 << 27 ? 0 : delta
    if padded.count <= 112 {
      append(UInt64(padded.count / 4) | short << 5)
    } else {
      append(short << 5)
      append(UInt64(padded.count + 4))
    }
    page += padded
  }

  private mutating func append(_ word: UInt64) { for index in 0..<4 { page.append(UInt8(truncatingIfNeeded: word >> (8 * UInt64(index)))) } }

  private var begin: UInt64 = 0

  private mutating func startPage(_ time: UInt64) {
    pages = finished()
    page = []
    begin = time
    last = time
  }

  /// All pages, the last one filled up.
  func finished() -> [UInt8] {
    guard !page.isEmpty else { return pages }
    var bytes: [UInt8] = []
    for value in [begin, UInt64(page.count)] { for index in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))) } }
    return pages + bytes + page + Array(repeating: 0, count: Self.size - 16 - page.count)
  }
}
