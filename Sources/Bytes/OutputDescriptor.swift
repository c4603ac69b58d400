#if canImport(Glibc)
internal import Glibc
#endif

/// A file descriptor that output goes to.
public struct OutputDescriptor: Sendable {
  private let number: Int32

  public static let standardOutput = OutputDescriptor(number: 1)
  public static let standardError = OutputDescriptor(number: 2)

  /// Whether it is a terminal.
  public var isTerminal: Bool { isatty(number) == 1 }

  /// Writes all of `bytes`; false if the other end is gone or the disk is full.
  public func write(_ bytes: [UInt8]) -> Bool {
    var written = 0
    while written < bytes.count {
      let step = unsafe bytes.withUnsafeBytes { buffer in
        unsafe Glibc.write(number, buffer.baseAddress.map { unsafe $0 + written }, buffer.count - written)
      }
      if step < 0 && errno == EINTR { continue }
      guard step > 0 else { return false }
      written += step
    }
    return true
  }
}
