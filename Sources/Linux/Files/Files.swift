#if canImport(Glibc)
  internal import Glibc
#endif
public import SystemPackage

/// Files by path: for those of the kernel (procfs, sysfs, tracefs) and those that the user names. Where others may write, use `OpenDirectory`.
public enum Files {
  /// The content of the file at `path`, whose size need not be known before.
  public static func contents(of path: String) throws(Errno) -> [UInt8] {
    let file = OwnedDescriptor(try open(path))
    return try file.file.rest()
  }

  /// The same as text; what is not UTF-8 in it is replaced.
  public static func text(of path: String) throws(Errno) -> String { String(decoding: try contents(of: path), as: UTF8.self) }

  /// Opens the file at `path` for reading; the caller closes it.
  public static func open(_ path: String) throws(Errno) -> FileDescriptor { try Errno.descriptor(unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)) }

  /// Writes `text` to one of the kernel's files, which must be there.
  public static func write(_ text: String, to path: String, appending: Bool = false) throws(Errno) {
    let file = OwnedDescriptor(try Errno.descriptor(unsafe Glibc.open(path, O_WRONLY | O_CLOEXEC | (appending ? O_APPEND : O_TRUNC))))
    try file.file.put(Array(text.utf8))
  }

  /// Makes the file at `path` hold `text`, for its owner alone where it is new; a link is not followed. For directories that nobody else writes in.
  public static func put(_ text: String, at path: String) throws(Errno) {
    let flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC
    let file = OwnedDescriptor(try Errno.descriptor(unsafe Glibc.open(path, flags, 0o600)))
    try file.file.put(Array(text.utf8))
  }

  /// The names in the directory at `path` but `.` and `..`, sorted.
  public static func names(in path: String) throws(Errno) -> [String] {
    guard let stream = unsafe opendir(path) else { throw Errno.last }
    return unsafe names(in: stream)
  }

  /// The same of an open directory stream, which it closes.
  static func names(in stream: OpaquePointer) -> [String] {
    defer { unsafe _ = closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Whether there is something at `path`, links followed.
  public static func exists(_ path: String) -> Bool { FileStatus(of: path) != nil }

  /// The path with links followed; nil if it leads nowhere.
  public static func resolved(_ path: String) -> String? {
    guard let resolved = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }

  /// What the link at `path` says, which need not be a path; nil if there is no link.
  public static func linkTarget(_ path: String) -> String? {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let length = unsafe buffer.withUnsafeMutableBytes { buffer in
      unsafe buffer.baseAddress.map { unsafe readlink(path, $0, Int(PATH_MAX)) } ?? -1
    }
    return length < 0 ? nil : String(decoding: buffer[..<length], as: UTF8.self)
  }

  /// Why `path` may not be written; nil if it may.
  public static func mayWrite(_ path: String) -> Errno? { unsafe access(path, W_OK) == 0 ? nil : Errno.last }

  /// Whether this process may run the file at `path`.
  static func mayExecute(_ path: String) -> Bool { unsafe access(path, X_OK) == 0 && FileStatus(of: path)?.kind == .regular }

  /// Removes the file at `path`, or the link.
  public static func remove(_ path: String) { _ = unsafe unlink(path) }

  /// Removes the empty directory at `path`, or a tracing instance.
  public static func removeDirectory(_ path: String) throws(Errno) { try Errno.check(unsafe rmdir(path)) }

  /// Makes a directory for its owner alone.
  public static func makeDirectory(_ path: String) throws(Errno) { try Errno.check(unsafe mkdir(path, 0o700)) }

  /// A new file in the directory at `path` without a name, which is gone when it is closed, however this process ends.
  public static func unnamedFile(in path: String) throws(Errno) -> FileDescriptor { try OpenDirectory(path).unnamedFile() }
}
