internal import Bytes

/// What printing asks a recording for besides formats: the kernel's symbols and the formats of trace_printk. Each is read when it is first
/// asked for.
final class PrintNames {
  private let symbolText: () -> [UInt8]
  private let printkText: [UInt8]
  private(set) lazy var symbols = SymbolMap(symbolText())
  private lazy var printkFormats: [UInt64: [UInt8]] = Self.formats(printkText)

  init(symbols: @escaping () -> [UInt8], printkFormats: [UInt8]) {
    symbolText = symbols
    printkText = printkFormats
  }

  /// The lines `0xffffffff81e32fe0 : "%s\n"`, without the line's end in the format.
  private static func formats(_ text: [UInt8]) -> [UInt64: [UInt8]] {
    var formats: [UInt64: [UInt8]] = [:]
    for line in PrintkFormats.trusted(text).split(separator: 10) {
      let line = Array(line)
      var at = 0
      guard let address = line.view.hexadecimal(at: &at), let quote = line.view.firstIndex(of: UInt8(ascii: "\"")) else { continue }
      // `PrintkFormats` leaves `\n"` in the end.
      formats[address] = Array(line[(quote + 1)...].dropLast(3))
    }
    return formats
  }

  /// The format of trace_printk at `address`, or nil.
  func printkFormat(at address: UInt64) -> [UInt8]? { printkFormats[address] }

  /// The address of the kernel's symbol `name`, or 0.
  func address(ofSymbol name: [UInt8]) -> UInt64 { symbols.address(of: name) ?? 0 }

  /// Appends the symbol at `address`, and how far behind its begin it is if asked for, or the address.
  func append(symbolAt address: UInt64, hasOffset: Bool, longSize: Int, to line: inout TextBuffer) {
    guard let index = symbols.index(at: address) else {
      line.append("0x")
      return line.appendDigits(longSize == 4 ? address & 0xffff_ffff : address, bits: 4)
    }
    line.appendEscaped(symbols.name(index))
    guard hasOffset else { return }
    line.append("+0x")
    line.appendDigits(address &- symbols.address(index), bits: 4)
  }
}
