internal import Bytes

/// One line of trace text, split into its columns.
struct TextLine {
  /// Whether the first lines of a file are a trace.
  static func looksLikeTrace(_ head: RawSpan) -> Bool { false }
}
