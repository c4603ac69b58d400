internal import SystemPackage

/// Why an experiment could not be made: one sentence.
struct Failure: Error, CustomStringConvertible, Equatable {
  let description: String

  init(_ sentence: String) { description = sentence }

  /// `what` was refused because of `errno`.
  init(_ what: String, _ errno: Errno) { description = "\(what) (\(errno))" }

  /// What `body` answers, or a failure that says `what` could not be done.
  static func naming<T>(_ what: String, _ body: () throws(Errno) -> T) throws(Failure) -> T {
    do throws(Errno) { return try body() } catch { throw Failure(what, error) }
  }
}
