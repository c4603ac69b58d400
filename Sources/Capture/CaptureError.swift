internal import SystemPackage

/// Why the kernel cannot be recorded: one sentence that says what is missing and what to do about it.
public struct CaptureError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The sentence.
  public let description: String

  init(_ sentence: String) { description = sentence }

  /// `what` failed because of `errno`.
  init(_ what: String, _ errno: Errno) { description = "\(what): \(errno)" }
}
