public import Bytes

/// Collects output in bytes and writes it in large pieces. Text that goes through it is safe for a terminal (`TerminalText`), so that no printer can
/// forget to make it so.
public struct TextOutput {
  /// What was written since the last flush; what is appended here directly goes out as it is.
  public var bytes: [UInt8] = []
  private let descriptor: OutputDescriptor
  /// Set when the reader of our output is gone: nothing more needs to be made.
  public private(set) var isClosed = false

  /// Output to `descriptor`.
  public init(_ descriptor: OutputDescriptor = .standardOutput) {
    self.descriptor = descriptor
    bytes.reserveCapacity(Self.pieceSize + 4096)
  }

  private static let pieceSize = 1 << 16

  /// Appends `text`.
  public mutating func write(_ text: String) { TerminalText.append(text, to: &bytes) }

  /// Appends `text` and ends the line.
  public mutating func line(_ text: String = "") {
    TerminalText.append(text, to: &bytes)
    endLine()
  }

  /// Appends the JSON that `body` writes, and ends the line.
  mutating func json(_ body: (inout JSONWriter) -> Void) {
    // The bytes move there and back: a line of JSON needs no memory of its own.
    var writer = JSONWriter()
    swap(&writer.bytes, &bytes)
    body(&writer)
    swap(&writer.bytes, &bytes)
    endLine()
  }

  /// Ends the line; writes out what has come together if it is much.
  public mutating func endLine() {
    bytes.append(UInt8(ascii: "\n"))
    if bytes.count >= Self.pieceSize { flush() }
  }

  /// Writes out what has come together.
  public mutating func flush() {
    if !isClosed, !descriptor.write(bytes) { isClosed = true }
    bytes.removeAll(keepingCapacity: true)
  }
}
