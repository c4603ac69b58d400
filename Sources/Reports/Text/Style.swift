/// Colors on a terminal, or none. A style marks text with characters of our own, which `TextOutput` turns into the terminal's sequences: so it can tell
/// ours from those that stand in a name, which it does not let through.
public struct Style: Sendable {
  private let isColored: Bool

  /// Text with or without colors.
  public init(isColored: Bool) { self.isColored = isColored }

  func bold(_ text: String) -> String { marked(text, "\u{10fe01}") }
  func dim(_ text: String) -> String { marked(text, "\u{10fe02}") }
  func accent(_ text: String) -> String { marked(text, "\u{10fe03}") }
  func warning(_ text: String) -> String { marked(text, "\u{10fe04}") }

  private func marked(_ text: String, _ mark: String) -> String { isColored ? mark + text + "\u{10fe00}" : text }

  /// What a mark is to a terminal (ECMA-48, Select Graphic Rendition); nil for any other character.
  static func code(_ scalar: Unicode.Scalar) -> String? {
    switch scalar.value {
    case 0x10_fe00: "\u{1b}[0m"
    case 0x10_fe01: "\u{1b}[1m"
    case 0x10_fe02: "\u{1b}[2m"
    case 0x10_fe03: "\u{1b}[36m"
    case 0x10_fe04: "\u{1b}[33m"
    default: nil
    }
  }
}
