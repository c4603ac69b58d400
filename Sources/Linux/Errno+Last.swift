#if canImport(Glibc)
  internal import Glibc
#endif
internal import SystemPackage

extension Errno {
  /// Why the last call of this thread failed that did.
  static var last: Errno { Errno(rawValue: errno) }

  /// Throws what errno says if `status` is negative, as the C library marks failure.
  static func check(_ status: Int32) throws(Errno) {
    if status < 0 { throw last }
  }

  /// The descriptor `number`, or what errno says if it is negative.
  static func descriptor(_ number: Int32) throws(Errno) -> FileDescriptor {
    try check(number)
    return FileDescriptor(rawValue: number)
  }
}
