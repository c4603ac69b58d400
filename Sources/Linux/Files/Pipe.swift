internal import CLinux
#if canImport(Glibc)
  internal import Glibc
#endif
public import SystemPackage

/// Both ends of a pipe that commands do not inherit; whoever makes it closes them.
public struct Pipe: Sendable {
  public let readEnd: FileDescriptor
  public let writeEnd: FileDescriptor

  /// With `nonBlocking`, neither end waits.
  public init(nonBlocking: Bool = false) throws(Errno) {
    var ends: [Int32] = [-1, -1]
    try Errno.check(unsafe wakepath_pipe(&ends, nonBlocking ? O_NONBLOCK : 0))
    (readEnd, writeEnd) = (FileDescriptor(rawValue: ends[0]), FileDescriptor(rawValue: ends[1]))
  }

  /// Lets it hold up to `bytes`, or what the kernel allows.
  public func enlarge(to bytes: Int32) { _ = fcntl(writeEnd.rawValue, F_SETPIPE_SZ, bytes) }

  /// Closes both ends.
  public func close() {
    try? readEnd.close()
    try? writeEnd.close()
  }
}
