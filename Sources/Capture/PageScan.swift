internal import Bytes
internal import SystemPackage

/// Looks through the recorded pages for what they mention, so that the file says no more of this machine than it must.
struct PageScan {
  private(set) var symbols: SymbolTable
  private(set) var tasks: TaskNames

  /// Where there is more than this, looking would take longer than it is worth.
  private static let limit = 1 << 30

  /// Finds what the pages in `spools` need of `symbols` and `tasks`; what cannot be looked through is taken to need all.
  init(_ spools: [Spool], symbols: SymbolTable, tasks: TaskNames) {
    self.symbols = symbols
    self.tasks = tasks
    if spools.reduce(0, { $0 + $1.bytes }) > Self.limit || !spools.allSatisfy({ scan($0) }) {
      self.symbols.needAll()
      self.tasks.needAll()
    }
  }

  private mutating func scan(_ spool: Spool) -> Bool {
    guard let file = try? InputFile(path: "/proc/self/fd/\(spool.file.rawValue)") else { return false }
    let buffer = ByteBuffer(capacity: 1 << 20)
    let kept = spool.kept
    for offset in stride(from: kept.lowerBound, to: kept.upperBound, by: buffer.capacity) {
      guard (try? file.read(at: offset, count: buffer.capacity, into: buffer)) != nil else { return false }
      symbols.need(buffer.bytes)
      tasks.need(buffer.bytes)
    }
    return true
  }
}
