internal import SystemPackage

/// Why an experiment could not be made.
enum Failure: Error, CustomStringConvertible, Equatable {
  /// The system did something else than the experiment needs: one sentence.
  case unexpected(String)
  /// The kernel refused what the sentence says.
  case refused(String, Errno)

  init(_ sentence: String) { self = .unexpected(sentence) }

  /// `what` was refused because of `errno`.
  init(_ what: String, _ errno: Errno) { self = .refused(what, errno) }

  /// One sentence.
  var description: String {
    switch self {
    case .unexpected(let sentence): sentence
    case .refused(let what, let errno): "\(what) (\(errno))"
    }
  }

  /// What `body` answers, or a failure that says `what` could not be done.
  static func naming<T: ~Copyable>(_ what: String, _ body: () throws(Errno) -> T) throws(Failure) -> T {
    do throws(Errno) { return try body() } catch { throw Failure(what, error) }
  }
}
