internal import Bytes

/// What the lines of trace text hold, found before they are read: text brings no formats that would say what its kernel has.
public struct TextSurvey: Sendable {
  /// The names of the events looked for that are there.
  public private(set) var events: Set<String> = []
  /// Whether lines say in letters what their CPU was doing (`trace-cmd report -l`, the kernel's own text); perf script never does.
  public private(set) var hasLetters = false

  /// So many lines of a file are looked at; an event that comes later is taken for one that the kernel does not have.
  private static let limit = 500_000

  /// Looks through `files` until all events of `wanted` are found.
  init(_ files: [InputFile], for wanted: Set<String>) {
    for file in files { look(through: file, for: wanted) }
  }

  private mutating func look(through file: InputFile, for wanted: Set<String>) {
    var lines = LineReader(file: file, stride: 256 << 10)
    let buffer = lines.newBuffer
    var left = Self.limit
    while left > 0, events.count < wanted.count, let step = try? lines.next(buffer) {
      left -= 1
      switch step {
      case .line(let start, let end): look(at: buffer.bytes.slice(start..<end), for: wanted)
      case .tooLong: break
      case .end: return
      }
    }
  }

  private mutating func look(at line: RawSpan, for wanted: Set<String>) {
    guard let found = TextLine(line) else { return }
    hasLetters = hasLetters || found.flags.count > 0
    let name = found.name.bytes(of: line).text
    if wanted.contains(name) { events.insert(name) }
  }
}
