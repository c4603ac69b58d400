internal import Bytes

/// Which kernel a perf.data was recorded on. It carries no symbols; perf takes them from the machine it runs on, and so do we,
/// if that machine runs the same kernel at the same address.
struct KernelIdentity {
  /// `uname -r`.
  var release: String
  /// A symbol at the start of the kernel's code (`_text`, `_stext`), and where it was.
  var symbol: String
  var address: UInt64

  /// What `/proc/kallsyms` has, if it is this kernel that runs here and lets us see its addresses.
  var symbols: [UInt8]? {
    guard let running = VirtualFile.contents(of: "/proc/sys/kernel/osrelease"), running.bytes.text == release + "\n",
      let table = VirtualFile.contents(of: "/proc/kallsyms"), isFound(in: table.bytes)
    else { return nil }
    return table.bytes.array
  }

  /// Whether `table` has the symbol where it was: `ffffffff81000000 T _text`.
  private func isFound(in table: RawSpan) -> Bool {
    let suffix = Array(" \(symbol)".utf8)
    var start = 0
    while let end = table.firstNewline(from: start) {
      if table.slice(end - suffix.count, suffix.count).array == suffix {
        var place = start
        return table.hexadecimal(at: &place) == address
      }
      start = end + 1
    }
    return false
  }
}
