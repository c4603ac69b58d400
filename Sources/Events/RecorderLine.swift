internal import Bytes

/// A line that the recorder itself wrote into the recording (`RecordingWait`, `InterruptLines` and `TaskFilter` in Capture).
enum RecorderLine {
  /// What `text` says, up to its end or its first zero byte; nil if it is somebody else's.
  static func body(_ text: RawSpan, _ names: inout NameTable) -> EventBody? {
    guard text.has(RecordingNote.prefix, at: 0) else { return nil }
    if text.has(RecordingNote.windowBegins, at: 0) { return .windowBegins }
    if text.has(RecordingNote.windowEnds, at: 0) { return .windowEnds }
    if text.has(RecordingNote.interruptsChosen, at: 0) { return .interruptsChosen }
    return chosenTask(text).map { .taskChosen(comm: names.intern(text.slice($0))) }
  }

  /// The same for what the kernel prints of such a line: as the event `tracing_mark_write`, or (trace-cmd) as `print` with that before it.
  static func body(printed text: RawSpan, _ name: RawSpan, _ names: inout NameTable) -> EventBody? {
    if name.has("tracing_mark_write", at: 0) { return body(text, &names) }
    guard name.has("print", at: 0), name.byteCount == 5, let start = text.firstIndex(of: ": ") else { return nil }
    return body(text.slice(start + 2, text.byteCount - start - 2), &names)
  }

  /// Where in `text` the name is, if it says whose scheduling is recorded.
  private static func chosenTask(_ text: RawSpan) -> Range<Int>? {
    let (before, behind) = (RecordingNote.beforeTask, RecordingNote.behindTask)
    var end = text.lengthToZero
    if end > 0, text.byte(at: end - 1) == UInt8(ascii: "\n") { end -= 1 }
    let (from, to) = (before.utf8CodeUnitCount, end - behind.utf8CodeUnitCount)
    return from < to && text.has(before, at: 0) && text.has(behind, at: to) ? from..<to : nil
  }
}
