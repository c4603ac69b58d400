internal import Bytes

extension Recording {
  /// The columns of `record`, which must be of kind `line` and the one `next` answered last.
  public func line(of record: Record) -> TextLine { texts[Int(record.stream) - rings.count].line }

  /// Shows `body` the columns and the bytes of `record`, which must be of kind `line` and the one `next` answered last. Mutating, because
  /// Swift copies a whole recording to ask it for either.
  public mutating func withLine(of record: Record, _ body: (TextLine, RawSpan) -> Void) {
    body(texts[Int(record.stream) - rings.count].line, buffers.bytes(Int(record.buffer), Int(record.offset), Int(record.length)))
  }
}
