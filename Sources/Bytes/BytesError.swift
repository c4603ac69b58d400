/// Why bytes could not be had: which file, at which byte offset, and what is wrong.
public struct BytesError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file, as the user named it.
  public var path: String
  /// Where in the file, in bytes; nil if the whole file is meant.
  public var offset: Int?
  /// What is wrong, without the place.
  public var reason: String

  public init(path: String, offset: Int? = nil, reason: String) {
    self.path = path
    self.offset = offset
    self.reason = reason
  }

  public var description: String {
    offset.map { "\(path): at byte \($0): \(reason)" } ?? "\(path): \(reason)"
  }
}
