/// Times as people read them.
enum Durations {
  /// `850 ns`, `12.3 µs`, `4.56 ms`, `1.23 s`: three digits.
  static func text(_ nanoseconds: UInt64) -> String {
    switch nanoseconds {
    case ..<1_000: "\(nanoseconds) ns"
    case ..<1_000_000: "\(digits(nanoseconds, 1_000)) µs"
    case ..<1_000_000_000: "\(digits(nanoseconds, 1_000_000)) ms"
    default: "\(digits(nanoseconds, 1_000_000_000)) s"
    }
  }

  private static func digits(_ value: UInt64, _ unit: UInt64) -> String {
    let places = value < unit * 10 ? 2 : value < unit * 100 ? 1 : 0
    let scale: UInt64 = places == 2 ? 100 : places == 1 ? 10 : 1
    let scaled = (value * scale + unit / 2) / unit
    guard places > 0 else { return String(scaled) }
    let fraction = String(scaled % scale)
    return "\(scaled / scale)." + String(repeating: "0", count: places - fraction.count) + fraction
  }

  /// A point in time as `trace-cmd report -t` prints it: seconds and nine digits.
  static func stamp(_ nanoseconds: UInt64) -> String {
    let fraction = String(nanoseconds % 1_000_000_000)
    return "\(nanoseconds / 1_000_000_000)." + String(repeating: "0", count: 9 - fraction.count) + fraction
  }

  /// `12,345`.
  static func count(_ number: some BinaryInteger) -> String {
    var text = String(number)
    var place = text.count - 3
    while place > 0 {
      text.insert(",", at: text.index(text.startIndex, offsetBy: place))
      place -= 3
    }
    return text
  }

  /// `text` padded on the left to `width` characters.
  static func right(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(width - text.count, 0)) + text }

  /// `text` padded on the right to `width` characters.
  static func left(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(width - text.count, 0)) }
}
