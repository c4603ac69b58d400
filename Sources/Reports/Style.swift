/// Colors on a terminal, or none.
public struct Style: Sendable {
  private let isColored: Bool

  /// Text with or without colors.
  public init(isColored: Bool) { self.isColored = isColored }

  func bold(_ text: String) -> String { isColored ? "\u{1b}[1m\(text)\u{1b}[0m" : text }
  func dim(_ text: String) -> String { isColored ? "\u{1b}[2m\(text)\u{1b}[0m" : text }
  func accent(_ text: String) -> String { isColored ? "\u{1b}[36m\(text)\u{1b}[0m" : text }
  func warning(_ text: String) -> String { isColored ? "\u{1b}[33m\(text)\u{1b}[0m" : text }
}
