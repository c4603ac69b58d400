internal import Bytes

/// Why an input cannot be read at all.
public struct DecodingError: Error, Sendable, CustomStringConvertible {
  /// The file, as the user named it.
  public let path: String
  /// Where in the file, in bytes, if a place can be named.
  public let offset: Int?
  /// What is wrong and what to do about it.
  public let reason: String

  init(path: String, offset: Int? = nil, _ reason: String) {
    self.path = path
    self.offset = offset
    self.reason = reason
  }

  init(_ error: BytesError) {
    self.init(path: error.path, offset: error.offset, error.reason)
  }

  public var description: String {
    offset.map { "\(path): at byte \($0): \(reason)" } ?? "\(path): \(reason)"
  }
}
