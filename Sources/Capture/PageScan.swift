internal import Linux
internal import Bytes

/// Looks through the recorded pages for what they mention, so that the file says no more of this machine than it must.
struct PageScan {
  private(set) var symbols: SymbolTable
  private(set) var tasks: TaskNames

  /// Where there is more than this, looking would take longer than it is worth.
  static let limit = 1 << 30

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
    let kept = spool.kept
    for offset in stride(from: kept.lowerBound, to: kept.upperBound, by: Self.piece) {
      guard let pages = try? spool.file.bytes(at: offset, count: min(Self.piece, kept.upperBound - offset)) else { return false }
      let buffer = ByteBuffer(pages)
      symbols.need(buffer.bytes)
      tasks.need(buffer.bytes)
    }
    return true
  }

  /// How many bytes are looked at in one go: whole pages, whatever their size.
  private static let piece = 1 << 20
}
