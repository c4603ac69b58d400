internal import Bytes

/// A line that the recorder itself wrote into the recording (`RecordingWait`, `InterruptLines` and `TaskFilter` in Capture).
enum RecorderLine {
  /// What `text` says, up to its end or its first zero byte; nil if it is somebody else's. It must be signed by `signature`; where that is nil, as in
  /// recordings that name none, any signature will do, and none.
  static func body(_ text: RawSpan, signedBy signature: LineSignature?, _ names: inout NameTable) -> EventBody? {
    guard text.has(RecordingNote.prefix, at: 0) else { return nil }
    let line = withoutEnd(text)
    let own = LineSignature(endOf: line)
    guard signature == nil || own == signature else { return nil }
    return body(line.slice(0, line.byteCount - (own == nil ? 0 : LineSignature.length)), &names)
  }

  /// What `text` is signed with, if it begins as a recorder's line.
  static func signature(printed text: RawSpan, _ name: RawSpan) -> LineSignature? {
    let line = withoutEnd(marker(printed: text, name))
    return line.has(RecordingNote.prefix, at: 0) ? LineSignature(endOf: line) : nil
  }

  private static func body(_ text: RawSpan, _ names: inout NameTable) -> EventBody? {
    if text.has(RecordingNote.windowBegins, at: 0) { return .windowBegins }
    if text.has(RecordingNote.windowEnds, at: 0) { return .windowEnds }
    if text.has(RecordingNote.interruptsChosen, at: 0) { return .interruptsChosen }
    return chosenTask(text).map { .taskChosen(comm: names.intern(text.slice($0))) }
  }

  /// The same for what the kernel prints of such a line: as the event `tracing_mark_write`, or (trace-cmd) as `print` with that before it.
  static func body(
    printed text: RawSpan, _ name: RawSpan, signedBy signature: LineSignature?, _ names: inout NameTable
  ) -> EventBody? {
    body(marker(printed: text, name), signedBy: signature, &names)
  }

  /// What was written to `trace_marker`, of the text of an event called `name`; empty if it is none of it.
  @_lifetime(copy text)
  private static func marker(printed text: RawSpan, _ name: RawSpan) -> RawSpan {
    if name.has("tracing_mark_write", at: 0) { return text }
    guard name.has("print", at: 0), name.byteCount == 5, let start = text.firstIndex(of: ": ") else { return text.slice(0, 0) }
    return text.slice(start + 2, text.byteCount - start - 2)
  }

  /// `text` up to its first zero byte, without a line end.
  @_lifetime(copy text)
  private static func withoutEnd(_ text: RawSpan) -> RawSpan {
    var end = text.lengthToZero
    if end > 0, text.byte(at: end - 1) == UInt8(ascii: "\n") { end -= 1 }
    return text.slice(0, end)
  }

  /// Where in `text` the name is, if it says whose scheduling is recorded.
  private static func chosenTask(_ text: RawSpan) -> Range<Int>? {
    let (before, behind) = (RecordingNote.beforeTask, RecordingNote.behindTask)
    let (from, to) = (before.utf8CodeUnitCount, text.byteCount - behind.utf8CodeUnitCount)
    return from < to && text.has(before, at: 0) && text.has(behind, at: to) ? from..<to : nil
  }
}
