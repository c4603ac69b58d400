#if canImport(Glibc)
  internal import Glibc
#endif

/// The environment of the process.
public enum Environment {
  /// The value of variable `name`, or nil.
  public static func value(_ name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
  }

  /// The number in variable `name`, or nil.
  public static func number(_ name: String) -> Int? { value(name).flatMap { Int($0) } }

  /// Whether variable `name` is there and not empty.
  public static func isSet(_ name: String) -> Bool { value(name)?.isEmpty == false }
}
