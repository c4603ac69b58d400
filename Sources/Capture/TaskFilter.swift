internal import Tracepoints

/// The tasks whose scheduling is recorded. The kernel compares names: whom a packet wakes it cannot ask.
struct TaskFilter {
  private let names: [String]

  /// Tasks called one of `names`; nil if there are none, for then all are recorded.
  init?(_ names: [String]) {
    guard !names.isEmpty else { return nil }
    self.names = names
  }

  /// Why `name` cannot be the name of a task (`TASK_COMM_LEN`); nil if it can.
  static func problem(_ name: String) -> String? {
    guard !name.isEmpty, name.utf8.count < 16 else { return "the name of a task has 1 to 15 bytes" }
    return name.contains { "\"\\".contains($0) || $0.isNewline } ? "the kernel cannot compare with quotes and backslashes" : nil
  }

  /// Threads that packets take their way through: ksoftirqd, threaded NAPI, and the handlers of interrupts.
  private static let threads = ["ksoftirqd/*", "napi/*", "irq/*"]

  /// What the kernel is to keep of an event that has names of tasks in `fields`.
  func condition(_ fields: [String]) -> String {
    fields.flatMap { field in names.map { "\(field) == \"\($0)\"" } + Self.threads.map { "\(field) ~ \"\($0)\"" } }.joined(separator: " || ")
  }

  /// What the recording says of itself, a line for each name; `wakepath report` looks for its beginning and end.
  var notes: [String] { names.map { "\(RecordingNote.beforeTask)\($0)\(RecordingNote.behindTask)" } }
}
