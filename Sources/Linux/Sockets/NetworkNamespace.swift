internal import CLinux
#if canImport(Glibc)
  internal import Glibc
#endif
public import SystemPackage

/// A network namespace, held by a descriptor: it goes when nothing uses it any more. Threads are in one each.
public struct NetworkNamespace: Sendable, Equatable {
  /// What others name it by (IFLA_NET_NS_FD).
  public let handle: SharedDescriptor

  /// `CLONE_NEWNET` (include/uapi/linux/sched.h).
  private static let kind: Int32 = 0x4000_0000

  /// Makes one and takes the calling thread into it.
  public init() throws(Errno) {
    try Errno.check(wakepath_unshare(Self.kind))
    handle = SharedDescriptor(try Files.open("/proc/thread-self/ns/net"))
  }

  /// Takes the calling thread into it.
  public func enter() throws(Errno) { try Self.enter(handle.file) }

  /// Takes the calling thread into the one that `file` stands for.
  static func enter(_ file: FileDescriptor) throws(Errno) { try Errno.check(wakepath_setns(file.rawValue, kind)) }
}
