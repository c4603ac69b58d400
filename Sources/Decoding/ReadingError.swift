internal import Bytes

/// Why an input cannot be read at all.
public struct ReadingError: Error, Sendable, CustomStringConvertible {
  /// What is at fault.
  public enum Kind: Sendable, Equatable {
    /// The system does not give its bytes.
    case unreadable
    /// It is nothing that we know.
    case notATrace
    /// We know what it is, and cannot read it; another program can make of it what we can.
    case unsupported
    /// It breaks the rules of its format where nothing can be read without.
    case damaged
    /// Nothing says what its events mean.
    case unexplained
    /// What was asked for is not in it.
    case absent
  }

  /// What is at fault.
  public let kind: Kind
  /// The file, as the user named it.
  public let path: String
  /// Where in the file, in bytes, if a place can be named.
  public let offset: Int?
  /// What is wrong and what to do about it.
  public let reason: String

  init(_ kind: Kind, path: String, offset: Int? = nil, _ reason: String) {
    self.kind = kind
    self.path = path
    self.offset = offset
    self.reason = reason
  }

  init(_ error: BytesError) {
    self.init(.unreadable, path: error.path, offset: error.offset, error.reason)
  }

  /// The file, the place and the reason in one line.
  public var description: String {
    offset.map { "\(path): at byte \($0): \(reason)" } ?? "\(path): \(reason)"
  }
}
