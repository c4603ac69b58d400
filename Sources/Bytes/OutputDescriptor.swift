#if canImport(Glibc)
  internal import Glibc
#endif
internal import Synchronization

/// A file descriptor that output goes to.
public struct OutputDescriptor: Sendable {
  private let number: Int32

  public static let standardOutput = OutputDescriptor(number: 1)
  public static let standardError = OutputDescriptor(number: 2)

  /// Whether it is a terminal.
  public var isTerminal: Bool { isatty(number) == 1 }

  private static let failed = Mutex<Int32>(0)

  /// Why something could not be written to standard output since this process began, in the system's words; nil where nothing failed, or only because
  /// the reader is gone, who has seen enough.
  public static var failure: String? {
    let number = failed.withLock { $0 }
    return number == 0 ? nil : unsafe String(cString: strerror(number))
  }

  /// Writes all of `bytes`; false if the other end is gone or the disk is full.
  public func write(_ bytes: [UInt8]) -> Bool {
    var written = 0
    while written < bytes.count {
      let step = unsafe bytes.withUnsafeBytes { buffer in
        unsafe Glibc.write(number, buffer.baseAddress.map { unsafe $0 + written }, buffer.count - written)
      }
      if step < 0 && errno == EINTR { continue }
      guard step > 0 else {
        let error = errno
        if step < 0, error != EPIPE, number == Self.standardOutput.number { Self.failed.withLock { $0 = error } }
        return false
      }
      written += step
    }
    return true
  }
}
