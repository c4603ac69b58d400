/// Lines that `record` writes into a recording (`trace_marker`), and that whoever reads it looks for. All begin with `prefix`.
public enum RecordingNote {
  public static let prefix: StaticString = "wakepath: "
  /// A window of a recording with pauses begins, or ends.
  public static let windowBegins: StaticString = "wakepath: a window begins"
  public static let windowEnds: StaticString = "wakepath: a window ends"
  /// Only some hard interrupts are recorded; what follows says which.
  public static let interruptsChosen: StaticString = "wakepath: of the hard interrupts"
  /// Scheduling is recorded of the tasks of a name, which stands between these.
  public static let beforeTask: StaticString = "wakepath: of the tasks those called "
  public static let behindTask: StaticString = " are recorded"
}
