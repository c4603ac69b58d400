public import Bytes

/// Collects output in bytes and writes it in large pieces; lines of a hot path never become a `String` on the way.
public struct TextOutput {
  /// What was written since the last flush.
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
  public mutating func write(_ text: String) { bytes.append(contentsOf: text.utf8) }

  /// Appends `text` and ends the line.
  public mutating func line(_ text: String = "") {
    bytes.append(contentsOf: text.utf8)
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
