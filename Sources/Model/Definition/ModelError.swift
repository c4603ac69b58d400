/// What is wrong in a model's file, and where: printed as `FILE:LINE: sentence`.
public struct ModelError: Error, CustomStringConvertible, Equatable {
  /// The file, as the user named it.
  public let file: String
  /// The line, from 1.
  public let line: Int
  /// What is wrong, without a full stop.
  public let sentence: String

  /// `FILE:LINE: sentence`.
  public var description: String { "\(file):\(line): \(sentence)" }
}
