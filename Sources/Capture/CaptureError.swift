internal import SystemPackage

/// Why the kernel cannot be recorded: one sentence that says what is missing and what to do about it.
public struct CaptureError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What is at fault, for whoever acts on it.
  public enum Cause: Equatable, Sendable {
    /// This user may not.
    case rights
    /// The kernel does not have it, or does not allow it.
    case kernel
    /// The recording cannot be kept where it should be.
    case output
    /// The command to be recorded is not there (127), or cannot be run (126): the exit status that env(1) gives.
    case command(status: Int32)
  }

  /// What is at fault.
  public let cause: Cause
  /// The sentence.
  public let description: String

  init(_ sentence: String, _ cause: Cause = .kernel) { (description, self.cause) = (sentence, cause) }

  /// `what` failed because of `errno`.
  init(_ what: String, _ errno: Errno, _ cause: Cause = .kernel) { (description, self.cause) = ("\(what): \(errno)", cause) }

  /// The same fault, and what else there is to say.
  func adding(_ sentences: [String]) -> CaptureError {
    sentences.isEmpty ? self : CaptureError(([description] + sentences).joined(separator: "; "), cause)
  }
}
