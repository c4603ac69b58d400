internal import Linux

/// The environment of the process.
public enum Environment {
  /// The value of variable `name`, or nil.
  public static func value(_ name: String) -> String? { ThisProcess.variable(name) }

  /// As root, no longer knows what libraries take directories of code from; to be called before there are threads.
  public static func forgetUserDirectories() { ThisProcess.forgetUserDirectories() }

  /// The number in variable `name`, or nil.
  public static func number(_ name: String) -> Int? { value(name).flatMap { Int($0) } }

  /// Whether variable `name` is there and not empty.
  public static func isSet(_ name: String) -> Bool { value(name)?.isEmpty == false }
}
