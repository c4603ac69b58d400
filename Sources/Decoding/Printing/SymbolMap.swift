internal import Bytes

/// The kernel's symbols by address, from the text of /proc/kallsyms: `ffffffff81e32fe0 T sock_def_readable`, with the module in brackets
/// behind a tab if there is one.
struct SymbolMap {
  private let text: [UInt8]
  private var addresses: [UInt64] = []
  /// Where each symbol's name stands in `text`.
  private var places: [(offset: UInt32, count: UInt32)] = []

  /// The symbols of `text` up to the first line that has none.
  init(_ text: [UInt8]) {
    self.text = text
    var found: [(address: UInt64, offset: UInt32, count: UInt32)] = []
    let bytes = text.view
    var start = 0
    while start < bytes.byteCount, bytes.byteCount <= UInt32.max {
      let end = bytes.firstNewline(from: start) ?? bytes.byteCount
      defer { start = end + 1 }
      if end == start { continue }
      var at = bytes.skippingSpaces(from: start)
      guard let address = bytes.hexadecimal(at: &at) else { break }
      at = bytes.skippingSpaces(from: at)
      let kind = bytes.byte(at: at) ?? 0
      let name = bytes.skippingSpaces(from: at + 1)
      let stop = min(bytes.end(before: 32, or: 9, from: name), end)
      guard name < stop else { break }
      // What arm marks code and data with, and offsets of per-CPU variables, which are no addresses.
      if bytes.byte(at: name) == UInt8(ascii: "$") || kind | 32 == UInt8(ascii: "a") { continue }
      found.append((address, UInt32(name), UInt32(stop - name)))
    }
    // libtraceevent has them in reversed order before it sorts them, which tells which of several at one address it finds.
    let order = found.indices.sorted { (found[$0].address, $1) < (found[$1].address, $0) }
    addresses = order.map { found[$0].address }
    places = order.map { (found[$0].offset, found[$0].count) }
  }

  /// The symbol that `address` lies in, by its place in the list, or nil; nothing is known to lie behind the last one.
  func index(at address: UInt64) -> Int? {
    var (low, high) = (0, addresses.count)
    while low < high {
      let middle = (low + high) / 2
      let start = addresses[middle]
      if start == address || start < address && middle + 1 < addresses.count && address < addresses[middle + 1] { return middle }
      if address < start { high = middle } else { low = middle + 1 }
    }
    return nil
  }

  /// The first symbol called `name`, by address, or nil.
  func address(of name: [UInt8]) -> UInt64? {
    let wanted = UInt32(name.count)
    let index = places.firstIndex { $0.count == wanted && text[Int($0.offset)..<Int($0.offset + $0.count)].elementsEqual(name) }
    return index.map { addresses[$0] }
  }

  /// The address of symbol `index`.
  func address(_ index: Int) -> UInt64 { addresses[index] }

  /// The name of symbol `index`.
  @_lifetime(borrow self)
  func name(_ index: Int) -> RawSpan {
    text.view.slice(Int(places[index].offset), Int(places[index].count))
  }
}
