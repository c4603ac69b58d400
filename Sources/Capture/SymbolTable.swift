internal import Linux
internal import Bytes

/// The kernel's function names (`/proc/kallsyms`), of which a recording needs only those whose addresses are in it.
struct SymbolTable {
  private var addresses: [UInt64] = []
  /// The line of each address, with its line end.
  private var lines: [Range<Int>] = []
  private let text: [UInt8]
  private var isNeeded: [Bool] = []

  /// Takes the functions out of `text`; data have no place in the events of `record`.
  init(_ text: [UInt8]) {
    self.text = text
    var entries: [(address: UInt64, line: Range<Int>)] = []
    var start = 0
    while start < text.count {
      let end = text[start...].firstIndex(of: UInt8(ascii: "\n")) ?? text.count
      if let address = Self.address(text[start..<end]) { entries.append((address, start..<min(end + 1, text.count))) }
      start = end + 1
    }
    entries.sort { ($0.address, $0.line.lowerBound) < ($1.address, $1.line.lowerBound) }
    addresses = entries.map(\.address)
    lines = entries.map(\.line)
    isNeeded = Array(repeating: false, count: entries.count)
  }

  /// The functions of the running kernel and its modules; none where it hides their addresses.
  static var ofKernel: SymbolTable { SymbolTable((try? Files.contents(of: "/proc/kallsyms")) ?? []) }

  /// Whether the kernel shows us the addresses of its functions.
  static var isKernelVisible: Bool { !ofKernel.addresses.isEmpty }

  /// The address of a line `ffffffff81000000 T name`, or nil if it is hidden or not that of a function.
  private static func address(_ line: ArraySlice<UInt8>) -> UInt64? {
    var address: UInt64 = 0
    for index in line.indices {
      let byte = line[index]
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): address = address << 4 | UInt64(byte - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"): address = address << 4 | UInt64(byte - UInt8(ascii: "a") + 10)
      default:
        let isFunction = index + 1 < line.endIndex && functionTypes.contains(line[index + 1])
        return isFunction && address != 0 ? address : nil
      }
    }
    return nil
  }

  private static let functionTypes = Array("tTwW".utf8)

  /// Marks the functions that the numbers in `pages` may point into. Any four bytes may begin an address: what the fields of an event
  /// mean is not known here, and a function too many does no harm.
  mutating func need(_ pages: RawSpan) {
    guard let first = addresses.first, let last = addresses.last else { return }
    let (lowest, highest) = (UInt32(first >> 32), UInt32((last &+ Self.longestFunction) >> 32))
    var previous: UInt64 = 0
    for offset in stride(from: 4, to: pages.byteCount, by: 4) {
      guard let high = pages.integer(UInt32.self, at: offset), high >= lowest, high <= highest,
        let value = pages.integer(UInt64.self, at: offset - 4), value != previous, value >= first, value < last &+ Self.longestFunction
      else { continue }
      previous = value
      isNeeded[index(of: value)] = true
    }
  }

  /// Marks all.
  mutating func needAll() { isNeeded = Array(repeating: true, count: isNeeded.count) }

  /// How far behind the last symbol an address may lie.
  private static let longestFunction: UInt64 = 1 << 16

  /// The function with the highest address that is not above `address`.
  private func index(of address: UInt64) -> Int {
    var (low, high) = (0, addresses.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if addresses[middle] <= address { low = middle } else { high = middle }
    }
    return low
  }

  /// The lines of the functions needed. All names of one address stay together, and behind them stand those of the next address, where
  /// the functions end.
  var needed: [UInt8] {
    var chosen: [UInt8] = []
    var isPreviousNeeded = false
    var start = 0
    while start < lines.count {
      let end = addresses[start...].firstIndex { $0 != addresses[start] } ?? lines.count
      let isNeeded = isNeeded[start..<end].contains(true)
      if isNeeded || isPreviousNeeded { for line in lines[start..<end] { chosen += text[line] } }
      isPreviousNeeded = isNeeded
      start = end
    }
    return chosen
  }
}
