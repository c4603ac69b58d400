/// Why a description of the kernel's types cannot be read: which file, at which byte offset, and what is wrong.
public struct LayoutError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file, as the user named it, with the section of an ELF file behind it.
  public var path: String
  /// Where in the file or section, in bytes; nil if the whole of it is meant.
  public var offset: Int?
  /// What is wrong, without the place.
  public var reason: String

  init(_ path: String, at offset: Int? = nil, _ reason: String) {
    self.path = path
    self.offset = offset
    self.reason = reason
  }

  public var description: String {
    offset.map { "\(path): at byte \($0): \(reason)" } ?? "\(path): \(reason)"
  }
}
