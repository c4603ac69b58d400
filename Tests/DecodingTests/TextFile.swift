import Bytes
import Foundation

@testable import Decoding

/// A file of text that is gone when the test is over.
final class TextFile {
  let path: String

  init(_ bytes: [UInt8]) throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("wakepath-\(UUID().uuidString).txt").path
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }

  convenience init(_ text: String) throws { try self.init(Array(text.utf8)) }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// What a stream over the file hands out, one string for each record, and what it complains of.
  func records(stride: Int) throws -> (records: [String], diagnostics: Diagnostics) {
    var stream = TextStream(file: try InputFile(path: path), stride: stride)
    var buffers = ByteBuffers()
    buffers.append(ByteBuffer(capacity: 1))
    var diagnostics = Diagnostics()
    var records: [String] = []
    while true {
      stream.advance(&buffers, 0, &diagnostics)
      switch stream.head {
      case .event: records.append("\(stream.headTime) [\(stream.headCPU)] \(buffers.bytes(0, stream.headOffset, stream.headLength).text)")
      case .gap:
        guard let gap = stream.gap else { break }
        records.append("gap [\(gap.cpu)] \(gap.after)…\(gap.before) \(gap.events.map(String.init) ?? "?")")
      case .end: return (records, diagnostics)
      }
    }
  }
}

/// Runs `body` over the bytes of `text`.
func withBytes<R>(of text: String, _ body: (RawSpan) -> R) -> R {
  let buffer = ByteBuffer(Array(text.utf8))
  return body(buffer.bytes)
}
