internal import CLinux
#if canImport(Glibc)
  internal import Glibc
#endif
public import SystemPackage

/// A directory that is held open: names are looked up in it whatever becomes of its path, and links are not followed. Others may write in it, too,
/// so that each name may be another's by the time it is used; what is made here is new, or not made.
public final class OpenDirectory: Sendable {
  private let owned: OwnedDescriptor

  /// Opens the directory at `path`, links followed: the user chose it.
  public init(_ path: String) throws(Errno) {
    owned = OwnedDescriptor(try Errno.descriptor(unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)))
  }

  private init(_ name: String, in parent: OpenDirectory) throws(Errno) {
    let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
    owned = OwnedDescriptor(try Errno.descriptor(unsafe openat(parent.file.rawValue, name, flags)))
  }

  /// Its descriptor; valid as long as this is.
  public var file: FileDescriptor { owned.file }

  /// A path that leads here for as long as this is open, for this process and what may look into it.
  public var lastingPath: String { "/proc/\(ThisProcess.id)/fd/\(file.rawValue)" }

  /// Opens the directory `name` in it.
  public func directory(_ name: String) throws(Errno) -> OpenDirectory { try OpenDirectory(name, in: self) }

  /// Makes the directory `name`, for its owner alone, and opens it. Who owns this one may put another in its place at once: what is opened is ours,
  /// closed to others and empty, or it is an error.
  public func makeDirectory(_ name: String) throws(Errno) -> OpenDirectory {
    try Errno.check(unsafe mkdirat(file.rawValue, name, 0o700))
    let made = try directory(name)
    let status = try FileStatus(made.file)
    guard status.owner == ThisProcess.user, made.names.isEmpty else { throw .notPermitted }
    try Errno.check(fchmod(made.file.rawValue, 0o700))
    return made
  }

  /// Makes the file `name` and opens it for reading and writing, for its owner alone; `fileExists` if there is anything of this name.
  public func create(_ name: String) throws(Errno) -> FileDescriptor {
    let made = try Errno.descriptor(unsafe openat(file.rawValue, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600))
    // Whatever the umask is.
    _ = fchmod(made.rawValue, 0o600)
    return made
  }

  /// Opens the file `name` for reading. It does not wait for the other end of a FIFO.
  public func open(_ name: String) throws(Errno) -> FileDescriptor {
    try Errno.descriptor(unsafe openat(file.rawValue, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC))
  }

  /// A new file without a name, which is gone when it is closed, however this process ends; the caller closes it.
  public func unnamedFile() throws(Errno) -> FileDescriptor {
    let unnamed = unsafe openat(file.rawValue, ".", wakepath_unnamed_file | O_RDWR | O_CLOEXEC, 0o600)
    if unnamed >= 0 { return FileDescriptor(rawValue: unnamed) }
    guard [.notSupported, .isDirectory, .invalidArgument].contains(Errno.last) else { throw Errno.last }
    let name = ".wakepath-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
    let named = try create(name)
    remove(name)
    return named
  }

  /// What is called `name`, itself if it is a link; nil if there is nothing.
  public func status(of name: String) -> FileStatus? { FileStatus(of: name, in: file) }

  /// The names in it but `.` and `..`, sorted; none where it cannot be read.
  public var names: [String] {
    let again = unsafe openat(file.rawValue, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard again >= 0, let stream = unsafe fdopendir(again) else { return [] }
    return unsafe Files.names(in: stream)
  }

  /// Gives the file `name` the name `new` in `directory`; what has that name is replaced, be it a link.
  public func rename(_ name: String, to new: String, in directory: OpenDirectory) throws(Errno) {
    try Errno.check(unsafe renameat(file.rawValue, name, directory.file.rawValue, new))
  }

  /// Removes the file `name`, or the link.
  public func remove(_ name: String) { _ = unsafe unlinkat(file.rawValue, name, 0) }

  /// Removes the empty directory `name` if it is still `directory`.
  public func removeDirectory(_ name: String, if directory: OpenDirectory) {
    guard let found = status(of: name), let held = try? FileStatus(directory.file), found.isSameFile(as: held) else { return }
    _ = unsafe unlinkat(file.rawValue, name, AT_REMOVEDIR)
  }

  /// Why no file can be made in it; nil if one can.
  public var refusal: Errno? { unsafe faccessat(file.rawValue, ".", W_OK, AT_EACCESS) == 0 ? nil : Errno.last }

  /// The bytes of its file system, and those that are left to whoever is not root; nil where the kernel does not say.
  public var space: (whole: Int, free: Int)? {
    var status = statvfs()
    guard unsafe fstatvfs(file.rawValue, &status) == 0 else { return nil }
    let unit = Int(clamping: status.f_frsize)
    return (Int(clamping: status.f_blocks).clampedProduct(unit), Int(clamping: status.f_bavail).clampedProduct(unit))
  }
}

extension Int {
  fileprivate func clampedProduct(_ other: Int) -> Int {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? .max : product
  }
}
