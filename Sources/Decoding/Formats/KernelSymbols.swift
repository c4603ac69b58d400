internal import Bytes

/// The names of a kernel's functions from a copy of its /proc/kallsyms, for recordings that do not bring them: perf.data and raw pages.
struct KernelSymbols {
  private let text: [UInt8]

  /// The symbols in `path`; throws if it holds none with an address.
  init(path: String) throws(ReadingError) {
    guard let contents = VirtualFile.contents(of: path) else { throw ReadingError(.unreadable, path: path, "cannot be read") }
    guard Self.hasAddress(contents.bytes) else {
      throw ReadingError(
        .unexplained, path: path, "names no function with its address; /proc/kallsyms shows them to root, where kptr_restrict allows it")
    }
    text = contents.bytes.array
  }

  /// Whether a line of `table` begins with an address that is not hidden.
  private static func hasAddress(_ table: RawSpan) -> Bool {
    var start = 0
    while start < table.byteCount {
      var place = start
      if let address = table.hexadecimal(at: &place), address != 0, table.byte(at: place) == UInt8(ascii: " ") { return true }
      start = (table.firstNewline(from: start) ?? table.byteCount) + 1
    }
    return false
  }

  /// The table for a recording of `kernel`. The kernel lies elsewhere after each boot, all of its code moved by the same distance; its
  /// modules do not move with it, and are left out where the copy is of another boot.
  func text(for kernel: KernelIdentity?) -> [UInt8] {
    let table = ByteBuffer(text)
    guard let kernel, let address = FormatCatalog.address(of: Array(" \(kernel.symbol)".utf8), in: table.bytes), address != kernel.address else {
      return text
    }
    return Self.moved(table.bytes, by: kernel.address &- address)
  }

  private static func moved(_ table: RawSpan, by distance: UInt64) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(table.byteCount)
    var start = 0
    while start < table.byteCount {
      let end = table.firstNewline(from: start) ?? table.byteCount
      let line = table.slice(start, end - start)
      var place = 0
      if let address = line.hexadecimal(at: &place), line.firstIndex(of: UInt8(ascii: "\t")) == nil {
        let digits = String(address &+ distance, radix: 16)
        result += Array(repeating: UInt8(ascii: "0"), count: 16 - digits.utf8.count) + digits.utf8
        result += line.slice(place, line.byteCount - place).array
        result.append(UInt8(ascii: "\n"))
      }
      start = end + 1
    }
    return result
  }
}
